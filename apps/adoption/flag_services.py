"""Writes on flags, for staff."""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.adoption.enums import FlagMode
from apps.adoption.events import FlagChanged
from apps.adoption.flag_rules import RULES, Reach, reach_of, rule_of
from apps.adoption.models import FlagRule
from apps.adoption.surveys import SCOPE
from apps.common import flags
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import InvalidInput, NotFound
from apps.common.flags import Flag, Mode, Rule
from apps.events.services import publish
from apps.tenants.models import Tenant

MAX_REASON_CHARS = 500
# All are read at once by every process.
MAX_TENANTS = 500


def flag_preview(
    actor: Actor, *, code: str, mode: str, percent: int = 0, plans: Sequence[str] = ()
) -> Reach:
    """Whom a decision would reach, besides the tenants that are named. Raises as `flag_set` does."""
    require_platform(actor)
    flag = _flag(code)
    row = FlagRule.objects.filter(code=code).first()
    before = rule_of(row) if row is not None else Rule()
    _validate(mode, percent)
    after = Rule(Mode(mode), percent, frozenset(plans), before.on, before.off)
    return reach_of(flag, before, after)


@transaction.atomic
def flag_set(
    *,
    actor: Actor,
    code: str,
    mode: str,
    percent: int = 0,
    plans: Sequence[str] = (),
    reason: str,
) -> FlagRule:
    """Decide for whom it is on from now on, in every process within a second.

    percent: of tenants or people, as declared, besides those with the plans (their codes); of the mode
    targeted only. Locks the row. Publishes adoption.flag_changed.
    Raises PermissionDenied, NotFound (no app declares it), InvalidInput.
    """
    require_platform(actor)
    _flag(code)
    _validate(mode, percent)
    row = _locked(code)
    is_targeted = mode == FlagMode.TARGETED
    row.mode, row.percent = mode, percent if is_targeted else 0
    row.plans = sorted(set(plans)) if is_targeted else []
    return _changed(actor, row, reason, None)


@transaction.atomic
def flag_tenant_set(
    *, actor: Actor, code: str, tenant_id: uuid.UUID, is_on: bool | None, reason: str
) -> FlagRule:
    """Give one tenant a flag, or keep it from having it, whatever holds for the others; None: as the others.

    Locks the row. Publishes adoption.flag_changed. Raises PermissionDenied, NotFound, InvalidInput.
    """
    require_platform(actor)
    _flag(code)
    if is_on is not None and not Tenant.objects.filter(id=tenant_id).exists():
        raise NotFound(_("There is no such workspace."))
    row = _locked(code)
    row.on = [one for one in row.on if one != tenant_id]
    row.off = [one for one in row.off if one != tenant_id]
    if is_on is not None:
        (row.on if is_on else row.off).append(tenant_id)
    if len(row.on) + len(row.off) > MAX_TENANTS:
        raise InvalidInput.field(
            "tenant",
            _(
                "So many workspaces cannot be named. Sell it with a plan, or turn it on for a share."
            ),
        )
    return _changed(actor, row, reason, tenant_id)


@system_connection()
@transaction.atomic
def flags_forget_tenant(tenant_id: uuid.UUID) -> None:
    """Of one that is deleted. Can be repeated; tells nobody, as nothing changes for anybody."""
    rows = FlagRule.objects.select_for_update().order_by("id")
    for row in rows.filter(on__contains=[tenant_id]) | rows.filter(off__contains=[tenant_id]):
        row.on = [one for one in row.on if one != tenant_id]
        row.off = [one for one in row.off if one != tenant_id]
        row.save(update_fields=["on", "off", "updated_at"])
        RULES.invalidate(scope=SCOPE)


def _flag(code: str) -> Flag:
    found = flags.flags().get(code)
    if found is None:
        raise NotFound(_("No app declares such a flag."))
    return found


def _validate(mode: str, percent: int) -> None:
    if mode not in FlagMode.values:
        raise InvalidInput.field("mode", _("Choose one of those offered."))
    if not 0 <= percent <= 100:
        raise InvalidInput.field("percent", _("From 0 to 100."))


def _locked(code: str) -> FlagRule:
    FlagRule.objects.bulk_create(
        [FlagRule(code=code, mode=FlagMode.AS_DECLARED)], ignore_conflicts=True
    )
    return FlagRule.objects.select_for_update().get(code=code)


def _changed(actor: Actor, row: FlagRule, reason: str, tenant_id: uuid.UUID | None) -> FlagRule:
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why: others will ask."), "required")
    row.actor, row.reason = actor.label, reason.strip()[:MAX_REASON_CHARS]
    row.save()
    publish(
        FlagChanged(
            flag_id=row.id,
            code=row.code,
            mode=row.mode,
            percent=row.percent,
            plans=" ".join(row.plans),
            on=len(row.on),
            off=len(row.off),
            tenant_id=tenant_id,
            reason=row.reason,
        ),
        actor=actor,
        tenant_id=None,
    )
    RULES.invalidate(scope=SCOPE)
    transaction.on_commit(flags.forget)
    return row
