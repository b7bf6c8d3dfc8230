"""Several notifications in one mail: opened, merged into, taken, sent once, whoever dies meanwhile."""

import threading
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.ids import uuid7
from apps.common.notifying import Channel
from apps.common.tenancy import tenant_context
from apps.messaging.errors import Refused, Unavailable
from apps.messaging.senders import Sent
from apps.notifications import sending
from apps.notifications.channels.email import EmailChannel
from apps.notifications.digests import digests_open
from apps.notifications.enums import ChannelName, DeliveryState, Reason
from apps.notifications.handing_out import SENDING, notification_hand_out
from apps.notifications.models import Delivery, Digest, Notification
from apps.notifications.selectors_work import sending_due, waiting_now
from apps.organizations.models import Member
from apps.tenants.models import AgendaEntry
from tests.conftest import World
from tests.notifications.choosing import prefer, timed

pytestmark = pytest.mark.django_db
S = DeliveryState
PARAMS = {"code": "organizations.seats", "used": 8, "limit": 10}


def tell_of(kind: str = "billing.limit_neared", **params: Any) -> Notification:
    """A notification, handed out."""
    found = Notification.objects.create(kind=kind, event_id=uuid7(), params=PARAMS | params)
    assert notification_hand_out(notification_id=found.id)
    return found


def make_due(model: type[Digest | Delivery] = Digest) -> None:
    model.objects.filter(state=S.PENDING).update(due_at=timezone.now() - timedelta(seconds=1))


def send_all() -> None:
    assert sending.send_due(ChannelName.EMAIL, at_most=100) is False


@pytest.fixture
def daily(alice_member: Member) -> Member:
    timed(alice_member, digest="daily", hour=8)
    return alice_member


def test_all_go_with_the_open_one(inside: World, daily: Member, mailoutbox: list[Any]) -> None:
    for used in (8, 9, 10):
        tell_of(used=used)
    digest = Digest.objects.get()
    assert (digest.member_id, digest.channel, digest.state) == (daily.id, "email", S.PENDING)
    assert digest.due_at > timezone.now()
    merged = Delivery.objects.filter(channel="email", member=daily)
    assert {(one.state, one.reason, one.digest_id) for one in merged} == {
        (S.MERGED, Reason.DIGEST, digest.id)
    }
    entry = AgendaEntry.objects.get(tenant=inside.acme, kind=SENDING)
    assert entry.due_at == sending_due() == digest.due_at
    assert waiting_now() == {}
    send_all()
    assert mailoutbox == []

    make_due()
    assert waiting_now() == {"email": 1}
    send_all()
    (mail,) = mailoutbox
    assert mail.subject == "3 notifications of Acme"
    html = mail.alternatives[0][0]
    for used in (8, 9, 10):
        assert f"Seats: {used} of 10 are used" in mail.body
        assert f"Seats: {used} of 10 are used" in html
    assert "Plan and payment" in html
    assert mail.metadata["delivery_id"] == str(digest.id)
    assert mail.extra_headers["Message-ID"] == f"<{digest.id}@acme.localhost>"
    digest.refresh_from_db()
    assert (digest.state, digest.attempts, digest.provider) == (S.SENT, 1, "smtp")
    for delivery in merged.select_related("digest"):
        assert (delivery.state, delivery.shown_state) == (S.MERGED, S.SENT)
        assert delivery.carrier.sent_at == digest.sent_at
    assert sending_due() is None


def test_what_comes_later_opens_another(
    inside: World, daily: Member, mailoutbox: list[Any]
) -> None:
    tell_of()
    make_due()
    send_all()
    tell_of(used=9)
    assert [one.state for one in Digest.objects.order_by("id")] == [S.SENT, S.PENDING]


