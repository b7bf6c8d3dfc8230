"""Users by SCIM: made, read, changed and removed; what each of it does to members and people."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from apps.accounts.models import EmailDomain, Person, TenantMembership
from apps.common.tenancy import tenant_context
from apps.organizations.enums import MemberStatus
from apps.organizations.models import DirectoryUser, Invitation, Member, RoleBinding
from apps.organizations.services import person_erase
from tests.conftest import SYSTEM, Entitle, World
from tests.organizations.scim.conftest import USER, Scim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ours")]


def test_a_new_user_is_a_member_with_an_account(scim: Scim, world: World) -> None:
    status, body = scim.post(
        "Users",
        {
            "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "userName": "Jane.Doe@acme.test",
            "externalId": "e-1",
            "name": {"givenName": "Jane", "familyName": "Doe", "formatted": "Jane Doe"},
            "emails": [{"value": "jane@elsewhere.example", "type": "work", "primary": True}],
            "active": True,
            "password": "never-stored",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D"},
        },
    )
    assert status == 201, body
    with tenant_context(world.acme):
        user = DirectoryUser.objects.select_related("member").get(external_id="e-1")
        member = user.member
        assert member is not None
        assert (member.email, member.name, member.status) == (
            "jane.doe@acme.test",
            "Jane Doe",
            MemberStatus.ACTIVE,
        )
        assert [
            (b.role.code, b.organization.depth) for b in RoleBinding.objects.filter(member=member)
        ] == [("member", 1)]
    person = Person.objects.get(email="jane.doe@acme.test")
    assert (person.name, person.has_usable_password(), person.is_active) == (
        "Jane Doe",
        False,
        True,
    )
    assert EmailAddress.objects.get(user=person).verified
    assert TenantMembership.objects.filter(person=person, tenant=world.acme).exists()
    created = user.created_at.isoformat().replace("+00:00", "Z")
    version = body["meta"].pop("version")
    modified = body["meta"].pop("lastModified")
    assert modified >= created
    location = f"http://acme.localhost:8000/scim/v2/Users/{user.id}"
    assert body == {
        "schemas": [USER],
        "id": str(user.id),
        "externalId": "e-1",
        "userName": "jane.doe@acme.test",
        "name": {"formatted": "Jane Doe", "familyName": "Doe", "givenName": "Jane"},
        "displayName": "Jane Doe",
        "active": True,
        "emails": [{"value": "jane.doe@acme.test", "type": "work", "primary": True}],
        "meta": {"resourceType": "User", "created": created, "location": location},
    }
    assert scim.last["ETag"] == version
    assert scim.last["Location"] == location


def test_it_can_be_read_again(scim: Scim) -> None:
    made = scim.user("jane@acme.test", displayName="Jane")
    assert scim.get(f"Users/{made['id']}") == (200, made)
    assert scim.find("JANE@acme.test") == made
    status, body = scim.get(f"Users/{made['id']}", attributes="userName")
    assert (status, body) == (
        200,
        {"schemas": [USER], "id": made["id"], "userName": "jane@acme.test"},
    )
    _status, body = scim.get(f"Users/{made['id']}", excludedAttributes="emails,name,meta")
    assert sorted(body) == ["active", "displayName", "id", "schemas", "userName"]


def test_members_from_before_are_found(scim: Scim, world: World) -> None:
    _status, body = scim.get("Users", sortBy="userName")
    assert [(one["userName"], one["displayName"]) for one in body["Resources"]] == [
        ("alice@acme.test", "Alice Archer"),
        ("bob@acme.test", "Bob Baker"),
    ]
    assert (body["totalResults"], body["startIndex"], body["itemsPerPage"]) == (2, 1, 2)


def test_names_come_from_what_there_is(scim: Scim) -> None:
    assert scim.user("a@acme.test")["displayName"] == "a"
    assert scim.user("b@acme.test", name={"formatted": "B Whole"})["displayName"] == "B Whole"
    given = scim.user("c@acme.test", name={"givenName": "Cee", "familyName": "Dee"})
    assert given["displayName"] == "Cee Dee"


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ({"schemas": [USER]}, "invalidValue"),
        ({"schemas": [USER], "userName": "no-address"}, "invalidValue"),
        ({"schemas": [USER], "userName": 5}, "invalidValue"),
        ({"schemas": [USER], "userName": f"{'a' * 250}@acme.test"}, "invalidValue"),
        ({"schemas": [USER], "userName": "x@acme.test", "displayName": "x" * 151}, "invalidValue"),
        ({"schemas": [USER], "userName": "x@acme.test", "externalId": "x" * 256}, "invalidValue"),
        ({"schemas": [USER], "userName": "x@acme.test", "active": "perhaps"}, "invalidValue"),
        ({"schemas": [USER], "userName": "x@acme.test", "name": "Jane"}, "invalidValue"),
        (["nothing"], "invalidSyntax"),
        (b"{", "invalidSyntax"),
        (b'{"userName": "x\\u0000@acme.test"}', "invalidSyntax"),
        (b"\xff", "invalidSyntax"),
        (b"[" * 100_000, "invalidSyntax"),
    ],
)
def test_bad_users_are_refused(scim: Scim, world: World, body: Any, scim_type: str) -> None:
    before = Person.objects.count()
    status, answer = scim.post("Users", body)
    assert (status, answer["scimType"]) == (400, scim_type), answer
    assert Person.objects.count() == before
    with tenant_context(world.acme):
        assert DirectoryUser.objects.count() == 2


def test_taken_names_are_refused(scim: Scim) -> None:
    scim.user("jane@acme.test", externalId="e-1")
    for body in (
        {"userName": "JANE@acme.test"},
        {"userName": "bob@acme.test"},
        {"userName": "other@acme.test", "externalId": "e-1"},
    ):
        status, answer = scim.post("Users", {"schemas": [USER], **body})
        assert (status, answer["scimType"]) == (409, "uniqueness")
    assert not Person.objects.filter(email="other@acme.test").exists()


def test_somebody_outside_of_our_domains_is_invited(scim: Scim, world: World) -> None:
    """charlie has an account and dana none: the answers tell nothing of it."""
    answers = []
    for user_name in ("charlie@globex.test", "dana@example.com"):
        made = scim.user(user_name, displayName="Some One")
        answers.append(
            {key: made[key] for key in made if key not in ("id", "meta", "emails", "userName")}
        )
        with tenant_context(world.acme):
            user = DirectoryUser.objects.get(id=made["id"])
            invitation = Invitation.objects.get(email=user_name)
            assert (user.member, user.invitation) == (None, invitation)
            assert not Member.objects.filter(email=user_name).exists()
    assert answers[0] == answers[1]
    assert not Person.objects.filter(email="dana@example.com").exists()
    assert not TenantMembership.objects.filter(person=world.charlie, tenant=world.acme).exists()


def test_an_account_that_a_stranger_may_have_made_is_invited(scim: Scim, world: World) -> None:
    """Whoever signed up with the address has not shown that it is theirs: their password stays outside."""
    stranger = Person.objects.create_user("jane@acme.test", "a-password-of-mine", name="Not Jane")
    EmailAddress.objects.create(user=stranger, email=stranger.email, primary=True, verified=False)
    made = scim.user("jane@acme.test")
    assert made["active"] is True
    assert not TenantMembership.objects.filter(person=stranger, tenant=world.acme).exists()
    assert not EmailAddress.objects.get(user=stranger).verified


def test_an_account_in_our_domain_joins_and_keeps_its_own_name(scim: Scim, world: World) -> None:
    jane = Person.objects.create_user("jane@acme.test", "a-password-of-mine", name="Jane Private")
    EmailAddress.objects.create(user=jane, email=jane.email, primary=True, verified=True)
    scim.user("jane@acme.test", displayName="Jane Official")
    jane.refresh_from_db()
    assert (jane.name, jane.check_password("a-password-of-mine")) == ("Jane Private", True)
    with tenant_context(world.acme):
        assert Member.objects.get(person_id=jane.id).name == "Jane Official"


def test_changes_stay_in_the_workspace(scim: Scim, world: World) -> None:
    """Name and address of bob's account are his; the workspace's copies are the provider's."""
    bob = scim.find("bob@acme.test")
    status, changed = scim.patch(
        f"Users/{bob['id']}",
        {"op": "Replace", "path": "userName", "value": "robert@acme.test"},
        {"op": "Add", "path": "name.givenName", "value": "Robert"},
        {"op": "Add", "path": "name.familyName", "value": "Baker"},
        {"op": "Replace", "path": "displayName", "value": "Robert Baker"},
        {"op": "Add", "path": "externalId", "value": "e-2"},
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "robert@acme.test"},
        {
            "op": "Add",
            "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "value": "Sales",
        },
    )
    assert status == 200, changed
    assert (changed["userName"], changed["displayName"], changed["externalId"]) == (
        "robert@acme.test",
        "Robert Baker",
        "e-2",
    )
    assert changed["id"] == bob["id"]
    world.bob.refresh_from_db()
    assert (world.bob.email, world.bob.name) == ("bob@acme.test", "Bob Baker")
    with tenant_context(world.acme):
        member = Member.objects.get(person_id=world.bob.id)
        assert (member.email, member.name) == ("robert@acme.test", "Robert Baker")


