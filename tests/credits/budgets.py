"""What tests of budgets ask again and again."""

import uuid
from typing import Any

from apps.common.actors import Actor
from apps.credits.models import Account, Budget
from apps.credits.services import budget_set, budget_transfer
from apps.events.models import OutboxEvent
from apps.organizations.models import Organization
from tests.credits.support import SYSTEM


def set_(of: Organization, amount: int, actor: Actor = SYSTEM, **fields: Any) -> Budget:
    return budget_set(actor=actor, organization_id=of.id, amount_microcredits=amount, **fields)


def transfer(of: Organization, to: Organization, amount: int, key: str = "", **more: Any) -> Any:
    return budget_transfer(
        actor=more.pop("actor", SYSTEM),
        from_organization_id=of.id,
        to_organization_id=to.id,
        amount_microcredits=amount,
        idempotency_key=key or uuid.uuid4().hex,
    ).transaction


def left(of: Organization) -> int:
    return Account.objects.get(organization_id=of.id).balance_microcredits


def of_(one: Organization) -> Budget:
    return Budget.objects.get(organization_id=one.id)


def events(name: str) -> list[dict[str, Any]]:
    found = OutboxEvent.objects.filter(name=f"credits.{name}").order_by("id")
    return [one.payload for one in found]
