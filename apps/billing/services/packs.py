"""Packs of credits: from the catalogue in code to the one in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from apps.billing.declarations import PackDeclaration, pack_problem
from apps.billing.events import PlanChanged
from apps.billing.models import AddOn, CreditPack, PackPrice, Plan
from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.events.services import publish


@dataclass(frozen=True, slots=True)
class Change:
    """what: in words, for who decides whether to apply it."""

    code: str
    what: str


def packs_validate(packs: Sequence[PackDeclaration]) -> None:
    """Raises InvalidInput."""
    for pack in packs:
        if problem := pack_problem(pack):
            raise InvalidInput.field(*problem)


def pack_load(
    actor: Actor, declared: PackDeclaration, position: int, dry_run: bool
) -> list[Change]:
    """A part of catalogue_load. Other terms hold for who buys from now on. Publishes billing.plan_changed."""
    pack = CreditPack.objects.filter(code=declared.code).first() or CreditPack(code=declared.code)
    prices = {} if pack._state.adding else _prices(pack)
    wanted = {
        "name": declared.name,
        "description": declared.description,
        "is_public": declared.is_public,
        "position": position,
        "retired_at": None,
        "credits_microcredits": declared.credits_microcredits,
        "valid_days": declared.valid_days,
        "priority": declared.priority,
    }
    changes, change = product_differences(pack, wanted)
    differing = [
        currency
        for currency in sorted({*prices, *declared.prices})
        if declared.prices.get(currency)
        != (prices[currency].amount_minor if currency in prices else None)
    ]
    if differing and prices:
        changes.append(Change(declared.code, f"other prices: {', '.join(differing)}"))
    if not changes or dry_run:
        return changes
    pack.save()
    for currency in differing:
        if currency in prices:
            prices[currency].retired_at = timezone.now()
            prices[currency].save(update_fields=["retired_at", "updated_at"])
        if currency in declared.prices:
            PackPrice.objects.create(
                pack=pack, currency=currency, amount_minor=declared.prices[currency]
            )
    publish(
        PlanChanged(plan_id=pack.id, code=pack.code, change=change), actor=actor, tenant_id=None
    )
    return changes


def _prices(pack: CreditPack) -> dict[str, PackPrice]:
    return {one.currency: one for one in pack.prices.filter(retired_at=None)}


def product_differences(
    row: Plan | AddOn | CreditPack, wanted: dict[str, Any]
) -> tuple[list[Change], str]:
    """Set what differs; what that is, in words and for the event."""
    is_new = row._state.adding
    differing = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in differing:
        setattr(row, name, wanted[name])
    if is_new:
        return [Change(row.code, f"new: {row.name}")], "created"
    return [Change(row.code, f"another {name}") for name in differing], "updated"