def test_one_that_failed_once_is_closed(
    inside: World, daily: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_of()
    make_due()

    def away(*_args: Any) -> Sent:
        raise Unavailable("away", 30)

    monkeypatch.setattr(EmailChannel, "send", away)
    send_all()
    tell_of(used=9)
    first, second = Digest.objects.order_by("id")
    assert (first.state, first.attempts, first.error) == (S.PENDING, 1, "away")
    assert (second.state, second.attempts) == (S.PENDING, 0)
    assert first.deliveries.count() == second.deliveries.count() == 1


def test_a_digest_of_one_is_a_usual_mail(
    inside: World, daily: Member, mailoutbox: list[Any]
) -> None:
    tell_of()
    make_due()
    send_all()
    (mail,) = mailoutbox
    assert mail.subject == "Seats: 8 of 10 are used"
    assert "Look at the plan" in mail.body


def test_it_groups_by_category_and_counts_what_it_does_not_show(
    inside: World, daily: Member, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.notifications.messages.SHOWN", 3)
    prefer(daily, "organizations.member_joined", True)
    for kind in ("billing.limit_neared", "tenants.export_failed") * 2:
        tell_of(kind)
    make_due()
    send_all()
    (mail,) = mailoutbox
    assert mail.subject == "4 notifications of Acme"
    body = mail.body
    assert body.index("Plan and payment") < body.index("Workspace")
    assert body.count("\n- ") == 3
    assert "1 more is in the inbox." in body


def test_without_anything_left_it_is_not_sent(
    inside: World, daily: Member, mailoutbox: list[Any]
) -> None:
    tell_of().delete()
    make_due()
    send_all()
    assert mailoutbox == []
    assert Digest.objects.get().state == S.SKIPPED


def test_who_left_gets_none_and_the_trace_says_so(
    inside: World, daily: Member, mailoutbox: list[Any]
) -> None:
    tell_of()
    Member.objects.filter(id=daily.id).update(status="deactivated")
    make_due()
    send_all()
    delivery = Delivery.objects.get(channel="email", member=daily)
    assert mailoutbox == []
    assert (delivery.state, delivery.reason) == (S.SKIPPED, Reason.GONE)


def test_a_refusal_is_in_the_trace_of_each(
    inside: World, daily: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_of()
    tell_of(used=9)
    make_due()

    def refuse(*_args: Any) -> Sent:
        raise Refused("no such mailbox")

    monkeypatch.setattr(EmailChannel, "send", refuse)
    send_all()
    assert Digest.objects.get().state == S.FAILED
    found = Delivery.objects.filter(channel="email", member=daily)
    assert {(one.state, one.reason, one.error) for one in found} == {
        (S.FAILED, Reason.REFUSED, "no such mailbox")
    }
    assert all(one.can_retry for one in found)


@pytest.mark.parametrize("was_sent", [True, False])
def test_who_finds_it_after_a_crash_asks_first(
    inside: World, daily: Member, monkeypatch: pytest.MonkeyPatch, was_sent: bool
) -> None:
    tell_of()
    make_due()
    taken = sending._take(Digest, ChannelName.EMAIL)
    assert taken is not None
    Digest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    calls: list[str] = []

    def find(*_args: Any) -> Sent | None:
        calls.append("find")
        return Sent("smtp", "<known>") if was_sent else None

    def send(*_args: Any) -> Sent:
        calls.append("send")
        return Sent("smtp", "<new>")

    monkeypatch.setattr(EmailChannel, "find", find)
    monkeypatch.setattr(EmailChannel, "send", send)
    send_all()
    assert calls == (["find"] if was_sent else ["find", "send"])
    digest = Digest.objects.get()
    assert (digest.state, digest.attempts) == (S.SENT, 2)
    assert digest.provider_key == ("<known>" if was_sent else "<new>")
    # What the first one notes when it wakes up again counts no more.
    assert sending._note(taken, state=S.FAILED) is False


def test_quiet_hours_are_looked_at_again_when_it_is_sent(
    inside: World, alice_member: Member, mailoutbox: list[Any]
) -> None:
    tell_of()
    now = datetime.now(UTC)
    timed(
        alice_member,
        quiet_from=(now - timedelta(hours=1)).time().replace(microsecond=0),
        quiet_until=(now + timedelta(hours=1)).time().replace(microsecond=0),
    )
    Person.objects.filter(id=inside.alice.id).update(time_zone="UTC")
    send_all()
    delivery = Delivery.objects.get(channel="email", member=alice_member)
    assert mailoutbox == []
    assert (delivery.state, delivery.reason) == (S.PENDING, Reason.QUIET_HOURS)
    assert timedelta(minutes=59) < delivery.due_at - now <= timedelta(hours=1)
    timed(alice_member, quiet_from=time(3), quiet_until=time(3))
    make_due(Delivery)
    send_all()
    assert len(mailoutbox) == 1


def test_deliveries_and_digests_take_turns(
    inside: World, daily: Member, bob_member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_of()
    for _number in range(3):
        Delivery.objects.create(
            notification=tell_of(),
            member=bob_member,
            channel="email",
            reason=Reason.DEFAULT,
            due_at=timezone.now() - timedelta(hours=1),
        )
    make_due()
    sent: list[str] = []

    def send(_adapter: Any, message: Any) -> Sent:
        sent.append(message.reader.email)
        return Sent("smtp", "<x>")

    monkeypatch.setattr(EmailChannel, "send", send)
    assert sending.send_due(ChannelName.EMAIL, at_most=2) is True
    assert sent == ["bob@acme.test", "alice@acme.test"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_open_one(inside: World, alice_member: Member, bob_member: Member) -> None:
    due = {one.id: timezone.now() + timedelta(hours=1) for one in (alice_member, bob_member)}
    barrier = threading.Barrier(6)
    found: list[dict[Any, Any]] = []

    def opened() -> None:
        try:
            with tenant_context(inside.acme):
                barrier.wait()
                for _round in range(10):
                    with transaction.atomic():
                        found.append(digests_open(Channel.EMAIL, due))
        finally:
            connection.close()

    threads = [threading.Thread(target=opened) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 60
    assert Digest.objects.count() == 2
    assert len({tuple(sorted(one.items())) for one in found}) == 1


@pytest.mark.django_db(transaction=True)
def test_one_that_is_being_merged_into_is_not_taken_meanwhile(
    inside: World, daily: Member, mailoutbox: list[Any]
) -> None:
    tell_of()
    make_due()
    taken: list[object] = []

    def take() -> None:
        try:
            with tenant_context(inside.acme):
                taken.append(sending._take(Digest, ChannelName.EMAIL))
        finally:
            connection.close()

    with transaction.atomic():
        tell_of(used=9)
        thread = threading.Thread(target=take)
        thread.start()
        thread.join(30)
    assert taken == [None]
    send_all()
    (mail,) = [one for one in mailoutbox if "notifications of" in one.subject]
    assert mail.subject == "2 notifications of Acme"


@pytest.mark.django_db(transaction=True)
def test_one_that_was_taken_meanwhile_is_not_merged_into(inside: World, daily: Member) -> None:
    tell_of()
    make_due()
    taken = sending._take(Digest, ChannelName.EMAIL)
    assert taken is not None
    tell_of(used=9)
    first, second = Digest.objects.order_by("id")
    assert (first.id, first.state, second.state) == (taken.id, S.SENDING, S.PENDING)
    assert (first.deliveries.count(), second.deliveries.count()) == (1, 1)