def test_a_name_can_only_become_one_of_ours(scim: Scim, world: World) -> None:
    bob = scim.find("bob@acme.test")
    path = f"Users/{bob['id']}"
    status, body = scim.patch(path, {"op": "replace", "value": {"userName": "bob@elsewhere.test"}})
    assert (status, body["scimType"]) == (400, "invalidValue")
    status, body = scim.patch(path, {"op": "replace", "value": {"userName": "alice@acme.test"}})
    assert (status, body["scimType"]) == (409, "uniqueness")
    assert scim.get(path)[1] == bob


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": False}},
        {"op": "replace", "path": f"{USER}:active", "value": False},
    ],
    ids=["entra", "okta", "whole path"],
)
def test_deactivating_shuts_out_at_once_and_reactivating_lets_in(
    scim: Scim, world: World, operation: Any
) -> None:
    bob = scim.find("bob@acme.test")
    status, body = scim.patch(f"Users/{bob['id']}", operation)
    assert (status, body["active"]) == (200, False)
    assert not TenantMembership.objects.filter(person=world.bob, tenant=world.acme).exists()
    with tenant_context(world.acme):
        assert Member.objects.get(person_id=world.bob.id).status == MemberStatus.DEACTIVATED
    assert scim.get("Users", filter="active eq false")[1]["totalResults"] == 1
    status, body = scim.patch(
        f"Users/{bob['id']}", {"op": "Replace", "path": "active", "value": "True"}
    )
    assert (status, body["active"]) == (200, True)
    assert TenantMembership.objects.filter(person=world.bob, tenant=world.acme).exists()


