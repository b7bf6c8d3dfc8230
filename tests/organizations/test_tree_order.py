"""The order among siblings, archiving with what lies below, and the limits of the tree."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from apps.accounts.models import Person
from apps.common.access import allows
from apps.common.actors import Actor
from apps.common.entitlements import EntitlementExceeded
from apps.common.errors import Conflict, Gone, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.organizations import limits
from apps.organizations.actors import actor_for
from apps.organizations.invitation_csv import InvitationRow
from apps.organizations.invitation_tokens import token_make
from apps.organizations.models import Invitation, Member, Organization
from apps.organizations.selectors import organizations_for
from apps.organizations.selectors_tree import open_organizations_for
from apps.organizations.services import (
    binding_create,
    invitation_accept,
    invitation_create,
    invitation_resend,
    invitations_create,
    member_move,
    member_place,
    organization_archive,
    organization_create,
    organization_delete,
    organization_move,
    organization_reorder,
    organization_restore,
)
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.conftest import Entitle, make_person
from tests.organizations.conftest import Published
from tests.roles.support import make_key

pytestmark = pytest.mark.django_db
Make = Callable[..., Organization]


@pytest.fixture
def make(owner: Actor, root: Organization) -> Make:
    def create(name: str, parent: Organization | None = None) -> Organization:
        return organization_create(actor=owner, name=name, parent_id=(parent or root).id)

    return create


def names(actor: Actor) -> list[str]:
    return [one.name for one in organizations_for(actor)]


def open_names(actor: Actor) -> list[str]:
    return [one.name for one in open_organizations_for(actor)]


def sound() -> bool:
    return Organization.objects.find_problems() == ([], [], [], [], [])


def test_siblings_change_places_with_all_below_them(
    make: Make, owner: Actor, published: Published
) -> None:
    a, b, c = make("A"), make("B"), make("C")
    make("A1", a)
    make("C1", c)
    assert names(owner) == ["Acme", "A", "A1", "B", "C", "C1"]
    before = len(published())
    for what, position, expected in (
        (c, 1, ["C", "C1", "A", "A1", "B"]),
        (c, 1, ["C", "C1", "A", "A1", "B"]),
        (c, 2, ["A", "A1", "C", "C1", "B"]),
        (a, 99, ["C", "C1", "B", "A", "A1"]),
        (b, 3, ["C", "C1", "A", "A1", "B"]),
        (b, 2, ["C", "C1", "B", "A", "A1"]),
    ):
        organization_reorder(actor=owner, organization_id=what.id, position=position)
        assert names(owner) == ["Acme", *expected]
        assert sound()
    assert published()[before:] == ["organizations.organization_changed"] * 5


def test_the_place_counts_what_is_shown(make: Make, owner: Actor) -> None:
    a, b, c = make("A"), make("B"), make("C")
    organization_archive(actor=owner, organization_id=b.id)
    organization_reorder(actor=owner, organization_id=c.id, position=1)
    assert open_names(owner) == ["Acme", "C", "A"]
    organization_reorder(actor=owner, organization_id=a.id, position=1)
    assert open_names(owner) == ["Acme", "A", "C"]
    assert sound()


def test_who_may_reorder(
    make: Make,
    owner: Actor,
    member: Actor,
    bob: Person,
    bob_member: Member,
    role: Callable,
    root: Organization,
) -> None:
    a, b = make("A"), make("B")
    inner = make("B1", b)
    with pytest.raises(PermissionDenied):
        organization_reorder(actor=member, organization_id=b.id, position=1)
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=b.id
    )
    # At B one may order what is below it, and not B among its siblings.
    with pytest.raises(PermissionDenied):
        organization_reorder(actor=actor_for(bob), organization_id=b.id, position=1)
    organization_reorder(actor=actor_for(bob), organization_id=inner.id, position=1)
    with pytest.raises(Conflict) as caught:
        organization_reorder(actor=owner, organization_id=root.id, position=1)
    assert caught.value.code == "root_organization"
    assert names(owner) == ["Acme", "A", "B", "B1"]
    assert a.path < b.path


def test_archive_and_restore_bring_back_exactly_that(
    make: Make, owner: Actor, published: Published
) -> None:
    europe = make("Europe")
    lisbon, porto = make("Lisbon", europe), make("Porto", europe)
    sales = make("Sales", lisbon)
    organization_archive(actor=owner, organization_id=porto.id)
    before = len(published())
    organization_archive(actor=owner, organization_id=europe.id)
    organization_archive(actor=owner, organization_id=europe.id)
    assert published()[before:] == ["organizations.organization_changed"]
    assert open_names(owner) == ["Acme"]
    assert names(owner) == ["Acme", "Europe", "Lisbon", "Sales", "Porto"]
    for below in (lisbon, sales, porto):
        with pytest.raises(Conflict) as caught:
            organization_restore(actor=owner, organization_id=below.id)
        assert caught.value.code == "parent_archived"
    organization_restore(actor=owner, organization_id=europe.id)
    assert open_names(owner) == ["Acme", "Europe", "Lisbon", "Sales"]
    organization_restore(actor=owner, organization_id=porto.id)
    assert open_names(owner) == names(owner)


def test_nothing_new_happens_in_an_archived_organization(
    make: Make, owner: Actor, bob_member: Member, role: Callable[[str], Role], acme: Tenant
) -> None:
    europe, asia = make("Europe"), make("Asia")
    lisbon = make("Lisbon", europe)
    member_role = role("member").id
    sent = invitation_create(
        actor=owner, email="dana@acme.test", role_ids=[member_role], organization_id=lisbon.id
    )
    organization_archive(actor=owner, organization_id=europe.id)
    at = {"organization_id": lisbon.id}
    for act in (
        lambda: organization_create(actor=owner, name="X", parent_id=lisbon.id),
        lambda: organization_move(actor=owner, organization_id=asia.id, parent_id=lisbon.id),
        lambda: organization_move(actor=owner, organization_id=lisbon.id, parent_id=asia.id),
        lambda: organization_reorder(actor=owner, organization_id=lisbon.id, position=1),
        lambda: invitation_create(actor=owner, email="e@acme.test", role_ids=[member_role], **at),
        lambda: invitation_resend(actor=owner, invitation_id=sent.id),
        lambda: binding_create(actor=owner, member_id=bob_member.id, role_id=member_role, **at),
        lambda: member_move(actor=owner, member_id=bob_member.id, **at),
        lambda: member_place(actor=owner, member_id=bob_member.id, **at),
        lambda: make_key(owner, **at),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "organization_archived"
    rows = [InvitationRow(1, "f@acme.test", (), "Lisbon")]
    assert invitations_create(actor=owner, rows=rows)[0].code == "organization_archived"
    dana = make_person("Dana Diaz", "dana@acme.test")
    with pytest.raises(Gone) as gone:
        invitation_accept(person=dana, token=token_make(acme.id, sent.id, sent.nonce))
    assert gone.value.code == "invitation_archived"
    assert not Member.objects.filter(person_id=dana.id).exists()
    assert Invitation.objects.count() == 1
    assert (bob_member.bindings.count(), bob_member.placements.count()) == (1, 0)
    assert Organization.objects.filter(path__startswith=europe.path).count() == 2


def test_roles_held_in_an_archived_organization_still_hold(
    make: Make, owner: Actor, bob: Person, bob_member: Member, role: Callable[[str], Role]
) -> None:
    europe = make("Europe")
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=europe.id
    )
    organization_archive(actor=owner, organization_id=europe.id)
    assert allows(actor_for(bob), "organizations.update_organization", europe)
    # So who is an administrator there can bring it back.
    organization_restore(actor=actor_for(bob), organization_id=europe.id)
    assert open_names(owner) == ["Acme", "Europe"]


def test_who_may_archive(
    make: Make, owner: Actor, member: Actor, root: Organization, globex: Tenant
) -> None:
    europe = make("Europe")
    with pytest.raises(PermissionDenied):
        organization_archive(actor=member, organization_id=europe.id)
    with pytest.raises(Conflict) as caught:
        organization_archive(actor=owner, organization_id=root.id)
    assert caught.value.code == "root_organization"
    with tenant_context(globex):
        foreign = Organization.objects.get(depth=1)
    for act in (organization_archive, organization_restore):
        with pytest.raises(NotFound):
            act(actor=owner, organization_id=foreign.id)
    assert open_names(owner) == ["Acme", "Europe"]


def test_an_archived_organization_that_is_empty_can_be_deleted(make: Make, owner: Actor) -> None:
    europe = make("Europe")
    organization_archive(actor=owner, organization_id=europe.id)
    organization_delete(actor=owner, organization_id=europe.id)
    assert names(owner) == ["Acme"]


def test_limits_come_from_what_the_plan_gives(make: Make, owner: Actor, entitle: Entitle) -> None:
    europe = make("Europe")
    lisbon = make("Lisbon", europe)
    entitle({"organizations.depth": 3, "organizations.organizations": 4})
    with pytest.raises(EntitlementExceeded) as caught:
        make("Sales", lisbon)
    assert (caught.value.entitlement, caught.value.status) == ("organizations.depth", 402)
    assert "no more than the 3" in str(caught.value.detail)
    asia = make("Asia")
    with pytest.raises(EntitlementExceeded) as caught:
        make("Africa")
    assert caught.value.entitlement == "organizations.organizations"
    assert "no more than the 4" in str(caught.value.detail)
    with pytest.raises(EntitlementExceeded) as caught:
        organization_move(actor=owner, organization_id=europe.id, parent_id=asia.id)
    assert caught.value.entitlement == "organizations.depth"
    # A tree that is beyond its limits already stays as it is.
    entitle({"organizations.depth": 1, "organizations.organizations": 1})
    assert names(owner) == ["Acme", "Europe", "Lisbon", "Asia"]
    organization_delete(actor=owner, organization_id=asia.id)


def test_no_limit_goes_beyond_what_a_path_has_room_for(make: Make, entitle: Entitle) -> None:
    entitle({"organizations.depth": 1000})
    parent = None
    with pytest.raises(Conflict) as caught:
        for level in range(100):
            parent = make(f"Level {level}", parent)
    assert caught.value.code == "too_deep"
    assert Organization.objects.count() == limits.DEEPEST == 63


@pytest.mark.django_db(transaction=True)
def test_moves_orders_and_archives_at_once_leave_a_sound_tree(
    owner: Actor, acme: Tenant, root: Organization
) -> None:
    with tenant_context(acme):
        tops = [
            organization_create(actor=owner, name=f"Top {n}", parent_id=root.id) for n in range(4)
        ]
        for top in tops:
            for n in range(3):
                organization_create(actor=owner, name=f"{top.name} {n}", parent_id=top.id)
    barrier = threading.Barrier(8)
    errors: list[BaseException] = []
    refusals: set[str] = set()

    def work(number: int) -> None:
        mine, other = tops[number % 4], tops[(number + 1) % 4]
        acts: list[Callable[[], object]] = [
            # Into each other, all round: some of these would make a cycle.
            lambda: organization_move(actor=owner, organization_id=mine.id, parent_id=other.id),
            lambda: organization_reorder(actor=owner, organization_id=mine.id, position=number % 3),
            lambda: organization_archive(actor=owner, organization_id=other.id),
            lambda: organization_restore(actor=owner, organization_id=other.id),
            lambda: organization_reorder(actor=owner, organization_id=other.id, position=4),
        ]
        try:
            with tenant_context(acme):
                barrier.wait()
                for act in acts:
                    try:
                        act()
                    except Conflict as refused:
                        refusals.add(refused.code)
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
    assert refusals <= {"cycle", "organization_archived", "parent_archived"}
    with tenant_context(acme):
        assert sound()
        assert Organization.objects.count() == 17
        # What lies below something archived is archived.
        for one in Organization.objects.exclude(archived_at=None):
            below = Organization.objects.filter(path__startswith=one.path, archived_at=None)
            assert not below.exists()
