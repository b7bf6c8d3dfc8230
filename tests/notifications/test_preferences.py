"""What members and workspaces choose, and what becomes of what waits."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.events.models import OutboxEvent
from apps.notifications.enums import DeliveryState, Reason
from apps.notifications.matrix import Cell, Line, defaults_matrix, preferences_matrix
from apps.notifications.models import ChannelDefault, Delivery, Digest, Preference, Timing
from apps.notifications.services import (
    delivery_retry,
    notification_defaults_set,
    notification_preferences_set,
)
from apps.notifications.services.defaults import Default
from apps.notifications.services.preferences import Choice, Times
from apps.organizations.actors import actor_of_member
from apps.organizations.models import Member
from tests.conftest import World
from tests.notifications.choosing import CATEGORY, CODE, prefer, say, timed
from tests.notifications.test_digests import tell_of

pytestmark = pytest.mark.django_db
S = DeliveryState


@pytest.fixture
def actor(alice_member: Member) -> Actor:
    found = actor_of_member(alice_member.id)
    assert found is not None
    return found


@pytest.fixture
def bob_actor(bob_member: Member) -> Actor:
    found = actor_of_member(bob_member.id)
    assert found is not None
    return found


def choose(actor: Actor, subject: str, is_on: bool | None, channel: str = "email") -> bool:
    return notification_preferences_set(actor=actor, choices=[Choice(subject, channel, is_on)])


def payloads(name: str) -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name=name).order_by("id")
    return [one.payload for one in rows]


def line_of(lines: list[Line], code: str) -> Line:
    every = [*lines, *(one for line in lines for one in line.types)]
    return next(one for one in every if one.subject.code == code)


def cell_of(lines: list[Line], code: str, channel: str = "email") -> Cell:
    return next(one for one in line_of(lines, code).cells if one.channel.value == channel)


def the_mail(member: Member) -> Delivery:
    return Delivery.objects.get(channel="email", member=member)


def test_choosing_and_leaving_it_again(actor: Actor, alice_member: Member) -> None:
    assert choose(actor, CATEGORY, False) is True
    assert choose(actor, CATEGORY, False) is False
    found = Preference.objects.get()
    assert (found.member_id, found.subject, found.channel) == (alice_member.id, CATEGORY, "email")
    assert choose(actor, CATEGORY, None) is True
    assert Preference.objects.count() == 0
    assert payloads("notifications.preferences_changed") == [
        {
            "member_id": str(alice_member.id),
            "from_choices": "plan email default",
            "to_choices": "plan email off",
        },
        {
            "member_id": str(alice_member.id),
            "from_choices": "plan email off",
            "to_choices": "plan email default",
        },
    ]


@pytest.mark.parametrize(
    ("subject", "channel", "code"),
    [
        ("nothing.known", "email", "unknown_subject"),
        (CODE, "sms", "unknown_channel"),
        (CODE, "webhook", "unknown_channel"),
        (CODE, "pigeon", "unknown_channel"),
    ],
)
def test_what_cannot_be_chosen(actor: Actor, subject: str, channel: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        choose(actor, subject, True, channel)
    assert refused.value.errors[0].code == code
    assert Preference.objects.count() == 0


@pytest.mark.parametrize("locked", [CODE, CATEGORY])
def test_what_is_set_for_everybody_cannot_be_chosen(actor: Actor, locked: str) -> None:
    say(locked, True, is_locked=True)
    with pytest.raises(InvalidInput) as refused:
        choose(actor, CODE, False)
    assert refused.value.errors[0].code == "locked"
    assert Preference.objects.count() == 0


def test_nor_the_inbox_of_what_is_urgent(actor: Actor) -> None:
    with pytest.raises(InvalidInput):
        choose(actor, "credits.balance_low", False, "in_app")
    choose(actor, "credits.balance_low", True, "push")


def test_all_or_nothing(actor: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        notification_preferences_set(
            actor=actor,
            choices=[Choice(CODE, "email", False), Choice("nothing", "email", False)],
        )
    assert refused.value.errors[0].attr == "preferences.1"
    assert Preference.objects.count() == 0


def test_programs_choose_nothing(inside: World) -> None:
    with pytest.raises(NotFound):
        choose(Actor.system("tests"), CODE, False)


def test_what_waits_and_is_turned_off_is_not_sent(
    actor: Actor, alice_member: Member, bob_member: Member
) -> None:
    tell_of()
    tell_of("tenants.export_failed")
    choose(actor, CATEGORY, False)
    found = {one.notification.kind: one for one in Delivery.objects.filter(channel="email")}
    assert (found[CODE].state, found[CODE].reason) == (S.SKIPPED, Reason.TURNED_OFF)
    assert found["tenants.export_failed"].state == S.PENDING


def test_nor_with_a_digest(actor: Actor, alice_member: Member) -> None:
    timed(alice_member, digest="daily")
    tell_of()
    choose(actor, CODE, False)
    assert (the_mail(alice_member).state, the_mail(alice_member).reason) == (
        S.SKIPPED,
        Reason.TURNED_OFF,
    )


def test_what_a_worker_has_is_sent(actor: Actor, alice_member: Member) -> None:
    tell_of()
    Delivery.objects.filter(channel="email").update(state=S.SENDING)
    choose(actor, CATEGORY, False)
    assert the_mail(alice_member).state == S.SENDING


def test_a_category_that_is_turned_off_leaves_a_type_that_is_on(
    actor: Actor, alice_member: Member
) -> None:
    choose(actor, CODE, True)
    tell_of()
    choose(actor, CATEGORY, False)
    assert the_mail(alice_member).state == S.PENDING


def set_times(actor: Actor, **values: Any) -> bool:
    return notification_preferences_set(actor=actor, times=Times(**values))


def test_times(actor: Actor, alice_member: Member) -> None:
    assert set_times(actor) is False
    assert set_times(actor, digest="weekly", hour=9, weekday=4) is True
    assert set_times(actor, digest="weekly", hour=9, weekday=4) is False
    set_times(actor, quiet_from=time(22), quiet_until=time(7, 30))
    found = Timing.objects.get()
    assert (found.digest, found.quiet_until) == ("never", time(7, 30))
    changes = [
        (one["from_choices"], one["to_choices"])
        for one in payloads("notifications.preferences_changed")
    ]
    assert changes == [
        ("digest never", "digest weekly on weekday 4 at 9"),
        ("digest weekly on weekday 4 at 9", "digest never, quiet 22:00-07:30"),
    ]


@pytest.mark.parametrize(
    ("values", "attr"),
    [
        ({"digest": "yearly"}, "digest"),
        ({"hour": 24}, "hour"),
        ({"weekday": -1}, "weekday"),
        ({"quiet_from": time(22)}, "quiet_until"),
        ({"quiet_until": time(7)}, "quiet_from"),
    ],
)
def test_times_that_are_none(actor: Actor, values: dict[str, Any], attr: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        set_times(actor, **values)
    assert refused.value.errors[0].attr == attr
    assert Timing.objects.count() == 0


def test_the_open_digest_follows(actor: Actor, alice_member: Member) -> None:
    timed(alice_member, digest="weekly")
    tell_of()
    set_times(actor, digest="hourly")
    now = datetime.now(UTC)
    assert now < Digest.objects.get().due_at <= now + timedelta(hours=1)
    set_times(actor)
    assert Digest.objects.get().due_at <= timezone.now()


def test_what_waits_for_the_end_of_quiet_hours_follows(actor: Actor, alice_member: Member) -> None:
    tell_of()
    later = timezone.now() + timedelta(hours=8)
    Delivery.objects.filter(channel="email").update(reason=Reason.QUIET_HOURS, due_at=later)
    timed(alice_member, quiet_from=time(22), quiet_until=time(7))
    set_times(actor)
    assert the_mail(alice_member).due_at <= timezone.now()


def test_the_matrix_of_a_member(actor: Actor, alice_member: Member) -> None:
    lines = preferences_matrix(actor)
    assert [line.subject.code for line in lines] == [
        *("people", "access", "plan", "credits", "setup", "workspace")
    ]
    cell = cell_of(lines, CATEGORY)
    assert (cell.chosen, cell.otherwise, cell.is_on, cell.is_locked) == (None, True, True, False)
    assert cell_of(lines, "billing.invoice_paid").is_possible is False
    prefer(alice_member, CATEGORY, False)
    prefer(alice_member, CODE, True)
    say("billing.limit_exceeded", True, is_locked=True)
    lines = preferences_matrix(actor)
    cell = cell_of(lines, CATEGORY)
    assert (cell.chosen, cell.otherwise, cell.is_on) == (False, True, True)
    cell = cell_of(lines, CODE)
    assert (cell.chosen, cell.otherwise, cell.is_on, cell.reason) == (
        *(True, False, True),
        Reason.CHOSEN,
    )
    cell = cell_of(lines, "billing.limit_exceeded")
    assert (cell.is_on, cell.is_locked, cell.reason) == (True, True, Reason.LOCKED)
    urgent = cell_of(lines, "credits.balance_low", "in_app")
    assert (urgent.is_on, urgent.is_locked, urgent.is_urgent_always) == (True, True, True)


def test_defaults_and_locks(actor: Actor) -> None:
    def default(*values: Any) -> bool:
        return notification_defaults_set(actor=actor, defaults=[Default(*values)])

    assert default(CATEGORY, "email", False) is True
    assert default(CATEGORY, "email", False) is False
    cell = cell_of(defaults_matrix(), CATEGORY)
    assert (cell.chosen, cell.is_final, cell.is_on) == (False, False, False)
    default(CATEGORY, "email", True, True)
    cell = cell_of(defaults_matrix(), CATEGORY)
    assert (cell.chosen, cell.is_final, cell.is_on) == (True, True, True)
    default(CATEGORY, "email", None)
    assert ChannelDefault.objects.count() == 0
    changes = [
        (one["subject"], one["channel"], one["from_choice"], one["to_choice"])
        for one in payloads("notifications.defaults_changed")
    ]
    assert changes == [
        (CATEGORY, "email", "default", "off"),
        (CATEGORY, "email", "off", "locked_on"),
        (CATEGORY, "email", "locked_on", "default"),
    ]


def test_who_manages_nothing_sets_no_defaults(bob_actor: Actor) -> None:
    with pytest.raises(PermissionDenied):
        notification_defaults_set(actor=bob_actor, defaults=[Default(CODE, "email", False)])
    assert ChannelDefault.objects.count() == 0


@pytest.mark.parametrize(
    "values", [("nothing", "email", True), (CODE, "sms", True), (CODE, "email", None, True)]
)
def test_defaults_that_are_none(actor: Actor, values: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidInput):
        notification_defaults_set(actor=actor, defaults=[Default(*values)])


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (S.FAILED, Reason.REFUSED),
        (S.FAILED, Reason.GIVEN_UP),
        (S.BOUNCED, Reason.DEFAULT),
        (S.SKIPPED, Reason.SUPPRESSED),
    ],
)
def test_trying_again(actor: Actor, alice_member: Member, state: S, reason: Reason) -> None:
    tell_of()
    Delivery.objects.filter(channel="email").update(
        state=state, reason=reason, attempts=32, error="full", sent_at=timezone.now()
    )
    delivery_retry(actor=actor, delivery_id=the_mail(alice_member).id)
    found = the_mail(alice_member)
    assert (found.state, found.attempts, found.error, found.sent_at) == (S.PENDING, 0, "", None)
    assert found.due_at <= timezone.now()
    (told,) = payloads("notifications.delivery_retried")
    assert told["reason"] == ("bounced" if state == S.BOUNCED else reason)


def test_what_bounced_with_a_digest_is_tried_by_itself(actor: Actor, alice_member: Member) -> None:
    timed(alice_member, digest="daily")
    tell_of()
    Digest.objects.update(state=S.BOUNCED)
    assert the_mail(alice_member).shown_state == S.BOUNCED
    delivery_retry(actor=actor, delivery_id=the_mail(alice_member).id)
    found = the_mail(alice_member)
    assert (found.state, found.digest_id) == (S.PENDING, None)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        *((one, Reason.DEFAULT) for one in (S.PENDING, S.SENDING, S.SENT, S.DELIVERED)),
        *((S.SKIPPED, one) for one in (Reason.UNSUBSCRIBED, Reason.TURNED_OFF, Reason.DEFAULT)),
    ],
)
def test_what_is_not_tried_again(
    actor: Actor, alice_member: Member, state: S, reason: Reason
) -> None:
    tell_of()
    Delivery.objects.filter(channel="email").update(state=state, reason=reason)
    with pytest.raises(Conflict):
        delivery_retry(actor=actor, delivery_id=the_mail(alice_member).id)
    assert the_mail(alice_member).state == state


def test_who_manages_nothing_tries_nothing_again(bob_actor: Actor, alice_member: Member) -> None:
    tell_of()
    Delivery.objects.update(state=S.FAILED)
    with pytest.raises(PermissionDenied):
        delivery_retry(actor=bob_actor, delivery_id=the_mail(alice_member).id)
