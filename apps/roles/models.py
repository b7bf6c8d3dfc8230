from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import permissions
from apps.common.models import BaseModel
from apps.roles.enums import ApiKeyState

OWNER = "owner"
# So long before its end a key is said to expire soon, and that is announced.
EXPIRES_SOON = timedelta(days=7)


class Role(BaseModel):
    """A named set of permissions. What a system role allows is declared in code, not in this row."""

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)
    is_system = models.BooleanField(_("system role"), default=False)
    permissions: "models.Field[list[str], list[str]]" = ArrayField(
        models.CharField(max_length=80), default=list, blank=True, verbose_name=_("permissions")
    )

    class Meta:
        ordering = ("-is_system", "name")

    def __str__(self) -> str:
        return self.name


def role_permissions(code: str, is_system: bool, stored: list[str]) -> frozenset[str]:
    """What a role allows now; codes that are no longer declared allow nothing."""
    declared = permissions()
    if not is_system:
        return frozenset(stored) & declared.keys()
    if code == OWNER:
        return frozenset(declared)
    return frozenset(p.code for p in declared.values() if code in p.system_roles)


class ApiKey(BaseModel):
    """A program's way into the API of this workspace, and of no other. It belongs to the workspace.

    Of its text only the SHA-256 is kept; in copies and archives of the workspace not even that.
    """

    name = models.CharField(_("name"), max_length=80)
    hint = models.CharField(_("key"), max_length=16)
    # NULL where there is none: many can have that.
    digest = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001
    # The text of before a rotation, which is good beside the new one for a while.
    previous_digest = models.CharField(  # noqa: DJ001
        max_length=64, unique=True, null=True, editable=False
    )
    previous_hint = models.CharField(_("previous key"), max_length=16, blank=True)
    previous_until = models.DateTimeField(_("previous key good until"), null=True, blank=True)
    rotated_at = models.DateTimeField(_("rotated"), null=True, blank=True)
    permissions: "models.Field[list[str], list[str]]" = ArrayField(
        models.CharField(max_length=80), default=list, verbose_name=_("permissions")
    )
    # No foreign key: organizations are the app above. NULL: the whole workspace.
    organization_id = models.UUIDField(_("organization"), null=True, blank=True)
    networks: "models.Field[list[str], list[str]]" = ArrayField(
        models.CharField(max_length=43), default=list, blank=True, verbose_name=_("networks")
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    expiry_announced_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.CharField(_("created by"), max_length=254)
    created_by_member_id = models.UUIDField(null=True, editable=False)
    created_by_person_id = models.UUIDField(null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    last_used_ip = models.GenericIPAddressField(_("last used from"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=Q(revoked_at__isnull=True), name="api_key_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> ApiKeyState:
        return self.state_at(timezone.now())

    def state_at(self, now: datetime) -> ApiKeyState:
        if self.revoked_at is not None:
            return ApiKeyState.REVOKED
        if self.expires_at is None or self.expires_at > now + EXPIRES_SOON:
            return ApiKeyState.ACTIVE
        return ApiKeyState.EXPIRING if self.expires_at > now else ApiKeyState.EXPIRED

    @property
    def is_overlapping(self) -> bool:
        """Whether the text of before the rotation is good too."""
        return self.previous_until is not None and self.previous_until > timezone.now()

    @property
    def held(self) -> frozenset[str]:
        """What it allows now; codes that are no longer declared, or no longer for keys, allow nothing."""
        declared = permissions()
        return frozenset(c for c in self.permissions if c in declared and declared[c].for_keys)
