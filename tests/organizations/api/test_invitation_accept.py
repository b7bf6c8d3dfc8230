from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.organizations.invitation_tokens import token_make
from apps.organizations.models import Invitation, Member, Organization
from apps.organizations.services import invitation_create, invitation_resend
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.conftest import make_person

pytestmark = pytest.mark.django_db
PATH = "invitations/accept/"


@pytest.fixture
def dana(acme: Tenant) -> Person:
    return make_person("Dana Vos", "dana@example.com")


@pytest.fixture
def invitation(owner: Actor, root: Organization, role: Callable[[str], Role]) -> Invitation:
    return invitation_create(
        actor=owner,
        email="Dana@example.com",
        role_ids=[role("admin").id],
        organization_id=root.id,
    )


@pytest.fixture
def token(acme: Tenant, invitation: Invitation) -> str:
    return token_make(acme.id, invitation.id, invitation.nonce)


def test_accept_on_the_public_host(
    bearer: Any, api: Any, dana: Person, acme: Tenant, token: str
) -> None:
    response = bearer(dana, None).post(PATH, {"token": token})
    assert response.status_code == 200
    member = Member.objects.get(person_id=dana.id)
    assert response.json() == {
        "tenant": {
            "id": str(acme.id),
            "slug": "acme",
            "name": "Acme",
            "status": "ready",
            "url": "http://acme.localhost:8000/",
        },
        "member_id": str(member.id),
    }
    me = api(dana).get(f"members/{member.id}/").json()
    assert [held["role"]["code"] for held in me["roles"]] == ["admin"]


def test_accept_on_any_host(
    bearer: Any, dana: Person, acme: Tenant, globex: Tenant, token: str
) -> None:
    """A tenant's host or an X-Tenant that the person is no member of makes no difference."""
    assert bearer(dana, globex).post(PATH, {"token": "x"}).json()["code"] == "not_found"
    client = bearer(dana, acme, **{"X-Tenant": "nobody-there"})
    assert client.post(PATH, {"token": token}).status_code == 200


def test_twice_is_gone(bearer: Any, dana: Person, token: str) -> None:
    client = bearer(dana, None)
    assert client.post(PATH, {"token": token}).status_code == 200
    again = client.post(PATH, {"token": token})
    assert (again.status_code, again.json()["code"]) == (410, "invitation_accepted")
    assert Member.objects.filter(person_id=dana.id).count() == 1


def test_revoked_expired_and_replaced_are_gone(
    api: Any, dana: Person, owner: Actor, invitation: Invitation, token: str
) -> None:
    client = api(dana, None)
    invitation_resend(actor=owner, invitation_id=invitation.id)
    now = timezone.now()
    for code, changes in (
        ("replaced", {}),
        ("expired", {"expires_at": now - timedelta(seconds=1)}),
        ("revoked", {"revoked_at": now}),
    ):
        Invitation.objects.filter(id=invitation.id).update(**changes)
        response = client.post(PATH, {"token": token})
        assert (response.status_code, response.json()["code"]) == (410, f"invitation_{code}")
    assert not Member.objects.filter(person_id=dana.id).exists()


def test_another_person_and_nobody(
    api: Any, charlie: Person, invitation: Invitation, token: str
) -> None:
    response = api(charlie, None).post(PATH, {"token": token})
    assert (response.status_code, response.json()["code"]) == (403, "invitation_for_another")
    assert api(None, None).post(PATH, {"token": token}).status_code == 401
    invitation.refresh_from_db()
    assert invitation.accepted_at is None
    assert Member.objects.count() == 2


@pytest.mark.parametrize("forged", ["x", "a:b:c", "é" * 20, "::::", "W10:1:2", "x" * 1000, "…"])
def test_forged_tokens_are_not_found(api: Any, dana: Person, forged: str) -> None:
    assert api(dana, None).post(PATH, {"token": forged}).status_code == 404


def test_a_tampered_token_is_not_found(api: Any, dana: Person, token: str) -> None:
    for tampered in (token[:-1] + ("A" if token[-1] != "A" else "B"), "A" + token, token.upper()):
        assert api(dana, None).post(PATH, {"token": tampered}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"token": 7}, {"token": None}, {"token": "x" * 1001}])
def test_bad_input(api: Any, dana: Person, body: dict[str, Any]) -> None:
    response = api(dana, None).post(PATH, body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "token"
