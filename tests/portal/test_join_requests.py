"""Joining by the domain of one's address: the person's workspaces, and the requests to one."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.organizations.models import JoinRequest, Member, Organization
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.accounts.support import make_email_domain
from tests.conftest import make_person
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_addresses import told, words

pytestmark = pytest.mark.django_db
LIST = "/invitations/requests/"


@pytest.fixture
def dana(acme: Tenant) -> Person:
    return make_person("Dana Diaz", "dana@acme.test")


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


@pytest.fixture
def request_of_dana(dana: Person, in_acme: None) -> JoinRequest:
    return JoinRequest.objects.create(person_id=dana.id, email=dana.email, name=dana.name)


def test_one_click_leads_into_the_workspace(sign_in: SignIn, dana: Person, acme: Tenant) -> None:
    visitor = sign_in(dana)
    assert "Your company is here already" not in words(visitor.get("/workspaces/"))
    make_email_domain(acme, verified=True, join_mode="automatic")
    page = visitor.get("/workspaces/")
    assert read(page.content).check() == []
    assert "Your company is here already" in words(page)
    assert "Acme You become a member at once" in words(page)
    joined = visitor.post(f"/workspaces/{acme.id}/join/")
    assert (joined.status_code, joined["Location"]) == (302, "http://acme.localhost:8000/")
    page = visitor.get("/workspaces/")
    assert "Your company is here already" not in words(page)
    assert "acme.localhost" in words(page)


def test_asking(
    sign_in: SignIn, client: Client, dana: Person, acme: Tenant, root: Organization,
    role: Callable[[str], Role],
) -> None:  # fmt: skip
    make_email_domain(acme, verified=True, join_mode="request")
    visitor = sign_in(dana)
    assert "Somebody there decides about your request" in words(visitor.get("/workspaces/"))
    asked = visitor.post(f"/workspaces/{acme.id}/join/")
    assert asked["Location"] == "/workspaces/"
    assert told(asked)[-1] == "Your request to join Acme is on its way."
    page = words(visitor.get("/workspaces/"))
    assert "You asked to join just now" in page
    assert "Ask to join" not in page
    with tenant_context(acme):
        request = JoinRequest.objects.get()
    page = client.get(LIST)
    assert read(page.content).check() == []
    assert "Requests to join 1" in words(page)
    assert "Dana Diaz dana@acme.test just now" in words(page)
    assert "Requests to join 1" in words(client.get("/invitations/"))
    form = client.get(f"{LIST}{request.id}/approve/")
    assert read(form.content).check() == []
    bad = client.post(f"{LIST}{request.id}/approve/", {"organization_id": root.id})
    assert bad.status_code == 422
    assert "Choose at least one role." in words(bad)
    good = {"role_ids": [str(role("member").id)], "organization_id": str(root.id)}
    done = client.post(f"{LIST}{request.id}/approve/", good)
    assert (done.status_code, done["Location"]) == (302, LIST)
    assert told(done)[-1] == "Dana Diaz is a member now."
    again = client.get(f"{LIST}{request.id}/approve/")
    assert (again.status_code, again["Location"]) == (302, LIST)
    assert "Nobody is waiting" in words(client.get(LIST))


def test_declining(
    sign_in: SignIn, client: Client, dana: Person, acme: Tenant, request_of_dana: JoinRequest
) -> None:
    make_email_domain(acme, verified=True, join_mode="request")
    done = client.post(f"{LIST}{request_of_dana.id}/decline/")
    assert told(done)[-1] == "The request of Dana Diaz is declined."
    assert told(client.post(f"{LIST}{request_of_dana.id}/decline/"))[-1] == (
        "Somebody has decided this request already."
    )
    visitor = sign_in(dana)
    assert "Your request was declined. You can ask again in 7 days" in words(
        visitor.get("/workspaces/")
    )
    refused = visitor.post(f"/workspaces/{acme.id}/join/")
    assert told(refused)[-1].startswith("Your last request was declined.")


def test_others(
    sign_in: SignIn, bob: Person, charlie: Person, acme: Tenant, request_of_dana: JoinRequest
) -> None:
    member, outsider = sign_in(bob, acme), sign_in(charlie, acme)
    for path in (LIST, f"{LIST}{request_of_dana.id}/approve/"):
        assert member.get(path).status_code == 403
        assert outsider.get(path).status_code == 404
    for tail in ("approve/", "decline/"):
        assert member.post(f"{LIST}{request_of_dana.id}/{tail}").status_code == 403
        assert outsider.post(f"{LIST}{request_of_dana.id}/{tail}").status_code == 404
    assert sign_in(charlie).post(f"/workspaces/{acme.id}/join/").status_code == 404
    assert Member.objects.count() == 2
    request_of_dana.refresh_from_db()
    assert request_of_dana.status == "pending"
