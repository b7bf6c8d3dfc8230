"""Replaying, discarding, counting and pruning; by service and by command."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.billing import endpoints
from apps.billing.inbox import operating
from apps.billing.inbox.processing import lane_process
from apps.billing.inbox.registry import StripeChange
from apps.billing.models import StripeEvent
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from tests.billing.stripe_double import StripeDouble
from tests.billing.support import deliver, event, state_of
from tests.conftest import SYSTEM, World

pytestmark = pytest.mark.django_db


def stored(number: int = 1, **fields: Any) -> StripeEvent:
    return StripeEvent.objects.create(
        **{
            "stripe_id": f"evt_{number}",
            "type": "payout.paid",
            "is_live": False,
            "occurred_at": timezone.now(),
            "lane": f"po_{number}",
            "payload": json.dumps({"id": f"evt_{number}", "data": {"object": {"id": "po_1"}}}),
            **fields,
        }
    )


def published(name: str) -> list[dict[str, Any]]:
    found = OutboxEvent.objects.filter(name=name, tenant_id=None).order_by("position")
    return [one.payload for one in found]


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("billing", "webhooks", *arguments, stdout=out)
    return out.getvalue()


def test_a_replay_has_the_effect_once_more(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    told = event("payout.paid", {"id": "po_1", "object": "payout"})
    deliver(told)
    lane_process("po_1")
    found = operating.stripe_event_for(SYSTEM, told["id"])
    operating.stripe_event_replay(actor=SYSTEM, event_id=found.id)
    assert state_of(told) == "pending"
    assert lane_process("po_1") == 1
    assert [change.event_id for change in heard] == [told["id"]] * 2
    found.refresh_from_db()
    assert (found.attempts, found.note) == (1, f"{SYSTEM.label}: replayed")
    assert published("billing.stripe_event_replayed") == [
        {"stripe_event_id": str(found.id), "stripe_id": told["id"], "from_state": "done"}
    ]


def test_what_is_pending_is_not_replayed() -> None:
    with pytest.raises(Conflict):
        operating.stripe_event_replay(actor=SYSTEM, event_id=stored().id)
    assert published("billing.stripe_event_replayed") == []


def test_all_that_failed() -> None:
    failed = [stored(number, state="dead", attempts=10) for number in (1, 2)]
    others = [stored(3, state="done"), stored(4, state="discarded"), stored(5)]
    assert operating.stripe_events_replay(actor=SYSTEM) == 2
    for one in failed:
        one.refresh_from_db()
        assert (one.state, one.attempts) == ("pending", 0)
    for one in others:
        before = one.state
        one.refresh_from_db()
        assert one.state == before
    assert len(published("billing.stripe_event_replayed")) == 2


def test_discarding_needs_a_reason_and_something_to_discard() -> None:
    one = stored(state="dead")
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(InvalidInput):
            operating.stripe_event_discard(actor=SYSTEM, event_id=one.id, reason=reason)
    operating.stripe_event_discard(actor=SYSTEM, event_id=one.id, reason=" a test of ours ")
    one.refresh_from_db()
    assert (one.state, one.note) == ("discarded", f"{SYSTEM.label}: a test of ours")
    assert published("billing.stripe_event_discarded") == [
        {"stripe_event_id": str(one.id), "stripe_id": "evt_1", "reason": "a test of ours"}
    ]
    with pytest.raises(Conflict):
        operating.stripe_event_discard(actor=SYSTEM, event_id=one.id, reason="again")


def test_who_is_not_of_the_platform_may_nothing(world: World) -> None:
    one = stored(state="dead")
    with tenant_context(world.acme):
        owner = actor_for(world.alice)
    for act in (
        lambda: operating.stripe_events_for(owner),
        lambda: operating.stripe_event_for(owner, one.id),
        lambda: operating.inbox_figures(owner),
        lambda: operating.stripe_event_replay(actor=owner, event_id=one.id),
        lambda: operating.stripe_events_replay(actor=owner),
        lambda: operating.stripe_event_discard(actor=owner, event_id=one.id, reason="x"),
        lambda: operating.stripe_events_prune(actor=owner),
        lambda: endpoints.stripe_endpoint_set(actor=owner),
    ):
        with pytest.raises(PermissionDenied):
            act()
    one.refresh_from_db()
    assert one.state == "dead"


def test_what_does_not_exist() -> None:
    one = stored()
    StripeEvent.objects.all().delete()
    with pytest.raises(NotFound):
        operating.stripe_event_replay(actor=SYSTEM, event_id=one.id)
    with pytest.raises(NotFound):
        operating.stripe_event_for(SYSTEM, "evt_1")


def test_figures(django_assert_num_queries: Any) -> None:
    now = timezone.now()
    old = now - timedelta(days=2)
    stored(1, received_at=old)
    stored(2, received_at=old, state="dead")
    stored(3, received_at=old, state="done", processed_at=old)
    for number in range(4, 9):
        stored(number, state="done", processed_at=now)
    with django_assert_num_queries(1):
        found = operating.inbox_figures(SYSTEM)
    assert found == {
        "pending": 1,
        "done": 5,
        "dead": 1,
        "discarded": 0,
        "oldest_pending_at": old,
        "received": 1.0,
        "processed": 1.0,
    }


def test_pruning(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STRIPE_EVENT_KEEP_DAYS = 7
    monkeypatch.setattr(operating, "PRUNE_BATCH", 2)
    old = timezone.now() - timedelta(days=7, minutes=1)
    for number, state in enumerate(["done"] * 5 + ["discarded", "dead", "pending"]):
        stored(number, state=state, received_at=old)
    stored(99, state="done")
    assert operating.stripe_events_prune(actor=SYSTEM) == 6
    left = StripeEvent.objects.order_by("id").values_list("stripe_id", flat=True)
    assert list(left) == ["evt_6", "evt_7", "evt_99"]


def test_command_list() -> None:
    stored(1, state="dead", customer_id="cus_1")
    stored(2, type="invoice.paid", customer_id="cus_2")
    assert "evt_1" in command("list")
    assert command("list").endswith(" 1 failed.\n")
    assert "evt_1" not in command("list", "--type", "invoice.paid")
    assert "evt_2" not in command("list", "--customer", "cus_1")
    assert "evt_2" not in command("list", "--state", "dead")
    found = json.loads(command("list", "--limit", "1", "--json"))
    assert [one["id"] for one in found["events"]] == ["evt_2"]
    assert (found["counts"]["dead"], found["counts"]["pending"]) == (1, 1)


def test_command_show() -> None:
    stored(1, state="dead", last_error="ValueError: no")
    assert "ValueError: no" in command("show", "evt_1")
    found = json.loads(command("show", "evt_1", "--json"))
    assert (found["payload"]["id"], found["last_error"]) == ("evt_1", "ValueError: no")
    with pytest.raises(CommandError):
        command("show", "evt_9")


def test_command_replay() -> None:
    stored(1, state="done")
    stored(2, state="dead", type="invoice.paid")
    stored(3, state="dead")
    for wrong in ([], ["evt_1", "--failed"], ["evt_1", "--type", "x"], ["evt_9"]):
        with pytest.raises(CommandError):
            command("replay", *wrong)
    assert published("billing.stripe_event_replayed") == []
    assert command("replay", "evt_1").startswith("1 replayed")
    assert command("replay", "--failed", "--type", "invoice.paid").startswith("1 replayed")
    assert json.loads(command("replay", "--failed", "--json")) == {"replayed": 1}
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {"pending"}


def test_command_discard() -> None:
    stored(1, state="dead")
    with pytest.raises(CommandError):
        command("discard", "evt_1")
    assert command("discard", "evt_1", "--reason", "ours") == "evt_1 is discarded.\n"
    assert StripeEvent.objects.get().note == "system:command: ours"


def test_events_that_are_wanted() -> None:
    wanted = endpoints.events_wanted()
    assert {"customer.subscription.updated", "invoice.paid", "checkout.session.completed"} <= set(
        wanted
    )
    assert not [one for one in wanted if one.startswith(("customer.source.", "payout.", "issuing"))]
