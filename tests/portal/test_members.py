import uuid

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import member_move, organization_create
from apps.tenants.models import Tenant
from tests.conftest import make_person
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant):
    return sign_in(alice, acme)


@pytest.fixture
def crowd(root: Organization) -> list[Member]:
    """60 members besides alice and bob: more than a page."""
    found = []
    for number in range(60):
        person = make_person(f"Crowd {number:02}", f"crowd{number:02}@acme.test")
        found.append(
            Member.objects.create(
                person_id=person.id, email=person.email, name=person.name, organization=root
            )
        )
    return found


def names(response) -> list[str]:
    return [member.name for member in response.context["page"].items]


def test_pages_of_fifty_forth_and_back(client, crowd) -> None:
    first = client.get("/members/?status=active")
    assert len(names(first)) == 50
    assert first.context["page"].previous_url == ""
    second = client.get("/members/" + first.context["page"].next_url)
    assert len(names(second)) == 12
    assert second.context["page"].next_url == ""
    assert "status=active" in second.context["page"].previous_url
    again = client.get("/members/" + second.context["page"].previous_url)
    assert names(again) == names(first)
    assert again.context["page"].previous_url == ""


@pytest.mark.parametrize("cursor", ["x", "'", "0" * 500, "%F0%9F%A6%84"])
def test_a_cursor_that_is_none_is_ignored(client, cursor: str) -> None:
    assert names(client.get(f"/members/?after={cursor}&before={cursor}")) == [
        "Alice Archer",
        "Bob Baker",
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=bob", ["Bob Baker"]),
        ("q=BAKER+bob", ["Bob Baker"]),
        ("q=alice%40acme", ["Alice Archer"]),
        ("q=%25", []),
        ("role=owner", ["Alice Archer"]),
        ("status=deactivated", []),
        ("status=nonsense", ["Alice Archer", "Bob Baker"]),
        ("role=nonsense", []),
    ],
)
def test_filters(client, query: str, expected: list[str]) -> None:
    assert names(client.get(f"/members/?{query}")) == expected


def test_the_filter_by_organization_counts_what_is_below(
    client, owner: Actor, root: Organization, bob_member: Member
) -> None:
    sales = organization_create(actor=owner, name="Sales", parent_id=root.id)
    north = organization_create(actor=owner, name="North", parent_id=sales.id)
    other = organization_create(actor=owner, name="Finance", parent_id=root.id)
    member_move(actor=owner, member_id=bob_member.id, organization_id=north.id)
    expected = {
        str(sales.id): ["Bob Baker"],
        str(north.id): ["Bob Baker"],
        str(other.id): [],
        str(root.id): ["Alice Archer", "Bob Baker"],
        str(uuid.uuid4()): [],
        "nonsense": ["Alice Archer", "Bob Baker"],
    }
    for organization, found in expected.items():
        assert names(client.get(f"/members/?organization={organization}")) == found
    page = client.get(f"/members/?organization={sales.id}")
    assert f'<option value="{sales.id}" selected>' in page.content.decode()
    assert read(page.content).check() == []


def test_give_and_revoke_a_role(client, bob_member: Member, root: Organization, role) -> None:
    admin = role("admin")
    data = {"role_id": str(admin.id), "organization_id": str(root.id)}
    response = client.post(f"/members/{bob_member.id}/roles/new/", data)
    assert response.status_code == 302
    assert response.headers["Location"] == f"/members/{bob_member.id}/"
    binding = RoleBinding.objects.get(member=bob_member, role=admin)
    again = client.post(f"/members/{bob_member.id}/roles/new/", data)
    assert again.status_code == 422
    assert "holds this role there already" in again.content.decode()
    client.post(f"/role-bindings/{binding.id}/take/")
    assert not RoleBinding.objects.filter(id=binding.id).exists()


@pytest.mark.parametrize("role_id", ["", "x", "00000000-0000-0000-0000-000000000000", "\x00"])
def test_roles_that_do_not_exist_are_refused(client, bob_member: Member, root, role_id) -> None:
    data = {"role_id": role_id, "organization_id": str(root.id)}
    response = client.post(f"/members/{bob_member.id}/roles/new/", data)
    assert response.status_code in (400, 422)
    assert bob_member.bindings.count() == 1


def test_deactivate_and_reactivate(client, bob_member: Member) -> None:
    client.post(f"/members/{bob_member.id}/status/", {"status": "deactivated"})
    bob_member.refresh_from_db()
    assert bob_member.status == MemberStatus.DEACTIVATED
    client.post(f"/members/{bob_member.id}/status/", {"status": "active"})
    bob_member.refresh_from_db()
    assert bob_member.status == MemberStatus.ACTIVE


@pytest.mark.parametrize("data", [{}, {"status": "removed"}, {"status": "x"}])
def test_an_unknown_status_changes_nothing(client, bob_member: Member, data: dict) -> None:
    assert client.post(f"/members/{bob_member.id}/status/", data).status_code == 400
    bob_member.refresh_from_db()
    assert bob_member.status == MemberStatus.ACTIVE


def test_removal_asks_for_the_name(client, bob_member: Member) -> None:
    path = f"/members/{bob_member.id}/remove/"
    for wrong in ("", "bob", "Bob Bakery"):
        assert client.post(path, {"confirmation": wrong}).status_code == 422
    bob_member.refresh_from_db()
    assert bob_member.status == MemberStatus.ACTIVE
    assert client.post(path, {"confirmation": "bob baker"}).headers["Location"] == "/members/"
    bob_member.refresh_from_db()
    assert bob_member.status == MemberStatus.REMOVED


def test_the_last_owner_hands_over(
    client, alice_member: Member, bob_member: Member, charlie: Person
) -> None:
    path = f"/members/{alice_member.id}/remove/"
    confirmed = {"confirmation": str(alice_member)}
    assert "The workspace itself, as its only owner" in client.get(path).content.decode()
    for successor, said in (
        ("", "Say who takes over what they own."),
        (charlie.email, "No member that you see has this address."),
        ("alice@acme.test", "Choose another member, who is active."),
    ):
        response = client.post(path, {**confirmed, "successor": successor})
        assert response.status_code == 422
        assert said in response.content.decode()
    alice_member.refresh_from_db()
    assert alice_member.status == MemberStatus.ACTIVE
    response = client.post(path, {**confirmed, "successor": "Bob@acme.test"})
    assert response.headers["Location"] == "http://localhost:8000/workspaces/"
    alice_member.refresh_from_db()
    assert alice_member.status == MemberStatus.REMOVED
    assert bob_member.bindings.filter(role__code="owner").exists()
