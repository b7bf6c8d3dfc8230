import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node

from apps.common.ids import uuid7
from apps.common.models import BaseModel
from apps.organizations.enums import (
    BindingState,
    InvitationStatus,
    JoinRequestStatus,
    MemberStatus,
)
from apps.roles.models import Role


class Organization(MP_Node, BaseModel):  # type: ignore[django-manager-missing]
    """A division, branch or team; the root is the tenant itself.

    A materialized path: what is below an organization starts with its path, which SQL can filter by.
    archived_with: the id of the organization that was archived, and this one with it as it lay below, or
    its own. Restoring brings back what has the same.
    """

    name = models.CharField(_("name"), max_length=100)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    archived_with = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("path",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class OrganizationSetting(BaseModel):
    """What an organization has of its own for a declared setting; what lies below inherits it."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="settings"
    )
    code = models.CharField(_("setting"), max_length=100)
    value = models.JSONField(_("value"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "code"], name="organization_setting_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} of {self.organization_id}"


class Member(BaseModel):
    """A person in this tenant. E-mail and name are copies, so that the schema stands on its own.

    organization: the primary one; the further ones that they belong to are placements.
    """

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

    @property
    def further_organizations(self) -> list[Organization]:
        """Those besides the primary one; no statement where the placements are prefetched."""
        return [placement.organization for placement in self.placements.all()]


class Placement(BaseModel):
    """A member belongs to an organization besides the primary one. It gives no role."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="placements")
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="placements"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "organization"], name="placement_once"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.organization_id}"


class RoleBinding(BaseModel):
    """A member, or each member of a group, holds a role at an organization, and so at all below it.

    From `starts_at` on (NULL: at once), and until before `ends_at` (NULL: without end).
    """

    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, null=True, blank=True, related_name="bindings"
    )
    group = models.ForeignKey(
        "organizations.Group",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="bindings",
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="bindings")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="bindings"
    )
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    # When it was told of that it has begun, or ended, by itself.
    start_told_at = models.DateTimeField(null=True, blank=True, editable=False)
    end_told_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "role", "organization"], name="role_binding_once"
            ),
            models.UniqueConstraint(
                fields=["group", "role", "organization"], name="role_binding_group_once"
            ),
            models.CheckConstraint(
                condition=Q(member=None) ^ Q(group=None), name="role_binding_one_holder"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
                name="role_binding_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id} of {self.member_id or self.group_id} at {self.organization_id}"

    @property
    def state(self) -> BindingState:
        return self.state_at(timezone.now())

    def state_at(self, now: datetime) -> BindingState:
        if self.ends_at is not None and self.ends_at <= now:
            return BindingState.ENDED
        if self.starts_at is not None and self.starts_at > now:
            return BindingState.SCHEDULED
        return BindingState.ACTIVE


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


class DirectoryUser(BaseModel):
    """A user as the tenant's identity provider sees them by SCIM; its id is the SCIM id.

    Of a member, or, until they accept, of an invitation. user_name: the e-mail address in lower case.
    is_managed: the provider has written it; from then on the member's name and address come from there,
    and not from the person's own account, which SCIM never changes.
    """

    user_name = models.EmailField(_("user name"), unique=True)
    external_id = models.CharField(
        _("external id"), max_length=255, null=True, blank=True, unique=True
    )
    display_name = models.CharField(_("name"), max_length=150)
    given_name = models.CharField(_("given name"), max_length=150, blank=True)
    family_name = models.CharField(_("family name"), max_length=150, blank=True)
    is_managed = models.BooleanField(default=False)
    member = models.OneToOneField(
        Member, on_delete=models.CASCADE, null=True, blank=True, related_name="directory_user"
    )
    invitation = models.ForeignKey(
        Invitation, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return self.user_name

    @property
    def is_active(self) -> bool:
        """Whether they may enter, or, while they are invited, whether the invitation stands."""
        if self.member is not None:
            return self.member.is_active
        return self.invitation is not None and self.invitation.revoked_at is None


class Group(BaseModel):
    """Members who hold roles together. is_local: made and kept here, and not by the identity provider."""

    display_name = models.CharField(_("name"), max_length=255)
    external_id = models.CharField(
        _("external id"), max_length=255, null=True, blank=True, unique=True
    )
    is_local = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            # The provider cannot see those that are made here, so they don't stand in its way.
            models.UniqueConstraint(Lower("display_name"), F("is_local"), name="group_name_once"),
        ]

    def __str__(self) -> str:
        return self.display_name


class GroupMembership(BaseModel):
    """Of a directory's user, who may be no member yet, in a group of the directory; or of a member."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        DirectoryUser, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, null=True, blank=True, related_name="group_memberships"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "user"], name="group_membership_once"),
            models.UniqueConstraint(
                fields=["group", "member"], name="group_membership_member_once"
            ),
            models.CheckConstraint(
                condition=Q(user=None) ^ Q(member=None), name="group_membership_one_of"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id or self.member_id} in {self.group_id}"


class JoinRequest(BaseModel):
    """A person whose address is within a verified e-mail domain of the tenant asks to come in.

    E-mail and name are copies, as a member's are.
    """

    person_id = models.UUIDField(_("person"))
    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=150)
    status = models.CharField(
        _("status"), max_length=12, choices=JoinRequestStatus, default=JoinRequestStatus.PENDING
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="join_decisions"
    )
    member = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="join_requests"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person_id"], condition=Q(status="pending"), name="join_request_open_once"
            ),
            models.CheckConstraint(
                condition=Q(status="pending") ^ Q(decided_at__isnull=False),
                name="join_request_decided_has_time",
            ),
        ]
        indexes = [models.Index(fields=["person_id", "-id"], name="join_request_person")]

    def __str__(self) -> str:
        return f"request of {self.email}"

    @property
    def is_pending(self) -> bool:
        return self.status == JoinRequestStatus.PENDING


class ProviderGroupRole(BaseModel):
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
                fields=["group", "role", "organization"], name="provider_group_role_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id} for {self.group}"