def test_put_replaces(scim: Scim) -> None:
    made = scim.user(
        "jane@acme.test", externalId="e-1", name={"givenName": "Jane", "familyName": "Doe"}
    )
    path = f"Users/{made['id']}"
    status, body = scim.put(
        path, {"schemas": [USER], "userName": "jane@acme.test", "active": False}
    )
    assert status == 200, body
    assert (body["displayName"], body["active"], body["externalId"]) == ("jane", False, "e-1")
    assert body["name"] == {"formatted": "jane"}
    status, body = scim.put(path, {**made, "displayName": "J. Doe"})
    assert (body["displayName"], body["active"]) == ("J. Doe", True)
    assert body["name"] == {"formatted": "J. Doe", "givenName": "Jane", "familyName": "Doe"}


def test_deleting_removes_from_the_workspace(scim: Scim, world: World) -> None:
    bob = scim.find("bob@acme.test")
    assert scim.delete(f"Users/{bob['id']}") == (204, None)
    assert scim.get(f"Users/{bob['id']}")[0] == 404
    assert scim.delete(f"Users/{bob['id']}")[0] == 404
    assert not TenantMembership.objects.filter(person=world.bob, tenant=world.acme).exists()
    assert Person.objects.filter(id=world.bob.id, is_active=True).exists()
    again = scim.user("bob@acme.test")
    assert again["id"] != bob["id"]
    with tenant_context(world.acme):
        member = Member.objects.get(person_id=world.bob.id)
        assert member.status == MemberStatus.ACTIVE
        assert [b.role.code for b in member.bindings.all()] == ["member"]


@pytest.mark.parametrize("how", ["patch", "put", "delete", "rename"])
def test_owners_are_left_alone(scim: Scim, world: World, how: str) -> None:
    alice = scim.find("alice@acme.test")
    path = f"Users/{alice['id']}"
    if how == "patch":
        status, body = scim.patch(path, {"op": "replace", "path": "active", "value": False})
    elif how == "put":
        status, body = scim.put(path, {**alice, "active": False})
    elif how == "rename":
        status, body = scim.patch(
            path, {"op": "replace", "path": "userName", "value": "a@acme.test"}
        )
    else:
        status, body = scim.delete(path)
    assert status == 409
    assert "owner" in body["detail"]
    assert scim.get(path)[1] == alice
    assert TenantMembership.objects.filter(person=world.alice, tenant=world.acme).exists()
    # What endangers nobody goes through.
    status, body = scim.patch(path, {"op": "add", "path": "externalId", "value": "e-owner"})
    assert (status, body["externalId"]) == (200, "e-owner")


