"""From an event to inboxes and deliveries."""

from typing import Any

import pytest
from django.utils import timezone

from apps.common.actors import Actor, ActorKind
from apps.common.ids import uuid7
from apps.common.notifying import notification_type
from apps.events.registry import EventContext
from apps.notifications import handing_out
from apps.notifications.enums import DeliveryState, Reason
from apps.notifications.handing_out import notification_hand_out, notifications_note
from apps.notifications.models import Delivery, InboxItem, Notification
from apps.notifications.unread import unread_count
from apps.organizations.events import MemberJoined, RoleBindingChanged
from apps.organizations.models import Member, Organization
from apps.organizations.services import member_join
from apps.roles.selectors import role_by_code
from tests.conftest import World, make_person
from tests.notifications.support import SYSTEM, limit_neared, tell

pytestmark = pytest.mark.django_db


def context_of(event: Any, world: World, actor: Actor = SYSTEM) -> EventContext:
    return EventContext(uuid7(), event.event_name, world.acme.id, actor, "", timezone.now(), 1)


def note(world: World, code: str, event: Any, actor: Actor = SYSTEM) -> Notification | None:
    kind = notification_type(code)
    assert kind is not None
    ids = notifications_note(kind, [(event, context_of(event, world, actor))])
    return Notification.objects.get(id=ids[0]) if ids else None


def hand_out(world: World, code: str, event: Any, actor: Actor = SYSTEM) -> list[Member]:
    """Who has it in the inbox."""
    found = note(world, code, event, actor)
    assert found is not None
    assert notification_hand_out(notification_id=found.id) is True
    items = InboxItem.objects.filter(notification=found).select_related("member")
    return [one.member for one in items.order_by("member_id")]


def many_admins(count: int) -> list[Member]:
    root, admin = Organization.objects.get(depth=1), role_by_code("admin")
    return [
        member_join(
            actor=SYSTEM,
            person=make_person(f"P {n}", f"p{n}@acme.test"),
            organization=root,
            roles=[admin],
        )
        for n in range(count)
    ]


def test_who_holds_the_permission_is_told(inside: World, alice_member: Member) -> None:
    assert hand_out(inside, "billing.limit_neared", limit_neared(inside.acme)) == [alice_member]
    found = Notification.objects.get()
    assert (found.member_count, found.reached_member_id) == (1, None)
    assert found.handed_out_at is not None
    assert unread_count(alice_member.id) == 1
    by = {one.channel: one for one in Delivery.objects.all()}
    assert set(by) == {"email", "push"}
    assert (by["email"].state, by["email"].reason) == (DeliveryState.PENDING, Reason.DEFAULT)
    assert (by["push"].state, by["push"].reason) == (DeliveryState.SKIPPED, Reason.DEFAULT)


def test_who_did_it_is_not_told(inside: World, alice_member: Member, bob_member: Member) -> None:
    event = MemberJoined(member_id=bob_member.id, person_id=inside.bob.id, email="bob@acme.test")
    did = Actor(ActorKind.PERSON, "alice@acme.test", person_id=inside.alice.id)
    assert hand_out(inside, "organizations.member_joined", event, did) == []
    himself = Actor(ActorKind.PERSON, "bob@acme.test", person_id=inside.bob.id)
    assert hand_out(inside, "organizations.member_joined", event, himself) == [alice_member]
    # As with a new workspace, whose owner knows.
    assert note(inside, "organizations.member_joined", event) is None


def test_who_it_is_about_is_told_and_what_comes_with_joining_is_not(
    inside: World, bob_member: Member
) -> None:
    root = Organization.objects.get(depth=1)
    given = RoleBindingChanged(
        member_id=bob_member.id, role="admin", organization_id=root.id, change="given"
    )
    assert note(inside, "organizations.role_given", given) is None
    assert note(inside, "organizations.role_taken", given) is None
    did = Actor(ActorKind.PERSON, "alice@acme.test", person_id=inside.alice.id)
    assert hand_out(inside, "organizations.role_given", given, did) == [bob_member]


def test_it_is_noted_and_handed_out_once(inside: World) -> None:
    event = limit_neared(inside.acme)
    kind = notification_type("billing.limit_neared")
    assert kind is not None
    context = context_of(event, inside)
    first = notifications_note(kind, [(event, context)])
    notifications_note(kind, [(event, context), (event, context)])
    assert [one.id for one in Notification.objects.all()] == first
    for _ in range(3):
        assert notification_hand_out(notification_id=first[0]) is True
    assert InboxItem.objects.count() == 1
    assert Delivery.objects.count() == 2
    assert Notification.objects.get().member_count == 1


def test_page_by_page_goes_on_where_it_ended(
    inside: World, alice_member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    admins = many_admins(4)
    monkeypatch.setattr(handing_out, "AT_ONCE", 2)
    event = MemberJoined(member_id=admins[0].id, person_id=admins[0].person_id, email="x@acme.test")
    joined = Actor(ActorKind.PERSON, "x@acme.test", person_id=uuid7())
    found = note(inside, "organizations.member_joined", event, joined)
    assert found is not None
    assert notification_hand_out(notification_id=found.id) is False
    found.refresh_from_db()
    assert (found.member_count, found.handed_out_at) == (2, None)
    assert notification_hand_out(notification_id=found.id) is False
    assert notification_hand_out(notification_id=found.id) is True
    found.refresh_from_db()
    assert found.member_count == 5
    told = InboxItem.objects.filter(notification=found).values_list("member_id", flat=True)
    assert set(told) == {alice_member.id, *(one.id for one in admins)}


def test_another_workspace_hears_nothing(inside: World) -> None:
    from apps.common.tenancy import tenant_context

    hand_out(inside, "billing.limit_neared", limit_neared(inside.acme))
    with tenant_context(inside.globex):
        assert (Notification.objects.count(), InboxItem.objects.count()) == (0, 0)


def test_a_type_that_is_no_more_is_settled(inside: World) -> None:
    found = Notification.objects.create(kind="gone.thing", event_id=uuid7())
    assert notification_hand_out(notification_id=found.id) is True
    found.refresh_from_db()
    assert found.handed_out_at is not None


@pytest.mark.django_db(transaction=True)
def test_from_the_event_to_the_mail(
    inside: World, alice_member: Member, mailoutbox: list[Any], send_all: Any
) -> None:
    tell(limit_neared(inside.acme))
    kinds = Notification.objects.values_list("kind", flat=True)
    assert "billing.limit_neared" in kinds
    send_all()
    (mail,) = [one for one in mailoutbox if one.subject == "Seats: 8 of 10 are used"]
    assert mail.to == ["alice@acme.test"]
    delivery = Delivery.objects.get(channel="email", state=DeliveryState.SENT)
    assert (delivery.provider, delivery.attempts) == ("smtp", 1)
    assert mail.extra_headers["Message-ID"] == f"<{delivery.id}@acme.localhost>"
    assert delivery.provider_key == mail.extra_headers["Message-ID"]
