"""Reads of organizations' settings: what holds, and where it comes from."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from apps.common.access import allows
from apps.common.actors import Actor
from apps.organizations import permissions as p
from apps.organizations.models import Organization, OrganizationSetting
from apps.organizations.selectors_tree import ancestor_paths
from apps.organizations.setting_registry import Setting, SettingValue, organization_settings


class SettingSource(StrEnum):
    OWN = "own"
    INHERITED = "inherited"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """organization: which it comes from; None for a default, and where the actor may not see it."""

    setting: Setting
    value: SettingValue
    source: SettingSource
    organization: Organization | None = None

    @property
    def shown(self) -> str:
        return str(self.setting.shown(self.value))

    @property
    def is_own(self) -> bool:
        return self.source is SettingSource.OWN


def settings_for(actor: Actor, organization: Organization) -> list[EffectiveSetting]:
    """All settings as they hold at an organization that the actor may see. One statement."""
    rows = OrganizationSetting.objects.filter(
        organization__path__in=ancestor_paths(organization.path)
    ).select_related("organization")
    # The nearest wins: it is the last one from the root down.
    found = {row.code: row for row in rows.order_by("organization__path")}
    return [
        _effective(actor, setting, organization, found.get(setting.code))
        for setting in organization_settings().values()
    ]


def _effective(
    actor: Actor, setting: Setting, organization: Organization, row: OrganizationSetting | None
) -> EffectiveSetting:
    if row is None:
        return EffectiveSetting(setting, setting.default(), SettingSource.DEFAULT)
    if row.organization_id == organization.id:
        return EffectiveSetting(setting, row.value, SettingSource.OWN, row.organization)
    is_seen = allows(actor, p.VIEW_ORGANIZATION, row.organization)
    return EffectiveSetting(
        setting, row.value, SettingSource.INHERITED, row.organization if is_seen else None
    )


class SettingsOf:
    """What holds at any of the tenant's organizations, for services. One statement, when it is made."""

    def __init__(self, codes: Iterable[str]) -> None:
        rows = OrganizationSetting.objects.filter(code__in=codes)
        self._values = {
            (code, path): value
            for code, path, value in rows.values_list("code", "organization__path", "value")
        }

    def own(self, code: str, organization: Organization) -> SettingValue | None:
        """The value of the nearest organization that has one; None: the default holds."""
        for path in reversed(ancestor_paths(organization.path)):
            if (code, path) in self._values:
                return self._values[code, path]
        return None

    def value(self, code: str, organization: Organization) -> SettingValue:
        found = self.own(code, organization)
        return organization_settings()[code].default() if found is None else found
