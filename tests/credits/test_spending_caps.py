"""Caps of what members spend in a period."""

import pytest

from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.credits.enums import CapPeriod
from apps.credits.errors import SpendingCapReached
from apps.credits.models import SpendingCap
from apps.credits.selectors_budgets import cap_lines
from apps.credits.services import (
    hold_capture,
    hold_release,
    spending_cap_remove,
    spending_cap_set,
)
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, RoleBinding
from apps.organizations.services import binding_create
from apps.roles.models import Role
from tests.conftest import World
from tests.credits.conftest import Tree
from tests.credits.support import SYSTEM, assert_sound, debit, grant, hold, later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def cap(member: Member, amount: int, **fields: object) -> SpendingCap:
    return spending_cap_set(
        actor=SYSTEM,
        member_id=member.id,
        amount_microcredits=amount,
        **fields,  # type: ignore[arg-type]
    )


def test_what_was_used_in_the_period_counts_from_the_beginning(bob_member: Member) -> None:
    grant(1000)
    debit(30, member_id=bob_member.id)
    debit(500)
    held = hold(20, member_id=bob_member.id).transaction_id
    hold_capture(actor=SYSTEM, hold_id=held, amount_microcredits=5, idempotency_key="c")
    made = cap(bob_member, 100)
    assert (made.spent_microcredits, made.period) == (50, CapPeriod.MONTH)
    with pytest.raises(SpendingCapReached):
        debit(51, member_id=bob_member.id)
    hold_release(actor=SYSTEM, hold_id=held, idempotency_key="r")
    debit(65, member_id=bob_member.id)
    made.refresh_from_db()
    assert made.spent_microcredits == 100
    assert_sound()


def test_another_amount_keeps_what_is_counted_and_another_period_counts_again(
    bob_member: Member,
) -> None:
    grant(1000)
    cap(bob_member, 100)
    debit(40, member_id=bob_member.id)
    changed = cap(bob_member, 60)
    assert (changed.amount_microcredits, changed.spent_microcredits) == (60, 40)
    changed = cap(bob_member, 60, period=CapPeriod.DAY)
    assert (changed.spent_microcredits, changed.period_start) == (40, later().date())
    # A period that is over does not count, also before anything is spent in the next.
    SpendingCap.objects.update(period_start=later(days=-1).date())
    (line,) = cap_lines(SYSTEM, [bob_member])
    assert (line.spent_microcredits, line.left_microcredits, line.percent) == (0, 60, 0)
    debit(60, member_id=bob_member.id)
    (line,) = cap_lines(SYSTEM, [bob_member])
    assert (line.spent_microcredits, line.left_microcredits, line.percent) == (60, 0, 100)


def test_each_change_is_told_once(bob_member: Member) -> None:
    cap(bob_member, 100)
    cap(bob_member, 100)
    cap(bob_member, 50, period=CapPeriod.QUARTER)
    spending_cap_remove(actor=SYSTEM, member_id=bob_member.id)
    with pytest.raises(NotFound):
        spending_cap_remove(actor=SYSTEM, member_id=bob_member.id)
    found = OutboxEvent.objects.filter(name="credits.spending_cap_changed").order_by("id")
    assert [
        (
            one.payload["from_amount_microcredits"],
            one.payload["to_amount_microcredits"],
            one.payload["from_period"],
            one.payload["to_period"],
        )
        for one in found
    ] == [
        (None, 100, None, "month"),
        (100, 50, "month", "quarter"),
        (50, None, "quarter", None),
    ]
    assert not SpendingCap.objects.exists()


def test_a_cap_of_nothing_lets_nothing_be_spent(bob_member: Member) -> None:
    grant(1000)
    cap(bob_member, 0)
    with pytest.raises(SpendingCapReached):
        debit(1, member_id=bob_member.id)


def test_what_makes_no_sense_is_refused(bob_member: Member) -> None:
    with pytest.raises(InvalidInput):
        cap(bob_member, -1)
    with pytest.raises(InvalidInput):
        cap(bob_member, 5, period="week")
    assert not SpendingCap.objects.exists()


def test_who_manages_an_organization_caps_who_belongs_there(world: World, tree: Tree) -> None:
    alice, bob = (Member.objects.get(person_id=p.id) for p in (world.alice, world.bob))
    with pytest.raises(PermissionDenied):
        spending_cap_set(actor=actor_for(world.bob), member_id=bob.id, amount_microcredits=5)
    RoleBinding.objects.filter(member=bob).delete()
    binding_create(
        actor=SYSTEM,
        member_id=bob.id,
        role_id=Role.objects.get(code="admin").id,
        organization_id=tree.sales.id,
    )
    manager = actor_for(world.bob)
    carol = Member.objects.create(
        person_id=world.charlie.id, email="carol@acme.test", organization=tree.west
    )
    spending_cap_set(actor=manager, member_id=carol.id, amount_microcredits=5)
    for member in (alice, bob):
        with pytest.raises(NotFound):
            spending_cap_set(actor=manager, member_id=member.id, amount_microcredits=5)
    assert SpendingCap.objects.get().member_id == carol.id
