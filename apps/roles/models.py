from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import OWNER, expand, of_system_role, permissions
from apps.common.models import BaseModel
from apps.roles.enums import ApiKeyState

__all__ = ["OWNER", "ROLE_COLUMNS", "ApiKey", "Role", "RoleInclusion", "role_permissions"]

# So long before its end a key is said to expire soon, and that is announced.
EXPIRES_SOON = timedelta(days=7)


def _derived(label: str) -> "models.Field[list[str], list[str]]":
    return ArrayField(
        models.CharField(max_length=80), default=list, db_default=[], blank=True, verbose_name=label
    )


class Role(BaseModel):
    """A named set of permissions. What a system role allows is declared in code, not in this row.

    A custom role may include others, and allows what they allow. What comes from custom roles and which
    system roles are included, both at any depth, is kept in the row, so that who holds the role is known by
    one row: the services rewrite it whenever a role changes (apps/roles/services/graph.py).
    Codes stay stored when no app declares them any more; they allow nothing then.
    """

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)
    is_system = models.BooleanField(_("system role"), default=False)
    permissions: "models.Field[list[str], list[str]]" = ArrayField(
        models.CharField(max_length=80), default=list, blank=True, verbose_name=_("permissions")
    )
    inherited_permissions = _derived("permissions of included custom roles")
    inherited_system_roles = _derived("included system roles")

    class Meta:
        ordering = ("-is_system", "name")

    def __str__(self) -> str:
        return self.name

    @property
    def own(self) -> frozenset[str]:
        """What it was given itself, without what that implies."""
        if self.is_system:
            return of_system_role(self.code)
        return frozenset(self.permissions) & permissions().keys()

    @property
    def unknown(self) -> frozenset[str]:
        """Codes that it was given and that no app declares any more."""
        return frozenset(self.permissions) - permissions().keys()

    @property
    def effective(self) -> frozenset[str]:
        """All that it allows now: its own, those of the roles that it includes, and what they imply."""
        return role_permissions(
            self.code,
            self.is_system,
            self.permissions,
            self.inherited_permissions,
            self.inherited_system_roles,
        )


# The columns of a role that say what it allows, as the arguments of role_permissions.
ROLE_COLUMNS = (
    "code",
    "is_system",
    "permissions",
    "inherited_permissions",
    "inherited_system_roles",
)


def role_permissions(
    code: str,
    is_system: bool,
    stored: list[str],
    inherited: list[str],
    inherited_system_roles: list[str],
) -> frozenset[str]:
    """What a role allows now, by its ROLE_COLUMNS. No statement."""
    if is_system:
        return of_system_role(code)
    return expand(stored).union(
        expand(inherited), *(of_system_role(role) for role in inherited_system_roles)
    )


class RoleInclusion(BaseModel):
    """A custom role includes another role. Written by the services alone, which refuse cycles."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="inclusions")
    included = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="included_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "included"], name="role_inclusion_once"),
            models.CheckConstraint(
                condition=~Q(role=models.F("included")), name="role_inclusion_of_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id} includes {self.included_id}"


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
        """What it allows now, with what that implies.

        Codes that are no longer declared, or no longer for keys, allow nothing.
        """
        declared = permissions()
        return frozenset(c for c in expand(self.given) if declared[c].for_keys)

    @property
    def given(self) -> list[str]:
        """What it was given and still can have, in order."""
        declared = permissions()
        return sorted(c for c in self.permissions if c in declared and declared[c].for_keys)

    @property
    def unknown(self) -> frozenset[str]:
        """Codes that it was given and that no app declares any more."""
        return frozenset(self.permissions) - permissions().keys()
