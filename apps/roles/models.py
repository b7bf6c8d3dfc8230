from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.access import permissions
from apps.common.models import BaseModel

OWNER = "owner"


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
