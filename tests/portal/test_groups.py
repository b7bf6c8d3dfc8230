"""Pages of groups and of what roles give: each act shows what it changes before it is confirmed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.models import Group, Member, Organization, RoleBinding
from apps.organizations.services import (
    binding_create,
    group_members_add,
    local_group_create,
    organization_create,
)
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


@pytest.fixture
def lisbon(owner: Actor, root: Organization) -> Organization:
    return organization_create(actor=owner, name="Lisbon", parent_id=root.id)


@pytest.fixture
def group(
    owner: Actor, bob_member: Member, lisbon: Organization, role: Callable[[str], Role]
) -> Group:
    """Administrators of Lisbon: bob."""
    made = local_group_create(actor=owner, name="Lisbon admins")
    group_members_add(actor=owner, group_id=made.id, member_ids=[bob_member.id])
    binding_create(
        actor=owner, group_id=made.id, role_id=role("admin").id, organization_id=lisbon.id
    )
    return made


def words(response: Any) -> str:
    page = read(response.content)
    assert page.check() == []
    return " ".join(response.content.decode().split())


def test_a_group_is_made_filled_and_given_a_role(
    client: Client, bob_member: Member, lisbon: Organization, role: Any
) -> None:
    assert "No groups yet" in words(client.get("/groups/"))
    made = client.post("/groups/new/", {"name": "Lisbon admins"})
    group = Group.objects.get()
    home = f"/groups/{group.id}/"
    assert (made.status_code, made["Location"], group.is_local) == (302, home, True)
    taken = client.post("/groups/new/", {"name": "lisbon admins"})
    assert (taken.status_code, "already" in words(taken)) == (422, True)
    data = {"role_id": str(role("admin").id), "organization_id": str(lisbon.id)}
    assert words(client.get(f"{home}roles/new/"))
    assert client.post(f"{home}roles/new/", data)["Location"] == home
    again = client.post(f"{home}roles/new/", data)
    assert (again.status_code, "holds this role there already" in words(again)) == (422, True)
    unknown = client.get(f"{home}members/new/?email=nobody@acme.test")
    assert (unknown.status_code, "No active member" in words(unknown)) == (422, True)
    preview = words(client.get(f"{home}members/new/?email=BOB@acme.test"))
    assert "What Bob Baker would gain" in preview
    assert "Rename organizations" in preview
    assert not group.memberships.exists()
    assert client.post(f"{home}members/new/", {"email": "bob@acme.test"})["Location"] == home
    assert group.memberships.get().member == bob_member
    page = words(client.get(home))
    assert "Bob Baker" in page
    assert "at Lisbon" in page
    assert "Administrator" in words(client.get("/groups/?q=LISB"))
    assert "No group matches" in words(client.get("/groups/?q=zzz"))


def test_removing_shows_what_is_lost_and_then_removes(
    client: Client, group: Group, bob_member: Member
) -> None:
    binding = RoleBinding.objects.get(group=group)
    paths = (
        (f"/groups/{group.id}/members/{bob_member.id}/remove/", f"/groups/{group.id}/", {}),
        (f"/role-bindings/{binding.id}/take/", f"/groups/{group.id}/", {}),
        (f"/groups/{group.id}/delete/", "/groups/", {"confirmation": "Lisbon admins"}),
    )
    for path, _home, _data in paths:
        page = words(client.get(path))
        assert "Nothing has changed yet" in page
        assert "at Lisbon" in page
        assert "Bob Baker" in page
    assert (group.memberships.count(), group.bindings.count()) == (1, 1)
    wrong = client.post(f"/groups/{group.id}/delete/", {"confirmation": "x"})
    assert (wrong.status_code, Group.objects.count()) == (422, 1)
    for path, home, data in paths:
        done = client.post(path, data)
        assert (done.status_code, done["Location"]) == (302, home)
        if "members" in path:
            # Who is not in it gains and loses nothing.
            assert "Nobody gains or loses" in words(client.get(paths[1][0]))
            assert client.get(path).status_code == 404
    assert not Group.objects.exists()
    assert not RoleBinding.objects.filter(id=binding.id).exists()


def test_rename(client: Client, group: Group) -> None:
    path = f"/groups/{group.id}/rename/"
    assert 'value="Lisbon admins"' in words(client.get(path))
    assert client.post(path, {"name": ""}).status_code == 422
    assert client.post(path, {"name": "Porto"})["Location"] == f"/groups/{group.id}/"
    group.refresh_from_db()
    assert group.display_name == "Porto"


def test_groups_of_the_identity_provider_are_marked_and_read_only(
    client: Client, owner: Actor, bob_member: Member
) -> None:
    theirs = Group.objects.create(display_name="Engineering")
    assert "Identity provider" in words(client.get("/groups/"))
    page = words(client.get(f"/groups/{theirs.id}/"))
    assert "Kept by your identity provider" in page
    for absent in ("Add a member", "Rename", "Delete the group"):
        assert absent not in page
    renamed = client.post(f"/groups/{theirs.id}/rename/", {"name": "Mine"})
    assert renamed.status_code == 422
    assert client.post(f"/groups/{theirs.id}/delete/").status_code == 409
    assert (
        client.post(f"/groups/{theirs.id}/members/new/", {"email": "bob@acme.test"}).status_code
        == 422
    )
    theirs.refresh_from_db()
    assert (theirs.display_name, theirs.memberships.count()) == ("Engineering", 0)


def test_times_are_in_the_persons_time_zone(
    client: Client, alice: Person, bob_member: Member, lisbon: Organization, role: Any
) -> None:
    with tenant_context(None):
        alice.time_zone = "America/New_York"
        alice.save()
    year = timezone.now().year + 1
    data = {
        "role_id": str(role("admin").id),
        "organization_id": str(lisbon.id),
        "ends_at": f"{year}-01-10T09:00",
    }
    assert client.post(f"/members/{bob_member.id}/roles/new/", data).status_code == 302
    binding = RoleBinding.objects.get(member=bob_member, organization=lisbon)
    assert binding.ends_at == datetime(year, 1, 10, 14, tzinfo=UTC)
    path = f"/role-bindings/{binding.id}/end/"
    page = words(client.get(path))
    assert f'value="{year}-01-10T09:00"' in page
    assert "America/New_York" in page
    preview = words(client.get(f"{path}?ends_at={year}-01-10T08:00"))
    assert f"10 January {year}, 08:00 EST" in preview
    assert "Loses" in preview
    for wrong in ("2001-01-01T00:00", "soon"):
        assert client.get(path, {"ends_at": wrong}).status_code == 422
    binding.refresh_from_db()
    assert binding.ends_at == datetime(year, 1, 10, 14, tzinfo=UTC)
    assert client.post(path, {"ends_at": f"{year}-01-10T08:00"}).status_code == 302
    binding.refresh_from_db()
    assert binding.ends_at == datetime(year, 1, 10, 13, tzinfo=UTC)
    assert "Ends <time" in words(client.get(f"/members/{bob_member.id}/"))
    RoleBinding.objects.filter(id=binding.id).update(ends_at=timezone.now() - timedelta(days=1))
    assert "Ended <time" in words(client.get(f"/members/{bob_member.id}/"))


def test_the_last_owner_is_told_so(client: Client, alice_member: Member) -> None:
    binding = RoleBinding.objects.get(member=alice_member)
    for method in (client.get, client.post):
        response = method(f"/role-bindings/{binding.id}/take/")
        assert (response.status_code, response["Location"]) == (302, f"/members/{alice_member.id}/")
    assert RoleBinding.objects.filter(id=binding.id).exists()


def test_what_a_member_can_do(
    client: Client, bob_member: Member, group: Group, lisbon: Organization
) -> None:
    path = f"/members/{bob_member.id}/access/"
    page = words(client.get(path))
    assert "Held only at Lisbon (admin) and below" in page
    with CaptureQueriesContext(connection) as captured:
        there = words(client.get(f"{path}?organization={lisbon.id}&show=allowed"))
    assert len([one for one in captured if "SAVEPOINT" not in one["sql"]]) <= 12
    assert 'through the group <a class="link"' in there
    assert "Held only at" not in there
    assert "No permission matches" in words(client.get(f"{path}?q=zzz"))
    found = words(client.get(f"{path}?q=rename"))
    assert "organizations.update_organization" in found
    assert "organizations.view_member" not in found
    assert client.get(f"{path}?organization=nonsense").status_code == 200
    missing = client.get(f"{path}?organization=0197c2a4-0000-7000-8000-000000000000")
    assert missing.status_code == 404


def test_plain_members_see_no_groups(
    sign_in: SignIn, bob: Person, acme: Tenant, group: Group
) -> None:
    client = sign_in(bob, acme)
    for path in ("/groups/", f"/groups/{group.id}/", f"/groups/{group.id}/delete/"):
        assert client.get(path).status_code == 403
    member = Member.objects.get(person_id=bob.id)
    shown = words(client.get(f"/members/{member.id}/"))
    # They see that they hold it, but not who else does.
    assert "through the group Lisbon admins" in shown