@pytest.mark.parametrize(
    ("operations", "status", "scim_type"),
    [
        ([{"op": "replace", "path": "id", "value": "1"}], 400, "mutability"),
        ([{"op": "replace", "path": "groups", "value": []}], 400, "mutability"),
        ([{"op": "remove", "path": "userName"}], 400, "mutability"),
        ([{"op": "remove"}], 400, "noTarget"),
        ([{"op": "add", "path": "name["}], 400, "invalidPath"),
        ([{"op": "shout", "path": "name", "value": 1}], 400, "invalidValue"),
        ([{"op": "replace", "path": "active", "value": "perhaps"}], 400, "invalidValue"),
        ([{"op": "replace", "path": "active", "value": []}], 400, "invalidValue"),
        ([{"op": "replace", "path": "name", "value": "Jane"}], 400, "invalidValue"),
        ([], 400, "invalidValue"),
    ],
)
def test_bad_changes_are_refused(
    scim: Scim, operations: list[Any], status: int, scim_type: str
) -> None:
    bob = scim.find("bob@acme.test")
    found, body = scim.patch(f"Users/{bob['id']}", *operations)
    assert (found, body.get("scimType")) == (status, scim_type), body
    assert scim.get(f"Users/{bob['id']}")[1] == bob


def test_versions(scim: Scim) -> None:
    bob = scim.find("bob@acme.test")
    path, old = f"Users/{bob['id']}", bob["meta"]["version"]
    assert scim("GET", path, headers={"If-None-Match": old})[0] == 304
    change = {"op": "replace", "path": "displayName", "value": "Bobby"}
    status, body = scim.patch(path, change, headers={"If-Match": old})
    assert (status, body["meta"]["version"] != old) == (200, True)
    assert scim("GET", path, headers={"If-None-Match": old})[0] == 200
    assert scim.patch(path, change, headers={"If-Match": old})[0] == 412
    assert scim.put(path, bob, headers={"If-Match": old})[0] == 412
    assert scim.delete(path, headers={"If-Match": old})[0] == 412
    assert scim.get(path)[1]["displayName"] == "Bobby"
    assert scim.delete(path, headers={"If-Match": scim.last["ETag"]})[0] == 204


def test_only_the_parts_of_a_name_change(scim: Scim) -> None:
    jane = scim.user("jane@acme.test", name={"givenName": "Jane", "familyName": "Doe"})
    path = f"Users/{jane['id']}"
    _status, body = scim.patch(path, {"op": "replace", "path": "name.familyName", "value": "Roe"})
    assert (body["displayName"], body["name"]["formatted"]) == ("Jane Roe", "Jane Roe")
    _status, body = scim.patch(path, {"op": "replace", "path": "displayName", "value": "J."})
    _status, body = scim.patch(path, {"op": "replace", "path": "name.familyName", "value": "Poe"})
    assert (body["displayName"], body["name"]["familyName"]) == ("J.", "Poe")


def test_while_the_proof_of_a_domain_is_missing_it_lets_nobody_in(scim: Scim, world: World) -> None:
    EmailDomain.objects.filter(domain="acme.test").update(proof_missing_since=timezone.now())
    scim.user("jane@acme.test")
    scim.user("jill@globex.test")
    assert not Person.objects.filter(email__in=["jane@acme.test", "jill@globex.test"]).exists()
    with tenant_context(world.acme):
        assert Invitation.objects.count() == 2


def test_who_is_erased_is_gone_from_the_directory(scim: Scim, world: World) -> None:
    group = scim.group("Staff", scim.find("bob@acme.test")["id"])
    scim.user("bob@elsewhere.example")
    person_erase(actor=SYSTEM, person_id=world.bob.id)
    assert scim.get("Users", filter='userName eq "bob@acme.test"')[1]["totalResults"] == 0
    assert "members" not in scim.get(f"Groups/{group['id']}")[1]
    assert scim.get("Users", filter='userName eq "bob@elsewhere.example"')[1]["totalResults"] == 1


def test_without_a_seat_nobody_is_added(scim: Scim, world: World, entitle: Entitle) -> None:
    entitle({"organizations.seats": 2})
    for user_name in ("jane@acme.test", "jane@elsewhere.example"):
        status, body = scim.post("Users", {"schemas": [USER], "userName": user_name})
        assert (status, "scimType" in body) == (403, False)
        assert "seat" in body["detail"].lower()
    assert not Person.objects.filter(email="jane@acme.test").exists()
    bob = scim.find("bob@acme.test")
    scim.patch(f"Users/{bob['id']}", {"op": "replace", "path": "active", "value": False})
    assert scim.user("jane@acme.test")["active"] is True
