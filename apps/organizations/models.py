import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node

from apps.common.ids import uuid7
from apps.common.models import BaseModel
from apps.organizations.enums import InvitationStatus, MemberStatus
from apps.roles.models import Role


class Organization(MP_Node, BaseModel):  # type: ignore[django-manager-missing]
    """A division, branch or team; the root is the tenant itself.

    A materialized path: what is below an organization starts with its path, which SQL can filter by.
    """

    name = models.CharField(_("name"), max_length=100)

    class Meta:
        ordering = ("path",)

    def __str__(self) -> str:
        return self.name


class Member(BaseModel):
    """A person in this tenant. E-mail and name are copies, so that the schema stands on its own."""

    person_id = models.UUIDField(_("person"), unique=True)
    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=150)
    status = models.CharField(
        _("status"), max_length=12, choices=MemberStatus, default=MemberStatus.ACTIVE
    )
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="members",
        verbose_name=_("organization"),
    )

    class Meta:
        indexes = [models.Index(Lower("email"), name="member_email")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_active(self) -> bool:
        return self.status == MemberStatus.ACTIVE


class RoleBinding(BaseModel):
    """A member holds a role at an organization, and so at everything below it."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="bindings")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="bindings")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="bindings"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "role", "organization"], name="role_binding_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id} of {self.member_id} at {self.organization_id}"


class Invitation(BaseModel):
    """An invitation by e-mail. Its token is signed, not stored; `nonce` makes older tokens void."""

    email = models.EmailField(_("e-mail address"))
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations"
    )
    role_ids: "models.Field[list[uuid.UUID], list[uuid.UUID]]" = ArrayField(
        models.UUIDField(), verbose_name=_("roles")
    )
    invited_by = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, related_name="invitations_sent"
    )
    nonce = models.UUIDField(default=uuid7, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    member = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="invitations"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.email}"

    @property
    def status(self) -> InvitationStatus:
        return self.status_at(timezone.now())

    def status_at(self, now: datetime) -> InvitationStatus:
        if self.accepted_at:
            return InvitationStatus.ACCEPTED
        if self.revoked_at:
            return InvitationStatus.REVOKED
        return InvitationStatus.EXPIRED if self.expires_at <= now else InvitationStatus.PENDING


class GroupRole(BaseModel):
    """Who is in a group at the tenant's identity provider holds a role at an organization.

    The provider decides about the roles that are named here: they are given and taken at each sign-in by it.
    """

    group = models.CharField(_("group"), max_length=120)
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="provider_groups")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="provider_groups"
    )

    class Meta:
        ordering = ("group", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["group", "role", "organization"], name="group_role_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id} for {self.group}"
