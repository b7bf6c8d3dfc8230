"""Settings, Provisioning: tokens, and what groups stand for."""

import re
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Person, ScimToken
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, RoleBinding
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.conftest import World
from tests.organizations.scim.conftest import make_scim
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_addresses import told, words

pytestmark = pytest.mark.django_db
PAGE = "/settings/provisioning/"
NEW = f"{PAGE}tokens/new/"


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def test_a_token_is_shown_once_works_and_is_revoked(client: Client, world: World) -> None:
    empty = client.get(PAGE)
    for text in ("http://acme.localhost:8000/scim/v2", "Create one to begin", "None yet"):
        assert text in words(empty)
    refused = client.post(NEW, {"label": "", "expires_in_days": "365"})
    assert (refused.status_code, ScimToken.objects.count()) == (422, 0)
    made = client.post(NEW, {"label": "Entra", "expires_in_days": ""})
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    assert read(made.content).check() == []
    (secret,) = set(re.findall(r"scim_[0-9a-f]{72}", made.content.decode()))
    program = Client(HTTP_HOST="acme.localhost:8000", headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/scim/v2/Users").status_code == 200
    again = client.get(PAGE)
    assert secret not in again.content.decode()
    for text in ("Entra", f"…{secret[-4:]}", "does not expire", "made by alice@acme.test"):
        assert text in words(again)
    token = ScimToken.objects.get()
    revoked = client.post(f"{PAGE}tokens/{token.id}/revoke/")
    assert (revoked.status_code, revoked["Location"]) == (302, PAGE)
    assert told(revoked)[-1] == "The token “Entra” is void."
    assert program.get("/scim/v2/Users").status_code == 401
    assert "Revoked" in words(client.get(PAGE))


def test_there_are_four_good_tokens_at_most(client: Client, world: World) -> None:
    for _ in range(4):
        make_scim(world, world.acme)
    refused = client.post(NEW, {"label": "Fifth", "expires_in_days": "365"})
    assert refused.status_code == 422
    assert "There are four tokens already." in words(refused)


def test_groups_are_mapped_to_roles(client: Client, world: World) -> None:
    assert "No groups yet" in words(client.get(f"{PAGE}groups/"))
    scim = make_scim(world, world.acme)
    group = scim.group("Engineering", scim.find("bob@acme.test")["id"])
    url = f"{PAGE}groups/{group['id']}/"
    listed = words(client.get(f"{PAGE}groups/"))
    assert "Engineering" in listed
    assert "1 member" in listed
    page = client.get(url)
    assert read(page.content).check() == []
    assert "Bob Baker" in words(page)
    with tenant_context(world.acme):
        admin = Role.objects.get(code="admin")
        owner = Role.objects.get(code="owner")
        root = Organization.objects.get(depth=1)
    choice = {"role_id": admin.id, "organization_id": root.id}
    mapped = client.post(url, choice)
    assert (mapped.status_code, mapped["Location"]) == (302, url)
    assert told(mapped)[-1] == "Engineering gives Administrator from now on."
    assert "Administrator at Acme" in words(client.get(f"{PAGE}groups/"))
    assert client.post(url, {**choice, "role_id": owner.id}).status_code == 422
    with tenant_context(world.acme):
        assert RoleBinding.objects.get(group_id=group["id"]).role == admin
        member_id = Member.objects.get(email="bob@acme.test").id
    assert "through the group Engineering" in words(client.get(f"/members/{member_id}/"))
    client.post(url, {"role_id": "", "organization_id": root.id})
    with tenant_context(world.acme):
        assert not RoleBinding.objects.filter(group_id=group["id"]).exists()
    assert client.get(f"{PAGE}groups/{MISSING}/").status_code == 404


@pytest.mark.parametrize("path", [PAGE, NEW, f"{PAGE}groups/", f"{PAGE}groups/{MISSING}/"])
def test_plain_members_have_none_of_it(
    sign_in: SignIn, bob: Person, acme: Tenant, path: str
) -> None:
    client = sign_in(bob, acme)
    assert client.get(path).status_code == 403
    assert client.post(NEW, {"label": "x"}).status_code == 403
    assert not ScimToken.objects.exists()
    assert "Provisioning" not in words(client.get("/settings/"))


def test_another_workspaces_tokens_and_groups_are_not_there(client: Client, world: World) -> None:
    theirs = make_scim(world, world.globex)
    group = theirs.group("Theirs")
    token = ScimToken.objects.get()
    assert client.post(f"{PAGE}tokens/{token.id}/revoke/").status_code == 404
    assert client.get(f"{PAGE}groups/{group['id']}/").status_code == 404
    answer: Any = client.post(f"{PAGE}groups/{group['id']}/", {})
    assert answer.status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
