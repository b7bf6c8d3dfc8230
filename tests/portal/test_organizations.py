"""Moving an organization on its page: choose, see what would change, confirm."""

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import organizations_for
from apps.organizations.services import binding_create, organization_create
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


@pytest.fixture
def tree(owner: Actor, root: Organization) -> dict[str, Organization]:
    """Sales with North below it, and Finance beside Sales."""

    def make(name: str, parent: Organization) -> Organization:
        return organization_create(actor=owner, name=name, parent_id=parent.id)

    sales = make("Sales", root)
    return {"Sales": sales, "North": make("North", sales), "Finance": make("Finance", root)}


def parent_of(actor: Actor, name: str) -> object:
    return next(one.parent_id for one in organizations_for(actor) if one.name == name)


def test_the_places_offered(client, tree, root: Organization) -> None:
    response = client.get(f"/organizations/{tree['Sales'].id}/move/")
    assert response.status_code == 200
    offered = [name.strip() for _id, name in response.context["form"]["parent_id"].field.choices]
    assert offered == ["Finance"]  # neither where it is nor what is inside it
    assert read(response.content).check() == []


def test_the_preview_changes_nothing_and_the_confirmation_moves(
    client, tree, owner: Actor, bob_member: Member, role
) -> None:
    north, sales, finance = tree["North"], tree["Sales"], tree["Finance"]
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=finance.id
    )
    path = f"/organizations/{north.id}/move/"
    response = client.get(path, {"parent_id": str(finance.id)})
    assert response.status_code == 200
    preview = response.context["preview"]
    assert (preview.organizations, preview.access.gaining, preview.access.losing) == (
        1,
        [bob_member],
        [],
    )
    assert read(response.content).check() == []
    assert "Bob Baker" in response.content.decode()
    assert parent_of(owner, "North") == sales.id
    moved = client.post(path, {"parent_id": str(finance.id)})
    assert moved.headers["Location"] == "/organizations/"
    assert parent_of(owner, "North") == finance.id


@pytest.mark.parametrize("parent_id", ["", "x", "00000000-0000-0000-0000-000000000000", "North"])
def test_places_that_are_none_are_refused(client, tree, owner: Actor, root, parent_id: str) -> None:
    data = {"parent_id": str(tree[parent_id].id) if parent_id in tree else parent_id}
    path = f"/organizations/{tree['Sales'].id}/move/"
    for response in (client.get(path, data), client.post(path, data)):
        assert response.status_code == 422
        assert read(response.content).check() == []
    assert parent_of(owner, "Sales") == root.id


def test_a_name_that_is_taken_there_is_said_before_the_move(client, tree, owner: Actor) -> None:
    finance = tree["Finance"]
    twin = organization_create(actor=owner, name="North", parent_id=finance.id)
    response = client.get(f"/organizations/{twin.id}/move/", {"parent_id": tree["Sales"].id})
    assert response.status_code == 422
    assert "There is one with this name" in response.content.decode()


def test_a_post_without_a_place_moves_nothing(client, tree, owner: Actor, root) -> None:
    assert client.post(f"/organizations/{tree['Sales'].id}/move/").status_code == 200
    assert parent_of(owner, "Sales") == root.id


def test_the_root_stays(client, root: Organization) -> None:
    assert client.get(f"/organizations/{root.id}/move/").status_code == 409
    assert "/move/" not in client.get(f"/organizations/{root.id}/").content.decode()


def test_who_may_not_move_is_refused(sign_in: SignIn, acme, globex, bob, charlie, tree) -> None:
    path = f"/organizations/{tree['North'].id}/move/"
    member = sign_in(bob, acme)
    assert member.get(path).status_code == 403
    assert member.post(path, {"parent_id": str(tree["Finance"].id)}).status_code == 403
    detail = member.get(f"/organizations/{tree['North'].id}/").content.decode()
    assert "/move/" not in detail
    assert sign_in(charlie, globex).get(path).status_code == 404
