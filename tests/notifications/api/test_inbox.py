"""The caller's own inbox over the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.notifications.models import InboxItem, Notification
from apps.organizations.models import Member
from tests.api.client import statements
from tests.conftest import World

pytestmark = pytest.mark.django_db
# The tenant and the person, which are remembered where caches are on.
WHO = 2
MISSING = "0197c2a4-0000-7000-8000-000000000000"


def told(member: Member, email: str = "dana@example.com", **times: Any) -> InboxItem:
    notification = Notification.objects.create(
        kind="organizations.member_joined",
        event_id=uuid7(),
        params={"email": email, "member_id": str(member.id)},
    )
    return InboxItem.objects.create(notification=notification, member=member, **times)


def test_a_list_of_what_one_was_told(
    inside: World, alice_member: Member, bob_member: Member, api: Callable[..., Any]
) -> None:
    first, second = told(alice_member), told(alice_member, "eve@example.com")
    told(bob_member)
    archived = told(alice_member, read_at=timezone.now(), archived_at=timezone.now())
    alice = api(inside.alice)
    found = alice.get("notifications/").json()
    assert [one["id"] for one in found["results"]] == [str(second.id), str(first.id)]
    assert found["results"][1] == {
        "id": str(first.id),
        "type": "organizations.member_joined",
        "category": "people",
        "urgency": "normal",
        "title": "dana@example.com joined Acme",
        "body": "",
        "action": "Look at the member",
        "url": f"http://acme.localhost:8000/members/{alice_member.id}/",
        "created_at": found["results"][1]["created_at"],
        "read_at": None,
        "archived_at": None,
    }
    archive = alice.get("notifications/", archived="true").json()["results"]
    assert [one["id"] for one in archive] == [str(archived.id)]
    assert alice.get("notifications/", category="plan").json()["results"] == []
    assert len(alice.get("notifications/", category="people").json()["results"]) == 2
    assert alice.get("notifications/unread-count/").json() == {"count": 2}


def test_reading_archiving_and_back(
    inside: World, alice_member: Member, api: Callable[..., Any]
) -> None:
    item, alice = told(alice_member), api(inside.alice)
    path = f"notifications/{item.id}/"
    read = alice.post(f"{path}read/").json()
    assert read["read_at"] is not None
    assert alice.post(f"{path}read/").json()["read_at"] == read["read_at"]
    assert alice.get("notifications/unread-count/").json() == {"count": 0}
    assert alice.get("notifications/", unread="true").json()["results"] == []
    assert alice.post(f"{path}unread/").json()["read_at"] is None
    assert alice.get("notifications/unread-count/").json() == {"count": 1}
    archived = alice.post(f"{path}archive/").json()
    assert None not in (archived["read_at"], archived["archived_at"])
    assert alice.get("notifications/").json()["results"] == []
    assert alice.get(path).json()["id"] == str(item.id)
    restored = alice.post(f"{path}restore/").json()
    assert (restored["archived_at"], restored["read_at"]) == (None, archived["read_at"])


def test_all_at_once_until_what_one_had_seen(
    inside: World, alice_member: Member, bob_member: Member, api: Callable[..., Any]
) -> None:
    old, bobs = told(alice_member), told(bob_member)
    InboxItem.objects.filter(id=old.id).update(created_at=timezone.now() - timedelta(hours=1))
    new, alice = told(alice_member), api(inside.alice)
    until = (timezone.now() - timedelta(minutes=30)).isoformat()
    assert alice.post("notifications/read-all/", {"until": until}).json() == {"count": 1}
    new.refresh_from_db()
    assert new.read_at is None
    assert alice.post("notifications/read-all/").json() == {"count": 1}
    assert alice.post("notifications/read-all/").json() == {"count": 0}
    bobs.refresh_from_db()
    assert bobs.read_at is None


@pytest.mark.parametrize("act", ["read", "unread", "archive", "restore"])
def test_nobody_touches_anothers(
    inside: World, bob_member: Member, api: Callable[..., Any], act: str
) -> None:
    item = told(bob_member)
    with tenant_context(inside.globex):
        theirs = told(Member.objects.get(person_id=inside.charlie.id))
    for one in (item.id, theirs.id, MISSING):
        assert api(inside.alice).post(f"notifications/{one}/{act}/").status_code == 404
        assert api(inside.alice).get(f"notifications/{one}/").status_code == 404
    item.refresh_from_db()
    assert (item.read_at, item.archived_at) == (None, None)


def test_bad_input_is_told(inside: World, api: Callable[..., Any]) -> None:
    alice = api(inside.alice)
    assert alice.get("notifications/", unread="perhaps").status_code == 400
    assert alice.get("notifications/", nonsense="1").status_code == 400
    assert alice.post("notifications/read-all/", {"until": "yesterday"}).status_code == 400
    assert api(None).get("notifications/").status_code == 401


def test_what_the_list_costs(inside: World, alice_member: Member, api: Callable[..., Any]) -> None:
    for _ in range(3):
        told(alice_member)
    alice = api(inside.alice)
    alice.get("notifications/")
    with statements(WHO + 2):
        assert len(alice.get("notifications/").json()["results"]) == 3
    for _ in range(20):
        told(alice_member)
    with statements(WHO + 2):
        assert len(alice.get("notifications/").json()["results"]) == 23
