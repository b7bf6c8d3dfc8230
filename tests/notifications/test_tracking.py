"""What providers tell of mails."""

import itertools
from typing import Any

import pytest
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.ids import uuid7
from apps.events.registry import EventContext
from apps.messaging.enums import Tracked
from apps.messaging.events import EmailTracked
from apps.notifications.enums import DeliveryState, Reason
from apps.notifications.handlers_tracking import note_email_tracked
from apps.notifications.models import Delivery, Digest, Preference
from apps.organizations.models import Member
from tests.conftest import World
from tests.notifications.choosing import CATEGORY, timed
from tests.notifications.support import tell as publish
from tests.notifications.test_digests import tell_of

pytestmark = pytest.mark.django_db
S, T = DeliveryState, Tracked


def tracked(kind: T, delivery_id: Any, reason: str = "") -> EmailTracked:
    return EmailTracked(
        message_id="<id@acme>",
        delivery_id=delivery_id,
        kind=kind,
        provider="sendgrid",
        reason=reason,
        is_hard=True,
        occurred_at=timezone.now(),
    )


def hear(world: World, event: EmailTracked) -> None:
    actor = Actor.system("sendgrid")
    context = EventContext(uuid7(), event.event_name, world.acme.id, actor, "", timezone.now(), 1)
    note_email_tracked(event, context)


@pytest.fixture
def mail(inside: World, alice_member: Member) -> Delivery:
    tell_of()
    Delivery.objects.filter(channel="email").update(state=S.SENT, sent_at=timezone.now())
    return Delivery.objects.get(channel="email")


def test_it_arrived(inside: World, mail: Delivery) -> None:
    event = tracked(T.DELIVERED, mail.id)
    hear(inside, event)
    found = Delivery.objects.get(id=mail.id)
    assert (found.state, found.arrived_at) == (S.DELIVERED, event.occurred_at)
    assert (found.sent_at, found.reason) == (mail.sent_at, Reason.DEFAULT)


@pytest.mark.parametrize(
    ("kind", "state"), [(T.BOUNCED, S.BOUNCED), (T.REJECTED, S.FAILED), (T.FAILED, S.FAILED)]
)
def test_it_came_back(inside: World, mail: Delivery, kind: T, state: S) -> None:
    hear(inside, tracked(kind, mail.id, "no such mailbox"))
    found = Delivery.objects.get(id=mail.id)
    assert (found.state, found.error, found.reason) == (state, "no such mailbox", Reason.DEFAULT)


@pytest.mark.parametrize(
    "order", list(itertools.permutations([T.SENT, T.DEFERRED, T.DELIVERED, T.BOUNCED]))
)
def test_in_any_order_it_ends_the_same(inside: World, mail: Delivery, order: tuple[T, ...]) -> None:
    for kind in order:
        hear(inside, tracked(kind, mail.id, "full"))
    assert Delivery.objects.get(id=mail.id).state == S.BOUNCED


def test_who_died_before_it_noted_that_it_was_sent(inside: World, mail: Delivery) -> None:
    Delivery.objects.filter(id=mail.id).update(
        state=S.SENDING, sent_at=None, lease_until=timezone.now(), attempts=1
    )
    event = tracked(T.DELIVERED, mail.id)
    hear(inside, event)
    found = Delivery.objects.get(id=mail.id)
    assert (found.state, found.sent_at, found.lease_until) == (S.DELIVERED, event.occurred_at, None)
    assert (found.provider, found.provider_key) == ("sendgrid", "<id@acme>")


@pytest.mark.parametrize("state", [S.SKIPPED, S.MERGED, S.BOUNCED, S.FAILED])
def test_never_back(inside: World, mail: Delivery, state: S) -> None:
    Delivery.objects.filter(id=mail.id).update(state=state)
    hear(inside, tracked(T.DELIVERED, mail.id))
    assert Delivery.objects.get(id=mail.id).state == state


def test_of_a_digest(inside: World, alice_member: Member) -> None:
    timed(alice_member, digest="daily")
    tell_of()
    digest = Digest.objects.get()
    Digest.objects.update(state=S.SENT)
    hear(inside, tracked(T.DELIVERED, digest.id))
    assert Digest.objects.get().state == S.DELIVERED
    found = Delivery.objects.get(channel="email")
    assert (found.state, found.shown_state) == (S.MERGED, S.DELIVERED)
    hear(inside, tracked(T.COMPLAINED, digest.id))
    assert Preference.objects.filter(is_unsubscribed=True).count() == 6


@pytest.mark.parametrize("kind", [T.COMPLAINED, T.UNSUBSCRIBED])
def test_who_does_not_want_it_is_unsubscribed(inside: World, mail: Delivery, kind: T) -> None:
    for _time in range(2):
        hear(inside, tracked(kind, mail.id))
    found = Preference.objects.get()
    assert (found.subject, found.channel, found.is_unsubscribed) == (CATEGORY, "email", True)
    assert Delivery.objects.get(id=mail.id).state == S.SENT


def test_of_what_is_none_of_ours(inside: World, mail: Delivery) -> None:
    for kind in T:
        hear(inside, tracked(kind, uuid7()))
        hear(inside, tracked(kind, None))
    assert Delivery.objects.get(id=mail.id).state == S.SENT
    assert Preference.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_it_is_heard(inside: World, mail: Delivery) -> None:
    publish(tracked(T.DELIVERED, mail.id))
    assert Delivery.objects.get(id=mail.id).state == S.DELIVERED
