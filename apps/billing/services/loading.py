"""From the catalogue in code to the one in the database."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.billing.declarations import (
    AddOnDeclaration,
    PackDeclaration,
    PlanDeclaration,
    Terms,
    terms_validate,
)
from apps.billing.events import PlanChanged, PlanVersionChanged
from apps.billing.models import AddOn, Plan
from apps.billing.services.catalogue import (
    catalogue_locked,
    parts_make,
    terms_of,
    terms_sorted,
    version_make,
)
from apps.billing.services.packs import Change, pack_load, packs_validate, product_differences
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict
from apps.events.services import publish


@system_connection()
@transaction.atomic
def catalogue_load(
    *,
    actor: Actor,
    plans: Sequence[PlanDeclaration],
    add_ons: Sequence[AddOnDeclaration],
    packs: Sequence[PackDeclaration] = (),
    dry_run: bool = False,
) -> list[Change]:
    """Make the database sell what is declared, and say what was changed for that. Safe to repeat.

    Other terms than those on sale become a new version: who has a plan keeps theirs. Plans that are not
    declared stay as they are. Locks the catalogue. Publishes billing.plan_changed and
    plan_version_changed. Raises PermissionDenied, InvalidInput, Conflict (other terms of an add-on that
    tenants have).
    """
    require_platform(actor)
    catalogue_locked()
    changes: list[Change] = []
    for terms in (*(one.terms for one in plans), *(one.terms for one in add_ons)):
        terms_validate(terms)
    packs_validate(packs)
    if not dry_run:
        # One default at most, also between two of these.
        default = [one.code for one in plans if one.is_default]
        Plan.objects.filter(is_default=True).exclude(code__in=default).update(is_default=False)
    for position, declared in enumerate(plans):
        changes += _load_plan(actor, declared, position, dry_run)
    for position, added in enumerate(add_ons):
        changes += _load_add_on(actor, added, position, dry_run)
    for position, pack in enumerate(packs):
        changes += pack_load(actor, pack, position, dry_run)
    return changes


def _load_plan(
    actor: Actor, declared: PlanDeclaration, position: int, dry_run: bool
) -> list[Change]:
    plan = Plan.objects.filter(code=declared.code).first() or Plan(code=declared.code)
    wanted = {**_shown(declared, position), "is_default": declared.is_default}
    changes, change = product_differences(plan, wanted)
    if changes and not dry_run:
        plan.save()
        publish(
            PlanChanged(plan_id=plan.id, code=plan.code, change=change), actor=actor, tenant_id=None
        )
    sold = plan.versions.filter(published_at__isnull=False, retired_at=None).order_by("number")
    latest = None if plan._state.adding else sold.last()
    now = None
    if latest is not None:
        now = terms_of(latest.prices.all(), latest.planentitlements.all(), latest)
        if now == terms_sorted(declared.terms):
            return changes
    what = f"version {latest.number + 1} with other terms" if latest else "version 1"
    changes.append(Change(declared.code, _said(what, now, declared.terms)))
    if not dry_run:
        version = version_make(plan, declared.terms)
        version.published_at = timezone.now()
        version.save(update_fields=["published_at", "updated_at"])
        publish(
            PlanVersionChanged(
                plan_id=plan.id, code=plan.code, number=version.number, change="published"
            ),
            actor=actor,
            tenant_id=None,
        )
    return changes


def _load_add_on(
    actor: Actor, declared: AddOnDeclaration, position: int, dry_run: bool
) -> list[Change]:
    add_on = AddOn.objects.filter(code=declared.code).first() or AddOn(code=declared.code)
    is_new = add_on._state.adding
    changes, change = product_differences(add_on, _shown(declared, position))
    now = None
    if not is_new:
        now = terms_of(add_on.prices.all(), add_on.planentitlements.all(), None)
    if now != terms_sorted(declared.terms):
        if not is_new and add_on.tenants.exists():
            raise Conflict(
                f"Tenants have the add-on {add_on.code}: give the other terms another code.",
                code="add_on_in_use",
            )
        changes.append(Change(declared.code, _said("terms", now, declared.terms)))
    if changes and not dry_run:
        add_on.save()
        if now != terms_sorted(declared.terms):
            add_on.prices.all().delete()
            add_on.planentitlements.all().delete()
            parts_make(declared.terms, add_on=add_on)
        publish(
            PlanChanged(plan_id=add_on.id, code=add_on.code, change=change),
            actor=actor,
            tenant_id=None,
        )
    return changes


def _shown(declared: PlanDeclaration | AddOnDeclaration, position: int) -> dict[str, Any]:
    return {
        "name": declared.name,
        "description": declared.description,
        "is_public": declared.is_public,
        "position": position,
        "retired_at": None,
    }


def _said(what: str, now: Terms | None, wanted: Terms) -> str:
    """The terms that differ, shortly."""
    if now is None:
        return what
    parts = [
        f"{code}: {_number(now.entitlements.get(code))} → {_number(wanted.entitlements.get(code))}"
        for code in sorted({*now.entitlements, *wanted.entitlements})
        if now.entitlements.get(code) != wanted.entitlements.get(code)
    ]
    if now.prices != terms_sorted(wanted).prices:
        parts.append("prices")
    if now.trial_days != wanted.trial_days:
        parts.append(f"trial: {now.trial_days} → {wanted.trial_days} days")
    if now.credits_per_period_microcredits != wanted.credits_per_period_microcredits:
        parts.append("credits")
    if now.credits_rollover_microcredits != wanted.credits_rollover_microcredits:
        parts.append("credits that roll over")
    return f"{what} ({'; '.join(parts)})"


def _number(granted: Any) -> str:
    if granted is None:
        return "not said"
    number = "unlimited" if granted.value is None else f"{granted.value:,}"
    return f"{number} (soft)" if granted.is_soft else number
