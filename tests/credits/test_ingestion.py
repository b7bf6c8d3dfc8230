"""Batches of usage events: each once, each by itself, priced by its time."""

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.errors import InvalidInput, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.credits import operations
from apps.credits.enums import CapPeriod
from apps.credits.models import SpendingCap, Transaction, UsageDay, UsageEvent
from apps.credits.operations import Operation, Rate, Tier, register_operations
from apps.credits.services import account_freeze, ingestion, usage_events_prune, usage_ingest
from apps.credits.services.ingestion import Ingested
from apps.organizations.actors import actor_for
from apps.organizations.models import Member
from apps.organizations.selectors import root_organization
from apps.organizations.services import binding_create
from apps.roles.selectors import role_by_code
from tests.conftest import World
from tests.credits.support import (
    SUMMARIZE,
    SYSTEM,
    TRANSLATE,
    assert_sound,
    balance,
    branch,
    budget,
    grant,
    later,
)

pytestmark = [pytest.mark.django_db]


def event(id_: str, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    """quantity: of SUMMARIZE, 10 microcredits each."""
    made = {
        "id": id_,
        "operation": SUMMARIZE,
        "quantity": quantity,
        "occurred_at": timezone.now().isoformat(),
        **fields,
    }
    return {name: value for name, value in made.items() if value is not None}


def send(*events: object, actor: Actor = SYSTEM) -> Ingested:
    return usage_ingest(actor=actor, events=list(events))


def statuses(done: Ingested) -> list[str]:
    return [one.status.value for one in done.results]


def test_events_of_one_place_and_member_are_one_debit(inside: Any) -> None:
    grant(1_000)
    sales = branch(root_organization(), "Sales")
    bob = Member.objects.get(email="bob@acme.test")
    at = {"organization_id": str(sales.id)}
    done = send(
        event("1", 2, **at),
        event("2", 3, **at),
        event("3", None, amount_microcredits=7, **at),  # type: ignore[arg-type]
        event("4", 1, member_id=str(bob.id), **at),
        event("5", 1),
        event("6", None, amount_microcredits=9, operation=TRANSLATE),  # type: ignore[arg-type]
    )
    assert statuses(done) == ["accepted"] * 6
    assert [one.amount_microcredits for one in done.results] == [20, 30, 7, 10, 10, 9]
    assert done.amount_microcredits == 86
    debits = Transaction.objects.filter(kind="debit").order_by("-amount_microcredits", "member_id")
    found = [
        (d.amount_microcredits, d.organization_id, d.member_id, d.operation, d.details)
        for d in debits
    ]
    assert found[0] == (57, sales.id, None, SUMMARIZE, {"events": 3, "quantity": 5, "rates": [1]})
    assert found[3] == (9, None, None, TRANSLATE, {"events": 1})
    assert {row[2] for row in found[1:3]} == {None, bob.id}
    assert balance() == 914
    kept = UsageEvent.objects.get(event_id="3")
    assert kept.amount_microcredits == 7
    assert kept.transaction_id == debits[0].id
    assert sum(UsageDay.objects.values_list("used_microcredits", flat=True)) == 86
    assert_sound()


def test_an_event_counts_once(inside: Any) -> None:
    grant(1_000)
    one, two = event("1"), event("2")
    assert statuses(send(one)) == ["accepted"]
    again = send(one, two, {**one, "quantity": 2}, two, event("2", 9))
    assert statuses(again) == ["duplicate", "accepted", "conflict", "duplicate", "conflict"]
    assert again.amount_microcredits == 10
    assert statuses(send(one, two)) == ["duplicate", "duplicate"]
    assert statuses(send({**one, "operation": TRANSLATE})) == ["conflict"]
    assert (balance(), UsageEvent.objects.count()) == (980, 2)
    assert_sound()


NOW = datetime.now(UTC)
WRONG: list[tuple[object, str | None]] = [
    ("text", None),
    (7, None),
    ([], None),
    ({}, "id"),
    (event(""), "id"),
    (event("x" * 201), "id"),
    (event("a\x00b"), "id"),
    (event("a", id=5), "id"),
    (event("a", occurred_at="yesterday"), "occurred_at"),
    (event("a", occurred_at=None), "occurred_at"),
    (event("a", occurred_at=1_700_000_000), "occurred_at"),
    (event("a", occurred_at="2026-01-01T00:00:00"), "occurred_at"),
    (event("a", occurred_at="0001-01-01T00:00:00+23:59"), "occurred_at"),
    (event("a", occurred_at="9999-12-31T23:59:59-23:59"), "occurred_at"),
    (event("a", occurred_at=(NOW + timedelta(minutes=30)).isoformat()), "occurred_at"),
    (event("a", occurred_at=(NOW - timedelta(days=36)).isoformat()), "occurred_at"),
    (event("a", operation=None), "operation"),
    (event("a", operation=5), "operation"),
    (event("a", operation="tests.unknown"), "operation"),
    (event("a", quantity=None), None),
    (event("a", amount_microcredits=5), None),
    (event("a", 0), "quantity"),
    (event("a", -1), "quantity"),
    (event("a", quantity=1.0), "quantity"),
    (event("a", quantity="1"), "quantity"),
    (event("a", quantity=True), "quantity"),
    (event("a", quantity=10**13), "quantity"),
    (event("a", quantity=None, amount_microcredits=1.5), "amount_microcredits"),
    (event("a", quantity=None, amount_microcredits=True), "amount_microcredits"),
    (event("a", quantity=None, amount_microcredits=10**16), "amount_microcredits"),
    (event("a", organization_id="sales"), "organization_id"),
    (event("a", organization_id=5), "organization_id"),
    (event("a", organization_id=str(uuid.uuid4())), None),
    (event("a", member_id=str(uuid.uuid4())), "member_id"),
    (event("a", organisation_id=str(uuid.uuid4())), "organisation_id"),
]


@pytest.mark.parametrize(("sent", "attr"), WRONG)
def test_what_is_wrong_keeps_no_other_back(inside: Any, sent: object, attr: str | None) -> None:
    grant(1_000)
    done = send(event("before"), sent, event("after"))
    assert statuses(done) == ["accepted", "invalid", "accepted"]
    assert done.results[1].attr == attr
    assert done.results[1].code
    assert (balance(), UsageEvent.objects.count()) == (980, 2)
    assert_sound()


@pytest.mark.parametrize("count", [0, 1001])
def test_a_call_has_a_size(inside: Any, count: int) -> None:
    grant(1_000_000)
    with pytest.raises(InvalidInput):
        send(*(event(str(n)) for n in range(count)))
    assert not UsageEvent.objects.exists()


def test_what_there_is_not_enough_for_can_be_sent_again(inside: Any) -> None:
    grant(35)
    # One debit: as many of its events, in their order, as there is enough for.
    events = [event("1", 2), event("2", 3), event("3", 1), event("4", 1)]
    done = send(*events)
    assert statuses(done) == ["accepted", "insufficient", "accepted", "insufficient"]
    assert done.results[1].code == "insufficient_credits"
    assert (balance(), UsageEvent.objects.count()) == (5, 2)
    assert statuses(send(*events)) == ["duplicate", "insufficient", "duplicate", "insufficient"]
    grant(100)
    assert statuses(send(*events)) == ["duplicate", "accepted", "duplicate", "accepted"]
    assert balance() == 65
    assert_sound()


def test_a_refused_event_that_is_sent_twice_is_refused_twice(inside: Any) -> None:
    grant(5)
    one = event("1")
    assert statuses(send(one, one)) == ["insufficient", "insufficient"]
    assert not UsageEvent.objects.exists()


def test_several_members_share_what_is_left(inside: Any, world: World) -> None:
    grant(25)
    ids = [str(Member.objects.get(email=f"{name}@acme.test").id) for name in ("alice", "bob")]
    done = send(
        event("1", 1, member_id=ids[0]),
        event("2", 1, member_id=ids[1]),
        event("3", 1, member_id=ids[1]),
        event("4", 1),
    )
    assert sorted(statuses(done)) == ["accepted", "accepted", "insufficient", "insufficient"]
    assert balance() == 5
    assert_sound()


def test_caps_freezing_and_archived_organizations(inside: Any) -> None:
    one = grant(1_000)
    sales, old = branch(root_organization(), "Sales"), branch(root_organization(), "Old")
    of_sales = budget(sales, one, 300, is_hard=True)
    account_freeze(actor=SYSTEM, is_frozen=True, reason="Fraud", account_id=of_sales)
    type(old).objects.filter(id=old.id).update(archived_at=later(days=-1))
    bob = Member.objects.get(email="bob@acme.test")
    SpendingCap.objects.create(
        member_id=bob.id,
        amount_microcredits=15,
        period=CapPeriod.MONTH,
        period_start=later().date().replace(day=1),
    )
    done = send(
        event("frozen", organization_id=str(sales.id)),
        event("archived", organization_id=str(old.id)),
        event("capped", 2, member_id=str(bob.id)),
        event("fine"),
    )
    assert [(one.status.value, one.code) for one in done.results] == [
        ("insufficient", "account_frozen"),
        ("invalid", "not_found"),
        ("insufficient", "spending_cap_reached"),
        ("accepted", ""),
    ]
    assert list(UsageEvent.objects.values_list("event_id", flat=True)) == ["fine"]
    assert statuses(send(event("within", member_id=str(bob.id)))) == ["accepted"]
    assert_sound()


def test_what_happened_is_priced_by_the_rate_of_then_and_late_ones_are_marked(
    inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 10, 12, tzinfo=UTC)
    monkeypatch.setattr(ingestion.timezone, "now", lambda: now)
    monkeypatch.setattr(operations, "_operations", {})
    rates = (
        Rate(1, datetime(2026, 1, 1, tzinfo=UTC), (Tier(None, 10),)),
        Rate(2, datetime(2026, 11, 1, tzinfo=UTC), (Tier(None, 20),)),
    )
    register_operations([Operation(SUMMARIZE, "One", "A thing.", "things", rates)])
    one = grant(1_000)
    type(one).objects.update(effective_at=datetime(2026, 1, 1, tzinfo=UTC))
    done = send(
        event("now", occurred_at="2026-11-09T12:00:00Z"),
        event("late", occurred_at="2026-10-31T23:59:59Z"),
        event("later than it looks", occurred_at="2026-11-01T00:30:00+01:00"),
    )
    assert [one.amount_microcredits for one in done.results] == [20, 10, 10]
    found = Transaction.objects.filter(kind="debit").order_by("-id")
    assert {(d.amount_microcredits, d.details.get("late")) for d in found} == {
        (20, None),
        (20, "2026-10"),
    }
    assert all(d.created_at == now for d in found)
    day = UsageDay.objects.get()
    assert (str(day.day), day.used_microcredits) == ("2026-11-10", 40)
    assert_sound()


def test_who_may_spend_where(inside: Any, world: World) -> None:
    grant(1_000)
    sales = branch(root_organization(), "Sales")
    west = branch(sales, "West")
    bob = Member.objects.get(email="bob@acme.test")
    alice = Member.objects.get(email="alice@acme.test")
    bob.bindings.all().delete()
    with pytest.raises(PermissionDenied):
        send(event("1"), actor=actor_for(world.bob))
    binding_create(
        actor=SYSTEM,
        member_id=bob.id,
        role_id=role_by_code("member").id,
        organization_id=sales.id,
    )
    done = send(
        event("home"),
        event("sales", organization_id=str(sales.id)),
        event("west", organization_id=str(west.id)),
        event("root", organization_id=str(root_organization().id)),
        event("own", organization_id=str(sales.id), member_id=str(bob.id)),
        event("other", organization_id=str(sales.id), member_id=str(alice.id)),
        actor=actor_for(world.bob),
    )
    assert statuses(done) == ["invalid", "accepted", "accepted", "invalid", "accepted", "invalid"]
    assert set(Transaction.objects.filter(kind="debit").values_list("member_id", flat=True)) == {
        bob.id
    }
    assert_sound()


def test_another_tenant_knows_nothing_of_it(world: World) -> None:
    one = event("1")
    for tenant in (world.acme, world.globex):
        with tenant_context(tenant):
            grant(100)
            assert statuses(send(one)) == ["accepted"]
            assert balance() == 90


def test_a_thousand_events_cost_a_dozen_statements(
    inside: Any, django_assert_max_num_queries: Any
) -> None:
    grant(10_000_000)
    sales = branch(root_organization(), "Sales")
    bob = Member.objects.get(email="bob@acme.test")
    events = [
        event(
            str(n),
            organization_id=str(sales.id) if n % 2 else None,
            member_id=str(bob.id) if n % 3 else None,
            operation=TRANSLATE if n % 5 else SUMMARIZE,
        )
        for n in range(1000)
    ]
    # Savepoint, members, ids, two locks, four places.
    with django_assert_max_num_queries(11):
        done = send(*events)
    assert statuses(done) == ["accepted"] * 1000
    assert_sound()


def test_old_ones_are_forgotten_once_they_cannot_come_again(inside: Any) -> None:
    grant(1_000)
    send(event("1"), event("2"))
    UsageEvent.objects.filter(event_id="1").update(created_at=later(days=-35))
    assert usage_events_prune() == 0
    UsageEvent.objects.filter(event_id="1").update(created_at=later(days=-37))
    assert usage_events_prune() == 1
    assert UsageEvent.objects.get().event_id == "2"


@pytest.mark.django_db(transaction=True)
def test_the_same_batches_at_once_count_once(world: World) -> None:
    """Several threads send overlapping batches of two places, in different orders."""
    with tenant_context(world.acme):
        grant(1_000_000)
        root = root_organization()
        sales, west = branch(root, "Sales"), branch(root, "West")
    places = [None, str(sales.id), str(west.id)]
    events = [event(str(n), organization_id=places[n % 3]) for n in range(60)]
    answers: list[str] = []
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with tenant_context(world.acme):
                mine = events[number * 10 :] + events[: number * 10]
                for start in range(0, 60, 20):
                    part = mine[start : start + 20]
                    done = send(*(part if number % 2 else reversed(part)))
                    answers.extend(statuses(done))
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (answers.count("accepted"), answers.count("duplicate")) == (60, 180)
    with tenant_context(world.acme):
        assert balance() == 1_000_000 - 600
        assert_sound()
    connection.close()
