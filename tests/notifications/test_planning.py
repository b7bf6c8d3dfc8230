"""Who is told by which channel, when, and why."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.common.ids import uuid7
from apps.common.notifying import Channel, Urgency
from apps.notifications.audiences import Reader
from apps.notifications.enums import DeliveryState as S
from apps.notifications.enums import Reason
from apps.notifications.planning import Planned, plan
from apps.organizations.models import Member
from tests.notifications.choosing import (
    CATEGORY,
    CODE,
    EMAIL,
    IN_APP,
    kind_of,
    prefer,
    reader_of,
    say,
    timed,
)

pytestmark = pytest.mark.django_db
# A Wednesday, by day.
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
NIGHT = NOON.replace(hour=23)


def planned(
    member: Member,
    channel: Channel = EMAIL,
    urgency: Urgency = Urgency.NORMAL,
    now: datetime = NOON,
    zone: str = "UTC",
) -> Planned:
    found = plan(kind_of(urgency), [reader_of(member, zone)], now)
    (one,) = [one for one in found if one.channel is channel]
    return one


def outcome(member: Member, channel: Channel = EMAIL) -> tuple[str, str]:
    one = planned(member, channel)
    return one.state, one.reason


def test_the_more_particular_decides(alice_member: Member) -> None:
    """Each step is put on top of the one before, and turns it round."""
    assert outcome(alice_member) == (S.PENDING, Reason.DEFAULT)
    say(CATEGORY, False)
    assert outcome(alice_member) == (S.SKIPPED, Reason.WORKSPACE_OFF)
    say(CODE, True)
    assert outcome(alice_member) == (S.PENDING, Reason.WORKSPACE)
    prefer(alice_member, CATEGORY, False)
    assert outcome(alice_member) == (S.SKIPPED, Reason.TURNED_OFF)
    prefer(alice_member, CODE, True)
    assert outcome(alice_member) == (S.PENDING, Reason.CHOSEN)


@pytest.mark.parametrize("subject", [CODE, CATEGORY])
@pytest.mark.parametrize(
    ("is_on", "expected"), [(True, Reason.LOCKED), (False, Reason.WORKSPACE_OFF)]
)
def test_what_is_set_for_everybody_decides(
    alice_member: Member, subject: str, is_on: bool, expected: Reason
) -> None:
    prefer(alice_member, CODE, not is_on)
    say(subject, is_on, is_locked=True)
    assert outcome(alice_member) == (S.PENDING if is_on else S.SKIPPED, expected)


def test_of_two_locks_the_types(alice_member: Member) -> None:
    say(CATEGORY, False, is_locked=True)
    say(CODE, True, is_locked=True)
    assert outcome(alice_member) == (S.PENDING, Reason.LOCKED)


def test_a_lock_of_the_category_is_above_a_default_of_the_type(alice_member: Member) -> None:
    say(CATEGORY, False, is_locked=True)
    say(CODE, True)
    assert outcome(alice_member) == (S.SKIPPED, Reason.WORKSPACE_OFF)


def test_who_unsubscribed_gets_none_whatever_is_locked(alice_member: Member) -> None:
    say(CATEGORY, True, is_locked=True)
    prefer(alice_member, CATEGORY, False, is_unsubscribed=True)
    assert outcome(alice_member) == (S.SKIPPED, Reason.UNSUBSCRIBED)
    # By a later choice of their own they do again.
    prefer(alice_member, CODE, True)
    assert outcome(alice_member) == (S.PENDING, Reason.LOCKED)


def test_only_that_channel_and_that_member(alice_member: Member, bob_member: Member) -> None:
    prefer(alice_member, CODE, False)
    assert outcome(alice_member, IN_APP) == (S.PENDING, Reason.DEFAULT)
    assert outcome(bob_member) == (S.PENDING, Reason.DEFAULT)


def test_the_inbox_can_be_turned_off(alice_member: Member) -> None:
    prefer(alice_member, CATEGORY, False, channel="in_app")
    assert outcome(alice_member, IN_APP) == (S.SKIPPED, Reason.TURNED_OFF)


def test_what_is_urgent(alice_member: Member) -> None:
    timed(alice_member, digest="daily", quiet_from=time(22), quiet_until=time(7))
    one = planned(alice_member, urgency=Urgency.URGENT, now=NIGHT)
    assert (one.state, one.reason, one.due_at) == (S.PENDING, Reason.URGENT, NIGHT)
    prefer(alice_member, CATEGORY, False)
    prefer(alice_member, CATEGORY, False, channel="in_app")
    one = planned(alice_member, urgency=Urgency.URGENT)
    assert (one.state, one.reason) == (S.SKIPPED, Reason.TURNED_OFF)
    one = planned(alice_member, IN_APP, Urgency.URGENT)
    assert one.state == S.PENDING
    say(CATEGORY, False, channel="in_app", is_locked=True)
    one = planned(alice_member, IN_APP, Urgency.URGENT)
    assert (one.state, one.reason) == (S.SKIPPED, Reason.WORKSPACE_OFF)


def test_quiet_hours_by_the_members_clock(alice_member: Member) -> None:
    timed(alice_member, quiet_from=time(22), quiet_until=time(7))
    one = planned(alice_member, now=NIGHT)
    until = datetime(2026, 7, 2, 7, tzinfo=UTC)
    assert (one.state, one.reason, one.due_at) == (S.PENDING, Reason.QUIET_HOURS, until)
    assert planned(alice_member, IN_APP, now=NIGHT).due_at == NIGHT
    assert planned(alice_member).reason == Reason.DEFAULT
    # There it is 19:00.
    one = planned(alice_member, now=NIGHT, zone="America/New_York")
    assert (one.reason, one.due_at) == (Reason.DEFAULT, NIGHT)


def test_who_turned_it_off_does_not_wait(alice_member: Member) -> None:
    timed(alice_member, digest="daily", quiet_from=time(22), quiet_until=time(7))
    prefer(alice_member, CODE, False)
    one = planned(alice_member, now=NIGHT)
    assert (one.state, one.reason) == (S.SKIPPED, Reason.TURNED_OFF)


@pytest.mark.parametrize("urgency", [Urgency.LOW, Urgency.NORMAL])
def test_mails_go_with_the_digest(alice_member: Member, urgency: Urgency) -> None:
    timed(alice_member, digest="daily", hour=8)
    one = planned(alice_member, urgency=urgency)
    due = datetime(2026, 7, 2, 8, tzinfo=UTC)
    assert (one.state, one.reason, one.due_at) == (S.MERGED, Reason.DIGEST, due)
    assert planned(alice_member, IN_APP).state == S.PENDING


def test_what_matters_little_waits_for_no_digest_where_there_is_none(alice_member: Member) -> None:
    one = planned(alice_member, urgency=Urgency.LOW)
    assert (one.state, one.due_at) == (S.PENDING, NOON)


def test_no_address(alice_member: Member) -> None:
    reader = reader_of(alice_member)
    nowhere = Reader(reader.member_id, reader.person_id, "", "", "en", "UTC")
    found = {one.channel: one for one in plan(kind_of(), [nowhere], NOON)}
    assert (found[EMAIL].state, found[EMAIL].reason) == (S.SKIPPED, Reason.NO_ADDRESS)


def test_as_many_statements_for_a_thousand_as_for_one(
    alice_member: Member, bob_member: Member
) -> None:
    for member in (alice_member, bob_member):
        prefer(member, CATEGORY, True)
        timed(member, digest="hourly", quiet_from=time(22), quiet_until=time(7))
    strangers = [
        Reader(uuid7(), uuid7(), f"p{n}@acme.test", "", "en", "Europe/Berlin") for n in range(998)
    ]
    counts = []
    for readers in ([reader_of(alice_member)], [reader_of(alice_member), *strangers]):
        with CaptureQueriesContext(connection) as queries:
            started = datetime.now(UTC)
            plan(kind_of(), readers, NOON)
            took = datetime.now(UTC) - started
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4
    assert took < timedelta(seconds=1)
