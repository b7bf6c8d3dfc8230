"""Text messages: what fits, to whom, how many, and what became of them."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apps.common.crypto import encrypt
from apps.common.ids import uuid7
from apps.events.registry import EventContext
from apps.messaging import senders
from apps.messaging.errors import Unavailable
from apps.messaging.events import SmsTracked
from apps.notifications.channels.sms import SmsChannel
from apps.notifications.entitlements import SMS
from apps.notifications.enums import ChannelName, DeliveryState, Reason
from apps.notifications.handlers_sms import note_sms_tracked
from apps.notifications.models import Delivery, Notification, Phone
from apps.notifications.sending import send_due
from apps.notifications.sms_text import (
    MAX_SEGMENTS,
    segments_of,
    short_token,
    short_token_read,
    sms_text,
)
from apps.organizations.models import Member
from tests.conftest import Entitle, World
from tests.notifications.receivers import Texting
from tests.notifications.support import SYSTEM

S = DeliveryState
NUMBER = "+4915112345678"


@pytest.fixture
def texting(monkeypatch: pytest.MonkeyPatch) -> Texting:
    made = Texting()
    monkeypatch.setattr(senders, "sms_providers", lambda: [made])
    return made


@pytest.fixture
def phone(alice_member: Member) -> Phone:
    return Phone.objects.create(
        member=alice_member,
        number_encrypted=encrypt(NUMBER.encode()),
        number_end="5678",
        verified_at=timezone.now(),
    )


def delivery(member: Member) -> Delivery:
    made = Notification.objects.create(
        kind="credits.balance_low",
        event_id=uuid7(),
        params={"balance_microcredits": 120_000_000, "below_microcredits": 500_000_000},
    )
    return Delivery.objects.create(
        notification=made,
        member=member,
        channel=ChannelName.SMS,
        reason=Reason.CHOSEN,
        due_at=timezone.now(),
    )


def send(row: Delivery) -> Delivery:
    Delivery.objects.filter(id=row.id, state=S.PENDING).update(due_at=timezone.now())
    send_due(ChannelName.SMS, at_most=5)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        *((("a" * 160), 1), (("a" * 161), 2), (("a" * 306), 2), (("a" * 307), 3)),
        *((("ä" * 160), 1), (("€" * 80), 1), (("€" * 81), 2)),
        *((("ł" * 70), 1), (("ł" * 71), 2), (("ł" * 134), 2), (("ł" * 135), 3), (("😀" * 35), 1)),
    ],
)
def test_segments(text: str, segments: int) -> None:
    assert segments_of(text) == segments


def test_the_title_gives_way_to_the_link() -> None:
    link = "https://acme.example.com/n/AZfCpJodfU6KPysc2d6Peg/"
    assert sms_text("Acme", "Credits are “low” – now", link) == (
        f'Acme: Credits are "low" - now {link}'
    )
    long = sms_text("Łódź", "x" * 300, link)
    assert segments_of(long) == MAX_SEGMENTS
    assert long.endswith(f"... {link}")


@given(st.text(max_size=100), st.text(max_size=300))
def test_it_fits_and_has_its_link(sender: str, title: str) -> None:
    link = "https://acme.example.com/n/AZfCpJodfU6KPysc2d6Peg/"
    text = sms_text(sender, title, link)
    assert segments_of(text) <= MAX_SEGMENTS
    assert text.endswith(link)


def test_short_links() -> None:
    made = uuid7()
    assert len(short_token(made)) == 22
    assert short_token_read(short_token(made)) == made
    for token in ("", "x", "ä" * 22, "A" * 23, "../../" + "A" * 16):
        assert short_token_read(token) is None or isinstance(short_token_read(token), uuid.UUID)


@pytest.mark.django_db
def test_sent_with_title_and_link(
    inside: World, alice_member: Member, phone: Phone, texting: Texting
) -> None:
    row = send(delivery(alice_member))
    assert (row.state, row.provider, row.provider_key) == (S.SENT, "texting", "SM1")
    ((to, body, metadata),) = texting.took
    link = f"http://acme.localhost:8000/n/{short_token(row.id)}/"
    assert (to, body) == (NUMBER, f"Acme: 120 credits are left {link}")
    assert metadata == {"tenant_id": str(inside.acme.id), "delivery_id": str(row.id)}


@pytest.mark.django_db
def test_who_is_reachable(
    alice_member: Member, bob_member: Member, phone: Phone, texting: Texting, monkeypatch: Any
) -> None:
    from apps.notifications.audiences import readers_of

    readers = readers_of([alice_member, bob_member])
    assert SmsChannel().reachable(readers) == {alice_member.id}
    Phone.objects.update(verified_at=None)
    assert SmsChannel().reachable(readers) == set()
    Phone.objects.update(verified_at=timezone.now())
    monkeypatch.setattr(senders, "sms_providers", list)
    assert SmsChannel().reachable(readers) == set()


@pytest.mark.django_db
def test_a_number_that_is_gone_is_skipped(
    alice_member: Member, phone: Phone, texting: Texting
) -> None:
    row = delivery(alice_member)
    phone.delete()
    send(row)
    assert (row.state, row.reason) == (S.SKIPPED, Reason.NO_ADDRESS)
    assert texting.took == []


@pytest.mark.django_db
def test_the_plans_cap(
    alice_member: Member, phone: Phone, texting: Texting, entitle: Entitle
) -> None:
    entitle({SMS: 2})
    rows = [send(delivery(alice_member)) for _ in range(3)]
    assert [(one.state, one.reason) for one in rows] == [
        (S.SENT, Reason.CHOSEN),
        (S.SENT, Reason.CHOSEN),
        (S.SKIPPED, Reason.CAP_REACHED),
    ]
    assert len(texting.took) == 2


@pytest.mark.django_db
def test_the_numbers_cap_counts_nothing_against_the_plan(
    inside: World,
    alice_member: Member,
    phone: Phone,
    texting: Texting,
    entitle: Entitle,
    settings: Any,
) -> None:
    from apps.common import entitlements

    settings.NOTIFICATIONS_SMS_PER_DAY = 1
    entitle({SMS: 10})
    rows = [send(delivery(alice_member)) for _ in range(2)]
    assert [one.state for one in rows] == [S.SENT, S.SKIPPED]
    assert rows[1].reason == Reason.CAP_REACHED
    assert entitlements.room(inside.acme, SMS) == 9


@pytest.mark.django_db
def test_trying_again_is_counted_once(
    inside: World, alice_member: Member, phone: Phone, texting: Texting, entitle: Entitle
) -> None:
    from apps.common import entitlements

    entitle({SMS: 10})
    texting.fails = [Unavailable("away", 0)]
    row = send(delivery(alice_member))
    assert (row.state, row.attempts) == (S.PENDING, 1)
    assert send(row).state == S.SENT
    assert entitlements.room(inside.acme, SMS) == 9


@pytest.mark.django_db
def test_after_a_crash_the_provider_is_asked(
    alice_member: Member, phone: Phone, texting: Texting
) -> None:
    row = send(delivery(alice_member))
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(id=row.id).update(state=S.SENDING, lease_until=past, provider_key="")
    send(row)
    assert (row.state, row.provider_key, row.attempts) == (S.SENT, "SM1", 2)
    assert len(texting.took) == 1


@pytest.mark.django_db
def test_what_the_provider_tells(inside: World, alice_member: Member) -> None:
    row = delivery(alice_member)
    now = timezone.now()

    def tell(kind: str) -> tuple[str, str, bool]:
        event = SmsTracked(
            message_id="SM1",
            delivery_id=row.id,
            kind=kind,
            provider="twilio",
            reason="30005 Unknown destination",
            is_hard=True,
            occurred_at=now,
        )
        context = EventContext(uuid7(), event.event_name, inside.acme.id, SYSTEM, "", now, 1)
        note_sms_tracked(event, context)
        row.refresh_from_db()
        return row.state, row.error, row.arrived_at is not None

    assert tell("delivered") == (S.PENDING, "", False)
    Delivery.objects.filter(id=row.id).update(state=S.SENT)
    assert tell("sent") == (S.SENT, "", False)
    assert tell("delivered") == (S.DELIVERED, "", True)
    assert tell("failed") == (S.DELIVERED, "", True)
    Delivery.objects.filter(id=row.id).update(state=S.SENT, arrived_at=None)
    assert tell("bounced") == (S.BOUNCED, "30005 Unknown destination", False)
    assert tell("delivered") == (S.BOUNCED, "30005 Unknown destination", False)
