"""Members who belong to several organizations, with one primary: who sees them, and who decides."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member, Organization, Placement
from apps.organizations.selectors import (
    bindings_for,
    member_for,
    members_for,
    members_matching,
)
from apps.organizations.services import (
    binding_create,
    member_join,
    member_move,
    member_place,
    member_set_primary,
    member_unplace,
    member_update_status,
    organization_create,
    organization_delete,
)
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM, make_person
from tests.organizations.conftest import Published

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(owner: Actor, root: Organization) -> dict[str, Organization]:
    """Europe with Lisbon and its Sales; Asia."""
    made: dict[str, Organization] = {}
    for name, parent in (
        ("Europe", None),
        ("Lisbon", "Europe"),
        ("Sales", "Lisbon"),
        ("Asia", None),
    ):
        above = made[parent] if parent else root
        made[name] = organization_create(actor=owner, name=name, parent_id=above.id)
    return made


@pytest.fixture
def dana_member(tree: dict[str, Organization], role: Callable[[str], Role]) -> Member:
    """Her primary organization is Asia, and there she has her role."""
    return member_join(
        actor=SYSTEM,
        person=make_person("Dana Diaz", "dana@acme.test"),
        organization=tree["Asia"],
        roles=[role("member")],
    )


@pytest.fixture
def in_europe(
    owner: Actor, bob: Person, bob_member: Member, tree: dict[str, Organization], role: Callable
) -> Callable[[], Actor]:
    """Bob, an administrator of Europe and nothing besides."""
    bob_member.bindings.all().delete()
    binding_create(
        actor=owner,
        member_id=bob_member.id,
        role_id=role("admin").id,
        organization_id=tree["Europe"].id,
    )
    return lambda: actor_for(bob)


def seen(actor: Actor) -> list[str]:
    return sorted(member.name for member in members_for(actor))


def test_who_sees_an_organization_sees_who_is_placed_there(
    owner: Actor,
    in_europe: Callable[[], Actor],
    dana_member: Member,
    tree: dict[str, Organization],
    published: Published,
) -> None:
    assert seen(in_europe()) == []
    with pytest.raises(NotFound):
        member_for(in_europe(), dana_member.id)
    before = len(published())
    for _ in range(2):
        member_place(actor=owner, member_id=dana_member.id, organization_id=tree["Sales"].id)
    assert published()[before:] == ["organizations.member_placed"]
    member_place(actor=owner, member_id=dana_member.id, organization_id=tree["Lisbon"].id)
    # Twice below Europe, and listed once.
    assert seen(in_europe()) == ["Dana Diaz"]
    assert [binding.member_id for binding in bindings_for(in_europe())] == [dana_member.id]
    found = member_for(in_europe(), dana_member.id)
    assert [one.name for one in found.further_organizations] == ["Lisbon", "Sales"]
    for name in ("Sales", "Lisbon"):
        member_unplace(actor=owner, member_id=dana_member.id, organization_id=tree[name].id)
    assert seen(in_europe()) == []


def test_being_placed_gives_no_role(
    owner: Actor, dana_member: Member, tree: dict[str, Organization]
) -> None:
    member_place(actor=owner, member_id=dana_member.id, organization_id=tree["Europe"].id)
    held = [(b.role.code, b.organization_id) for b in dana_member.bindings.all()]
    assert held == [("member", tree["Asia"].id)]


def test_filters_count_further_organizations(
    owner: Actor, dana_member: Member, tree: dict[str, Organization]
) -> None:
    member_place(actor=owner, member_id=dana_member.id, organization_id=tree["Sales"].id)
    for name, expected in (("Europe", 1), ("Lisbon", 1), ("Sales", 1), ("Asia", 1)):
        found = members_matching(members_for(owner), organization=tree[name].id)
        assert len(found) == expected, name


def test_a_list_takes_three_statements(
    owner: Actor, in_europe: Callable[[], Actor], dana_member: Member, tree: dict[str, Organization]
) -> None:
    for name in ("Sales", "Lisbon", "Europe"):
        member_place(actor=owner, member_id=dana_member.id, organization_id=tree[name].id)
    actor = in_europe()
    with CaptureQueriesContext(connection) as captured:
        assert [len(member.further_organizations) for member in members_for(actor)] == [3]
    assert len(captured) == 3


def test_the_primary_one_changes_places_with_a_further_one(
    owner: Actor, dana_member: Member, tree: dict[str, Organization], published: Published
) -> None:
    at_sales = {"member_id": dana_member.id, "organization_id": tree["Sales"].id}
    with pytest.raises(NotFound):
        member_set_primary(actor=owner, **at_sales)
    member_place(actor=owner, **at_sales)
    before = len(published())
    member_set_primary(actor=owner, **at_sales)
    member_set_primary(actor=owner, **at_sales)
    assert published()[before:] == ["organizations.member_moved"]
    found = member_for(owner, dana_member.id)
    assert found.organization == tree["Sales"]
    assert found.further_organizations == [tree["Asia"]]
    with pytest.raises(Conflict) as caught:
        member_unplace(actor=owner, **at_sales)
    assert caught.value.code == "primary_organization"


def test_moving_to_a_further_one_leaves_no_double(
    owner: Actor, dana_member: Member, tree: dict[str, Organization]
) -> None:
    for name in ("Sales", "Lisbon"):
        member_place(actor=owner, member_id=dana_member.id, organization_id=tree[name].id)
    member_move(actor=owner, member_id=dana_member.id, organization_id=tree["Sales"].id)
    found = member_for(owner, dana_member.id)
    assert (found.organization, found.further_organizations) == (tree["Sales"], [tree["Lisbon"]])


def test_who_may_place(
    owner: Actor,
    in_europe: Callable[[], Actor],
    alice_member: Member,
    dana_member: Member,
    tree: dict[str, Organization],
) -> None:
    europe, asia = tree["Europe"].id, tree["Asia"].id
    # Whom one does not see one cannot fetch.
    with pytest.raises(NotFound):
        member_place(actor=in_europe(), member_id=dana_member.id, organization_id=europe)
    member_place(actor=owner, member_id=dana_member.id, organization_id=europe)
    with pytest.raises(NotFound):
        member_place(actor=in_europe(), member_id=dana_member.id, organization_id=asia)
    # Who decides about members in Europe decides who is placed there, and not about Dana herself.
    with pytest.raises(PermissionDenied):
        member_update_status(
            actor=in_europe(), member_id=dana_member.id, status=MemberStatus.DEACTIVATED
        )
    with pytest.raises(NotFound):
        member_set_primary(actor=in_europe(), member_id=dana_member.id, organization_id=asia)
    with pytest.raises(PermissionDenied):
        member_set_primary(actor=in_europe(), member_id=dana_member.id, organization_id=europe)
    member_unplace(actor=in_europe(), member_id=dana_member.id, organization_id=europe)
    assert not Placement.objects.exists()
    with pytest.raises(NotFound):
        member_unplace(actor=owner, member_id=dana_member.id, organization_id=europe)


def test_members_change_nothing(
    member: Actor, dana_member: Member, owner: Actor, tree: dict[str, Organization]
) -> None:
    member_place(actor=owner, member_id=dana_member.id, organization_id=tree["Sales"].id)
    for act, name in (
        (member_place, "Lisbon"),
        (member_unplace, "Sales"),
        (member_set_primary, "Sales"),
    ):
        with pytest.raises(PermissionDenied):
            act(actor=member, member_id=dana_member.id, organization_id=tree[name].id)
    found = member_for(owner, dana_member.id)
    assert (found.organization, found.further_organizations) == (tree["Asia"], [tree["Sales"]])


def test_another_tenants_rows_are_not_found(
    owner: Actor, dana_member: Member, globex: Tenant
) -> None:
    with tenant_context(globex):
        foreign = Organization.objects.get(depth=1)
        foreign_member = Member.objects.get()
    for act in (member_place, member_set_primary):
        with pytest.raises(NotFound):
            act(actor=owner, member_id=dana_member.id, organization_id=foreign.id)
        with pytest.raises(NotFound):
            act(actor=owner, member_id=foreign_member.id, organization_id=foreign.id)
    with tenant_context(globex):
        assert not Placement.objects.exists()


def test_who_is_removed_belongs_nowhere_besides(
    owner: Actor, dana_member: Member, tree: dict[str, Organization]
) -> None:
    member_place(actor=owner, member_id=dana_member.id, organization_id=tree["Sales"].id)
    with pytest.raises(Conflict) as caught:
        organization_delete(actor=owner, organization_id=tree["Sales"].id)
    assert caught.value.code == "organization_not_empty"
    member_update_status(actor=owner, member_id=dana_member.id, status=MemberStatus.REMOVED)
    assert not Placement.objects.exists()
    organization_delete(actor=owner, organization_id=tree["Sales"].id)


@pytest.mark.django_db(transaction=True)
def test_places_change_one_after_the_other(owner: Actor, acme: Tenant, root: Organization) -> None:
    """Whatever comes first, the primary organization is never a further one, too."""
    with tenant_context(acme):
        places = [
            organization_create(actor=owner, name=f"Place {n}", parent_id=root.id) for n in range(4)
        ]
        bob = Member.objects.get(email="bob@acme.test")
    barrier = threading.Barrier(8)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with tenant_context(acme):
                barrier.wait()
                for turn in range(4):
                    place = places[(number + turn) % 4].id
                    act = (member_place, member_move)[(number + turn) // 2 % 2]
                    act(actor=owner, member_id=bob.id, organization_id=place)
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with tenant_context(acme):
        bob.refresh_from_db()
        assert not bob.placements.filter(organization_id=bob.organization_id).exists()
