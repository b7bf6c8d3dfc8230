"""What staff put right: alone up to a limit, above it with a second person."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.errors import IdempotencyConflict, InvalidInput, NotFound, PermissionDenied
from apps.credits.enums import USAGE_ID, AdjustmentState, GrantSource
from apps.credits.errors import AdjustmentDecided, InsufficientCredits, SecondPersonNeeded
from apps.credits.models import AdjustmentRequest, Grant, Transaction
from apps.credits.services import (
    adjustment_approve,
    adjustment_decline,
    adjustment_request,
    credits_adjust,
)
from apps.events.models import OutboxEvent
from tests.credits.support import SYSTEM, assert_sound, balance, grant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]
SAM = Actor.staff(uuid.uuid4(), "sam@platform.test")
ROBIN = Actor.staff(uuid.uuid4(), "robin@platform.test")
LIMIT = 1000


@pytest.fixture(autouse=True)
def _limit(settings) -> None:
    settings.CREDITS_SECOND_PERSON_ABOVE_MICROCREDITS = LIMIT


def events() -> list[str]:
    found = OutboxEvent.objects.filter(name__startswith="credits.adjust").order_by("position")
    return list(found.values_list("name", flat=True))


def ask(amount: int, actor: Actor = SAM, **fields: object) -> AdjustmentRequest:
    fields.setdefault("idempotency_key", uuid.uuid4())
    return adjustment_request(actor=actor, amount_microcredits=amount, reason="Outage", **fields)  # type: ignore[arg-type]


def adjust(amount: int, key: str = "a", actor: Actor = SAM) -> Transaction:
    return credits_adjust(
        actor=actor, amount_microcredits=amount, reason="Outage", idempotency_key=key
    )


def test_up_to_the_limit_one_person_is_enough() -> None:
    adjust(LIMIT, "up")
    adjust(-LIMIT, "down")
    assert balance() == 0
    assert events() == ["credits.adjusted"] * 2
    assert_sound()


@pytest.mark.parametrize("amount", [LIMIT + 1, -LIMIT - 1])
def test_above_it_nobody_adjusts_alone(amount: int) -> None:
    grant(5000)
    with pytest.raises(SecondPersonNeeded):
        adjust(amount)
    assert balance() == 5000
    # The system is no person: its commands say themselves who may run them.
    adjust(amount, actor=SYSTEM)
    assert balance() == 5000 + amount
    assert_sound()


@pytest.mark.parametrize("amount", [500, -500])
def test_a_replay_is_the_same_and_says_nothing_again(amount: int) -> None:
    grant(500)
    first = adjust(amount)
    assert adjust(amount).id == first.id
    assert balance() == 500 + amount
    assert events() == ["credits.adjusted"]
    with pytest.raises(IdempotencyConflict):
        adjust(amount + 1)
    with pytest.raises(IdempotencyConflict):
        adjust(-amount)
    assert events() == ["credits.adjusted"]
    assert_sound()


def test_only_where_credits_lie() -> None:
    for account_id in (USAGE_ID, uuid.uuid4()):
        with pytest.raises(NotFound):
            credits_adjust(
                actor=SAM,
                amount_microcredits=5,
                reason="x",
                idempotency_key="k",
                account_id=account_id,
            )
        with pytest.raises(NotFound):
            ask(5000, account_id=account_id)
    assert Transaction.objects.count() == 0


def test_a_second_person_approves() -> None:
    until = timezone.now() + timedelta(days=30)
    asked = ask(5000, credits_expire_at=until)
    assert (balance(), asked.state) == (0, AdjustmentState.PENDING)
    done = adjustment_approve(actor=ROBIN, request_id=asked.id, reason="Seen the outage")
    asked.refresh_from_db()
    assert (balance(), done.amount_microcredits) == (5000, 5000)
    assert (asked.state, asked.decided_by) == (AdjustmentState.APPROVED, ROBIN.person_id)
    given = Grant.objects.get()
    assert (given.source, given.expires_at, given.description) == (
        GrantSource.ADJUSTMENT,
        until,
        "Outage",
    )
    assert events() == [
        "credits.adjustment_requested",
        "credits.adjusted",
        "credits.adjustment_approved",
    ]
    for decide in (adjustment_approve, adjustment_decline):
        with pytest.raises(AdjustmentDecided):
            decide(actor=ROBIN, request_id=asked.id, reason="Again")
    assert balance() == 5000
    assert_sound()


def test_nobody_approves_their_own() -> None:
    grant(9000)
    asked = ask(-5000)
    with pytest.raises(PermissionDenied):
        adjustment_approve(actor=SAM, request_id=asked.id, reason="Fine")
    assert balance() == 9000
    adjustment_approve(actor=ROBIN, request_id=asked.id, reason="Fine")
    assert balance() == 4000
    assert_sound()


def test_who_asked_can_take_it_back() -> None:
    asked = ask(5000)
    adjustment_decline(actor=SAM, request_id=asked.id, reason="Wrong tenant")
    with pytest.raises(AdjustmentDecided):
        adjustment_approve(actor=ROBIN, request_id=asked.id, reason="Fine")
    assert balance() == 0
    assert events() == ["credits.adjustment_requested", "credits.adjustment_declined"]


def test_it_does_not_wait_for_ever() -> None:
    asked = ask(5000)
    assert asked.expires_at - asked.created_at > timedelta(days=6, hours=23)
    AdjustmentRequest.objects.update(expires_at=timezone.now())
    with pytest.raises(AdjustmentDecided):
        adjustment_approve(actor=ROBIN, request_id=asked.id, reason="Fine")
    assert balance() == 0


def test_what_is_not_there_any_more_is_not_taken() -> None:
    grant(5000)
    asked = ask(-5000)
    adjust(-1, actor=SYSTEM)
    with pytest.raises(InsufficientCredits):
        adjustment_approve(actor=ROBIN, request_id=asked.id, reason="Fine")
    asked.refresh_from_db()
    assert (asked.state, balance()) == (AdjustmentState.PENDING, 4999)
    assert_sound()


def test_asking_twice_with_a_key_is_asking_once() -> None:
    key = uuid.uuid4()
    assert ask(5000, idempotency_key=key).id == ask(5000, idempotency_key=key).id == key
    with pytest.raises(IdempotencyConflict):
        ask(5001, idempotency_key=key)
    assert events() == ["credits.adjustment_requested"]


def test_only_people_of_the_staff_and_with_a_reason() -> None:
    for actor in (SYSTEM, Actor.system("console")):
        with pytest.raises(PermissionDenied):
            ask(5000, actor)
    with pytest.raises(InvalidInput):
        adjustment_request(
            actor=SAM, amount_microcredits=5000, reason=" ", idempotency_key=uuid.uuid4()
        )
    with pytest.raises(InvalidInput):
        ask(5000, credits_expire_at=timezone.now())
    asked = ask(5000)
    for decide in (adjustment_approve, adjustment_decline):
        with pytest.raises(InvalidInput):
            decide(actor=ROBIN, request_id=asked.id, reason=" ")
        with pytest.raises(PermissionDenied):
            decide(actor=SYSTEM, request_id=asked.id, reason="Fine")
        with pytest.raises(NotFound):
            decide(actor=ROBIN, request_id=uuid.uuid4(), reason="Fine")
    assert balance() == 0
