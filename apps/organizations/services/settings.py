"""What an organization has of its own for a setting, and inherits again."""

import uuid

from django.db import transaction

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.events import SettingChanged
from apps.organizations.models import Organization, OrganizationSetting
from apps.organizations.selectors import organization_for
from apps.organizations.setting_registry import Setting, organization_settings
from apps.organizations.tree_lock import tree_kept


@transaction.atomic
def setting_set(
    *, actor: Actor, organization_id: uuid.UUID, code: str, value: object
) -> Organization:
    """Let a value hold at an organization and below it. Publishes setting_changed if it differs.

    Locks the organization. Raises PermissionDenied, NotFound (organization, setting), InvalidInput.
    """
    organization, setting = _locked(actor, organization_id, code)
    checked = setting.check(value)
    row = OrganizationSetting.objects.filter(organization=organization, code=code).first()
    if row is None:
        OrganizationSetting.objects.create(organization=organization, code=code, value=checked)
    elif row.value == checked:
        return organization
    else:
        row.value = checked
        row.save(update_fields=["value", "updated_at"])
    _publish(actor, organization, code, str(checked))
    return organization


@transaction.atomic
def setting_reset(*, actor: Actor, organization_id: uuid.UUID, code: str) -> Organization:
    """Let an organization inherit a setting again. Publishes setting_changed if it had a value.

    Locks the organization. Safe to repeat. Raises PermissionDenied, NotFound (organization, setting).
    """
    organization, _setting = _locked(actor, organization_id, code)
    deleted, _ = OrganizationSetting.objects.filter(organization=organization, code=code).delete()
    if deleted:
        _publish(actor, organization, code, "")
    return organization


def _locked(actor: Actor, organization_id: uuid.UUID, code: str) -> tuple[Organization, Setting]:
    actor = tree_kept(actor)
    organization = organization_for(actor, organization_id)
    authorize(actor, p.MANAGE_SETTINGS, organization)
    setting = organization_settings().get(code)
    if setting is None:
        raise NotFound
    Organization.objects.select_for_update(no_key=True).get(id=organization.id)
    return organization, setting


def _publish(actor: Actor, organization: Organization, code: str, value: str) -> None:
    publish(SettingChanged(organization_id=organization.id, setting=code, value=value), actor=actor)
