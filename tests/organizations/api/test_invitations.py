from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.models import Invitation, Member, Organization
from apps.organizations.services import invitation_create
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.api.client import MISSING, same_problem, statements
from tests.conftest import Entitle

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation(owner: Actor, root: Organization, role: Callable[[str], Role]) -> Invitation:
    return invitation_create(
        actor=owner,
        email="dana@example.com",
        role_ids=[role("member").id],
        organization_id=root.id,
    )


def test_create_invites_at_the_root(
    api: Any, alice: Person, alice_member: Member, root: Organization, role: Callable[[str], Role]
) -> None:
    body = {"email": " Dana@Example.com ", "role_ids": [role("member").id]}
    response = api(alice).post("invitations/", body)
    assert response.status_code == 201
    made = response.json()
    assert made["email"] == "dana@example.com"
    assert made["status"] == "pending"
    assert made["organization"] == {"id": str(root.id), "name": "Acme"}
    assert made["invited_by"]["id"] == str(alice_member.id)
    assert (made["member_id"], made["sent_at"], made["accepted_at"]) == (None, None, None)
    assert response["Location"] == f"/api/v1/invitations/{made['id']}/"
    assert "nonce" not in made
    event = OutboxEvent.objects.order_by("-position").first()
    assert event is not None
    assert event.name == "organizations.member_invited"


def test_create_refuses_who_is_there_already(
    api: Any, alice: Person, invitation: Invitation, role: Callable[[str], Role]
) -> None:
    for email, code in (("BOB@acme.test", "already_member"), (invitation.email, "already_invited")):
        response = api(alice).post(
            "invitations/", {"email": email, "role_ids": [role("member").id]}
        )
        assert (response.status_code, response.json()["code"]) == (409, code)
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"email": "not an address"}, "email"),
        ({"email": 7}, "email"),
        ({"email": "x" * 250 + "@example.com"}, "email"),
        ({"email": None}, "email"),
        ({"role_ids": []}, "role_ids"),
        ({"role_ids": "member"}, "role_ids"),
        ({"role_ids": ["x"]}, "role_ids.0"),
        ({"role_ids": [MISSING]}, "role_ids"),
        ({"role_ids": {}}, "role_ids"),
        ({"organization_id": "x"}, "organization_id"),
    ],
)
def test_create_refuses_bad_input(
    api: Any, alice: Person, role: Callable[[str], Role], changes: dict[str, Any], attr: str
) -> None:
    body = {"email": "dana@example.com", "role_ids": [str(role("member").id)], **changes}
    response = api(alice).post("invitations/", body)
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [attr]
    assert not Invitation.objects.exists()


def test_list_and_filter_by_state(api: Any, alice: Person, invitation: Invitation) -> None:
    client = api(alice)
    listed = client.get("invitations/").json()["results"]
    assert [row["id"] for row in listed] == [str(invitation.id)]
    assert client.get("invitations/", state="pending").json()["results"] == listed
    assert client.get("invitations/", state="expired").json()["results"] == []
    assert client.get("invitations/", state="open").status_code == 400
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get("invitations/", state="pending").json()["results"] == []
    expired = client.get("invitations/", state="expired").json()["results"]
    assert [row["status"] for row in expired] == ["expired"]


def test_list_takes_four_statements(
    bearer: Any, alice: Person, owner: Actor, root: Organization, role: Callable[[str], Role]
) -> None:
    client = bearer(alice)
    for n in range(6):
        invitation_create(
            actor=owner,
            email=f"p{n}@example.com",
            role_ids=[role("member").id],
            organization_id=root.id,
        )
    with statements(4):
        assert len(client.get("invitations/").json()["results"]) == 6


def test_resend_makes_a_new_link_and_revoke_closes(
    api: Any, alice: Person, invitation: Invitation
) -> None:
    client, path = api(alice), f"invitations/{invitation.id}/"
    again = client.post(f"{path}resend/")
    assert (again.status_code, again.json()["status"]) == (200, "pending")
    nonce = invitation.nonce
    invitation.refresh_from_db()
    assert invitation.nonce != nonce
    assert client.post(f"{path}revoke/").json()["status"] == "revoked"
    for action in ("resend", "revoke"):
        closed = client.post(f"{path}{action}/")
        assert (closed.status_code, closed.json()["code"]) == (409, "invitation_closed")
    assert client.get(path).json()["status"] == "revoked"


def test_who_may(
    api: Any, bob: Person, charlie: Person, invitation: Invitation, role: Callable[[str], Role]
) -> None:
    before = Invitation.objects.values().get()
    path = f"invitations/{invitation.id}/"
    body = {"email": "eve@example.com", "role_ids": [str(role("member").id)]}
    for person, status in ((bob, 403), (charlie, 404), (None, 401)):
        client = api(person)
        assert client.get("invitations/").status_code == status
        assert client.get(path).status_code == status
        assert client.post("invitations/", body).status_code == status
        assert client.post(f"{path}resend/").status_code == status
        assert client.post(f"{path}revoke/").status_code == status
    assert Invitation.objects.values().get() == before


def test_another_tenants_invitation_is_like_a_missing_one(
    api: Any, charlie: Person, globex: Tenant, invitation: Invitation, acme: Tenant
) -> None:
    before = Invitation.objects.values().get()
    client = api(charlie, globex)
    for method, action in (("GET", ""), ("POST", "resend/"), ("POST", "revoke/")):
        there = client(method, f"invitations/{invitation.id}/{action}")
        assert there.status_code == 404
        same_problem(there, client(method, f"invitations/{MISSING}/{action}"))
    with tenant_context(acme):
        assert Invitation.objects.values().get() == before


def test_search(api: Any, alice: Person, in_acme: None, role: Any) -> None:
    client = api(alice)
    for email in ("dana@b.test", "eve@b.test"):
        client.post("invitations/", {"email": email, "role_ids": [role("member").id]})
    found = client.get("invitations/", q="DANA", state="pending").json()["results"]
    assert [one["email"] for one in found] == ["dana@b.test"]
    assert client.get("invitations/", q="x" * 101).status_code == 400


def test_no_seat_is_left(
    api: Any, alice: Person, in_acme: None, role: Any, entitle: Entitle
) -> None:
    entitle({"organizations.seats": 2})
    client = api(alice)
    body = {"email": "dana@b.test", "role_ids": [role("member").id]}
    refused = client.post("invitations/", body)
    assert (refused.status_code, refused.json()["code"]) == (402, "entitlement_exceeded")
    assert "take an invitation back" in refused.json()["detail"]
    rows = client.post("invitations/bulk/", {"invitations": [{"email": "dana@b.test"}]}).json()
    assert [one["code"] for one in rows["results"]] == ["entitlement_exceeded"]
    assert not Invitation.objects.exists()
