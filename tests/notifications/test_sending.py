"""What becomes of deliveries: sent once, later, elsewhere or not at all."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from apps.common.ids import uuid7
from apps.common.notifying import Channel
from apps.common.tenancy import tenant_context
from apps.messaging.errors import CannotTell, Refused, Suppressed, Unavailable
from apps.messaging.senders import Sent
from apps.notifications import channels, sending
from apps.notifications.audiences import Reader
from apps.notifications.channels import Message
from apps.notifications.enums import ChannelName, DeliveryState, Reason
from apps.notifications.handing_out import SENDING
from apps.notifications.models import Delivery, Notification
from apps.notifications.selectors_work import sending_due, waiting_now
from apps.organizations.models import Member
from apps.tenants.agenda import agenda_due, agenda_note, agenda_settle
from tests.conftest import World

pytestmark = pytest.mark.django_db
S = DeliveryState


@dataclass
class Provider:
    """Takes messages; answers: what it raises, in turn. known: what it says that it has."""

    took: list[Message] = field(default_factory=list)
    asked: list[uuid.UUID] = field(default_factory=list)
    answers: list[Exception] = field(default_factory=list)
    known: Sent | Exception | None = None

    def reachable(self, readers: Sequence[Reader]) -> set[uuid.UUID]:
        return {one.member_id for one in readers}

    def send(self, message: Message) -> Sent:
        self.took.append(message)
        if self.answers:
            raise self.answers.pop(0)
        return Sent("stub", f"id-{len(self.took)}")

    def find(self, message: Message) -> Sent | None:
        self.asked.append(message.id)
        if isinstance(self.known, Exception):
            raise self.known
        return self.known


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    made = Provider()
    monkeypatch.setattr(channels, "_adapters", {Channel.EMAIL: made})
    return made


@pytest.fixture
def owed(inside: World, alice_member: Member) -> Callable[..., Delivery]:
    """A delivery that is due."""

    def make(**values: object) -> Delivery:
        notification = Notification.objects.create(
            kind="organizations.member_joined",
            event_id=uuid7(),
            params={"email": "dana@example.com", "member_id": str(alice_member.id)},
        )
        values = {
            "member": alice_member,
            "channel": "email",
            "reason": Reason.DEFAULT,
            "due_at": timezone.now() - timedelta(seconds=1),
            **values,
        }
        return Delivery.objects.create(notification=notification, **values)

    return make


def send(at_most: int = 10) -> bool:
    return sending.send_due(ChannelName.EMAIL, at_most=at_most)


def test_each_is_sent_once(provider: Provider, owed: Callable[..., Delivery]) -> None:
    rows = [owed() for _ in range(3)]
    assert send(2) is True
    assert send() is False
    assert {one.id for one in provider.took} == {one.id for one in rows}
    assert provider.took[0].content.title == "dana@example.com joined Acme"
    assert provider.took[0].reader is not None
    assert provider.took[0].reader.email == "alice@acme.test"
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempts, row.provider, row.lease_until) == (S.SENT, 1, "stub", None)
        assert row.sent_at is not None
    assert provider.asked == []
    assert send() is False
    assert len(provider.took) == 3


def test_what_is_not_due_waits(provider: Provider, owed: Callable[..., Delivery]) -> None:
    owed(due_at=timezone.now() + timedelta(hours=1))
    owed(channel="push")
    owed(state=S.SKIPPED)
    assert send() is False
    assert provider.took == []
    assert waiting_now() == {"push": 1}


def test_who_died_is_followed_by_one_who_asks(
    provider: Provider, owed: Callable[..., Delivery]
) -> None:
    over = timezone.now() - timedelta(seconds=1)
    row = owed(state=S.SENDING, attempts=1, lease_until=over)
    busy = owed(state=S.SENDING, attempts=1, lease_until=timezone.now() + timedelta(seconds=60))
    provider.known = Sent("stub", "known")
    send()
    row.refresh_from_db()
    busy.refresh_from_db()
    assert (row.state, row.provider_key, row.attempts) == (S.SENT, "known", 2)
    assert busy.state == S.SENDING
    assert (provider.asked, provider.took) == ([row.id], [])


@pytest.mark.parametrize("known", [None, CannotTell("no such question")])
def test_what_the_provider_does_not_have_is_sent(
    provider: Provider, owed: Callable[..., Delivery], known: Exception | None
) -> None:
    row = owed(state=S.SENDING, attempts=1, lease_until=timezone.now() - timedelta(seconds=1))
    provider.known = known
    send()
    row.refresh_from_db()
    assert (row.state, provider.asked) == (S.SENT, [row.id])
    assert [one.id for one in provider.took] == [row.id]


def test_nobody_there_means_later(provider: Provider, owed: Callable[..., Delivery]) -> None:
    row = owed()
    provider.answers = [Unavailable("503", 7), Unavailable("429", 900)]
    for wanted_s in (sending.FIRST_PAUSE_S, 900):
        assert send() is False
        row.refresh_from_db()
        assert row.state == S.PENDING
        waits_s = (row.due_at - timezone.now()).total_seconds()
        assert wanted_s - 5 < waits_s <= wanted_s
        Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert send() is False
    row.refresh_from_db()
    # It did not answer: it may have taken it.
    assert (row.state, row.attempts, row.error, provider.asked) == (S.SENT, 3, "", [row.id] * 2)


def test_a_day_of_trying_is_enough(provider: Provider, owed: Callable[..., Delivery]) -> None:
    row = owed(attempts=sending.MAX_ATTEMPTS - 1)
    provider.answers = [Unavailable("still away", 5)]
    send()
    row.refresh_from_db()
    assert (row.state, row.reason, row.error) == (S.FAILED, Reason.GIVEN_UP, "still away")
    over = timezone.now() - timedelta(seconds=1)
    killer = owed(state=S.SENDING, attempts=sending.MAX_ATTEMPTS, lease_until=over)
    send()
    killer.refresh_from_db()
    assert (killer.state, killer.reason) == (S.FAILED, Reason.GIVEN_UP)
    assert len(provider.took) == 1


def test_what_is_refused_is_final(provider: Provider, owed: Callable[..., Delivery]) -> None:
    first, second = owed(), owed(due_at=timezone.now())
    provider.answers = [Refused("no such mailbox " + "x" * 600), Suppressed("bounced")]
    send()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.reason, len(first.error)) == (S.FAILED, Reason.REFUSED, 500)
    assert (second.state, second.reason, second.error) == (
        S.SKIPPED,
        Reason.SUPPRESSED,
        "bounced",
    )


def test_who_has_left_gets_nothing(
    provider: Provider, owed: Callable[..., Delivery], alice_member: Member
) -> None:
    row = owed()
    Member.objects.filter(id=alice_member.id).update(status="deactivated")
    send()
    row.refresh_from_db()
    assert (row.state, row.reason, provider.took) == (S.SKIPPED, Reason.GONE, [])


def test_a_late_worker_notes_nothing(
    provider: Provider, owed: Callable[..., Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease is over, and somebody else has it."""
    row = owed()

    def slow(message: Message) -> Sent:
        Delivery.objects.filter(id=row.id).update(attempts=F("attempts") + 1)
        return Sent("stub", "late")

    monkeypatch.setattr(provider, "send", slow)
    send()
    row.refresh_from_db()
    assert (row.state, row.provider_key) == (S.SENDING, "")


def test_the_agenda_knows_when_to_look_again(
    inside: World, provider: Provider, owed: Callable[..., Delivery]
) -> None:
    assert sending_due() is None
    later = timezone.now() + timedelta(hours=3)
    owed(due_at=later)
    assert sending_due() == later
    agenda_note(SENDING, later)
    agenda_note(SENDING, timezone.now() - timedelta(seconds=1))
    agenda_note(SENDING, later)
    with tenant_context(None):
        assert agenda_due(SENDING, 10) == [inside.acme.id]
    agenda_settle(SENDING, sending_due)
    with tenant_context(None):
        assert agenda_due(SENDING, 10) == []
    owed()
    due = sending_due()
    assert due is not None
    assert timezone.now() < due <= timezone.now() + timedelta(seconds=30)
    Delivery.objects.all().delete()
    agenda_settle(SENDING, sending_due)
    agenda_settle(SENDING, sending_due)
    with tenant_context(None):
        assert agenda_due(SENDING, 10) == []
    assert settings.NOTIFICATIONS_LEASE_S > 60
