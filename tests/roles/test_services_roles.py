"""Roles that include roles, and codes that no app declares any more."""

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.access import Permission, allows, permissions
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import binding_create
from apps.roles.models import Role, RoleInclusion
from apps.roles.selectors import role_by_code, role_for
from apps.roles.selectors_comparison import role_sources
from apps.roles.services import RoleChange, role_create, role_delete, role_update, roles_update
from apps.roles.services.graph import DEPTH_MAX, INCLUDES_MAX
from tests.api.client import MISSING, statements
from tests.roles.registry import declared

pytestmark = pytest.mark.django_db
INVITE = "organizations.invite_member"
SEE_MEMBERS = "organizations.view_member"
SEE_TREE = "organizations.view_organization"
SEE_ROLES = "roles.view_role"
REMOVE = "organizations.remove_member"


def make(actor: Actor, name: str, *codes: str, includes: tuple[Role, ...] = ()) -> Role:
    return role_create(
        actor=actor, name=name, permission_codes=codes, includes=[one.id for one in includes]
    )


def held(role: Role) -> set[str]:
    return set(Role.objects.get(id=role.id).effective)


def rows() -> list[object]:
    """Everything that a refused write must leave alone."""
    return [
        list(Role.objects.order_by("id").values()),
        list(RoleInclusion.objects.order_by("id").values()),
        OutboxEvent.objects.count(),
    ]


def hold(actor: Actor, member: Member, role: Role) -> Actor:
    """Give the member this role alone, in the whole tenant, and come back as them."""
    member.bindings.all().delete()
    root = Organization.objects.get(depth=1)
    RoleBinding.objects.create(member=member, role=role, organization=root)
    return actor_for(Person.objects.get(id=member.person_id))


def test_a_role_allows_what_the_roles_allow_that_it_includes(owner: Actor) -> None:
    bottom = make(owner, "Bottom", INVITE)
    middle = make(owner, "Middle", REMOVE, includes=(bottom,))
    top = make(owner, "Top", includes=(middle, role_by_code("auditor")))
    assert held(bottom) == {INVITE, SEE_TREE}
    assert held(middle) == {INVITE, SEE_TREE, REMOVE, SEE_MEMBERS}
    assert held(top) == {*held(middle), SEE_ROLES, "organizations.view_group"} | {
        "tenants.view_settings",
        "audit.view_entries",
        "billing.view_billing",
        "credits.view_credits",
    }
    stored = Role.objects.get(id=top.id)
    assert (stored.own, stored.permissions) == (frozenset(), [])
    assert stored.inherited_permissions == [INVITE, REMOVE]
    assert stored.inherited_system_roles == ["auditor"]


def test_a_change_reaches_all_that_include_it(owner: Actor, bob_member: Member) -> None:
    bottom = make(owner, "Bottom", INVITE)
    middle = make(owner, "Middle", includes=(bottom,))
    top = make(owner, "Top", includes=(middle,))
    bob = hold(owner, bob_member, top)
    assert allows(bob, INVITE)
    before = Role.objects.get(id=top.id).updated_at
    role_update(actor=owner, role_id=bottom.id, permission_codes=[REMOVE])
    assert held(top) == held(middle) == {REMOVE, SEE_MEMBERS}
    assert Role.objects.get(id=top.id).updated_at == before
    bob = actor_for(Person.objects.get(id=bob_member.person_id))
    assert (allows(bob, INVITE), allows(bob, REMOVE)) == (False, True)
    role_update(actor=owner, role_id=middle.id, includes=[])
    assert held(top) == held(middle) == set()
    assert list(RoleInclusion.objects.values_list("role__name", "included__name")) == [
        ("Top", "Middle")
    ]


def test_an_actor_is_one_statement(owner: Actor, bob_member: Member, bob: Person) -> None:
    top = make(owner, "Top", includes=(make(owner, "B", INVITE), role_by_code("auditor")))
    hold(owner, bob_member, top)
    with statements(1):
        actor = actor_for(bob)
    assert actor.grants[0].permissions == {INVITE, SEE_TREE, SEE_MEMBERS, SEE_ROLES} | {
        "organizations.view_group",
        "tenants.view_settings",
        "audit.view_entries",
        "billing.view_billing",
        "credits.view_credits",
    }


def test_cycles_are_refused(owner: Actor) -> None:
    a = make(owner, "A", INVITE)
    b = make(owner, "B", includes=(a,))
    c = make(owner, "C", includes=(b,))
    before = rows()
    for included in (a, b, c):
        with pytest.raises(InvalidInput) as raised:
            role_update(actor=owner, role_id=a.id, includes=[included.id])
        assert raised.value.errors[0].code == "cycle"
        assert rows() == before


def test_bounds(owner: Actor) -> None:
    chain = [make(owner, "R0")]
    for number in range(DEPTH_MAX):
        chain.append(make(owner, f"R{number + 1}", includes=(chain[-1],)))
    many = [make(owner, f"M{number}") for number in range(INCLUDES_MAX + 1)]
    before = rows()
    for includes, code in (
        ((chain[-1],), "too_deep"),
        (tuple(many), "too_many"),
        ((role_by_code("owner"),), "owner"),
    ):
        with pytest.raises(InvalidInput) as raised:
            make(owner, "Next", includes=includes)
        assert raised.value.errors[0].code == code
    # Also in the middle: what includes it goes deeper by that.
    with pytest.raises(InvalidInput) as raised:
        role_update(actor=owner, role_id=chain[0].id, includes=[many[0].id])
    assert raised.value.errors[0].code == "too_deep"
    with pytest.raises(InvalidInput) as raised:
        role_create(actor=owner, name="Next", permission_codes=[], includes=[uuid.UUID(MISSING)])
    assert raised.value.errors[0].code == "role_unknown"
    assert rows() == before


def test_nobody_gives_by_inclusion_what_they_lack(owner: Actor, bob_member: Member) -> None:
    manager = make(owner, "Manager", "roles.manage_role", INVITE)
    strong = make(owner, "Strong", REMOVE)
    around = make(owner, "Around", includes=(strong,))
    mine = make(owner, "Mine", INVITE)
    bob = hold(owner, bob_member, manager)
    before = rows()
    for included in (strong, around, role_by_code("admin"), role_by_code("member")):
        with pytest.raises(PermissionDenied):
            make(bob, "New", INVITE, includes=(included,))
        with pytest.raises(PermissionDenied):
            role_update(actor=bob, role_id=mine.id, includes=[included.id])
    # Nor do they take it from others: the role is above them.
    with pytest.raises(PermissionDenied):
        role_update(actor=bob, role_id=around.id, includes=[])
    assert rows() == before
    made = make(bob, "New", includes=(mine,))
    assert held(made) == {INVITE, SEE_TREE}
    # What is implied they hold, and give.
    role_update(actor=bob, role_id=made.id, permission_codes=[SEE_TREE, SEE_ROLES])


def test_bindings_count_what_is_included(
    owner: Actor, bob_member: Member, alice_member: Member, root: Organization
) -> None:
    around = make(owner, "Around", includes=(make(owner, "Strong", REMOVE),))
    binder = make(owner, "Binder", "roles.bind_role", SEE_ROLES)
    bob = hold(owner, bob_member, binder)
    with pytest.raises(PermissionDenied):
        binding_create(
            actor=bob, member_id=bob_member.id, role_id=around.id, organization_id=root.id
        )
    assert not RoleBinding.objects.filter(role=around).exists()


def test_a_role_that_others_include_stays(owner: Actor) -> None:
    bottom = make(owner, "Bottom", INVITE)
    make(owner, "Left", includes=(bottom,))
    make(owner, "Right", includes=(bottom,))
    before = rows()
    with pytest.raises(Conflict) as raised:
        role_delete(actor=owner, role_id=bottom.id)
    assert raised.value.code == "role_included"
    assert "“Left” and “Right”" in str(raised.value.detail)
    assert rows() == before
    for name in ("Left", "Right"):
        role_delete(actor=owner, role_id=Role.objects.get(name=name).id)
    role_delete(actor=owner, role_id=bottom.id)
    assert not RoleInclusion.objects.exists()


def test_codes_that_disappear_stay_and_allow_nothing(owner: Actor) -> None:
    gone = Permission("notes.write_note", "Write", "Writes.")
    with declared(gone):
        owner = _again(owner)
        role = make(owner, "Writer", "notes.write_note", INVITE)
        above = make(owner, "Above", includes=(role,))
    owner = _again(owner)
    found = role_for(owner, role.id)
    assert (found.own, found.unknown) == ({INVITE}, {"notes.write_note"})
    assert held(role) == held(above) == {INVITE, SEE_TREE}
    role_update(actor=owner, role_id=role.id, name="Author")
    role_update(actor=owner, role_id=role.id, permission_codes=[SEE_ROLES])
    assert Role.objects.get(id=role.id).permissions == ["notes.write_note", SEE_ROLES]
    with declared(gone):
        assert "notes.write_note" in held(above)
    role_update(actor=owner, role_id=role.id, unknown_codes=[])
    assert Role.objects.get(id=role.id).permissions == [SEE_ROLES]
    assert Role.objects.get(id=above.id).inherited_permissions == [SEE_ROLES]
    # What was never there is no code.
    with pytest.raises(InvalidInput):
        role_update(actor=owner, role_id=role.id, permission_codes=["notes.write_note"])
    role_update(actor=owner, role_id=role.id, unknown_codes=["notes.write_note"])
    assert Role.objects.get(id=role.id).permissions == [SEE_ROLES]


def test_several_are_changed_together_or_not_at_all(owner: Actor) -> None:
    one, two = make(owner, "One", INVITE), make(owner, "Two", REMOVE)
    stale = RoleChange(timezone.now(), frozenset({SEE_ROLES}))
    before = rows()
    with pytest.raises(Conflict) as raised:
        roles_update(
            actor=owner,
            changes={one.id: RoleChange(one.updated_at, frozenset({SEE_ROLES})), two.id: stale},
        )
    assert raised.value.code == "changed_meanwhile"
    assert "“Two”" in str(raised.value.detail)
    assert rows() == before
    roles_update(
        actor=owner,
        changes={
            role.id: RoleChange(role.updated_at, frozenset({SEE_ROLES})) for role in (one, two)
        },
    )
    assert held(one) == held(two) == {SEE_ROLES}


@pytest.mark.parametrize("description", ["x" * 301, "a\x00b"])
def test_descriptions(owner: Actor, description: str) -> None:
    with pytest.raises(InvalidInput):
        role_create(actor=owner, name="A", permission_codes=[], description=description)
    assert not Role.objects.filter(name="A").exists()


def test_where_permissions_come_from(owner: Actor, role: Callable[[str], Role]) -> None:
    inner = make(owner, "Inner", REMOVE)
    outer = make(owner, "Outer", INVITE, SEE_MEMBERS, includes=(inner, role("member")))
    sources = role_sources(role_for(owner, outer.id))
    assert {
        code: [(one.kind.value, one.code) for one in found] for code, found in sources.items()
    } == {
        INVITE: [("own", "outer")],
        REMOVE: [("included", "inner")],
        SEE_MEMBERS: [("own", "outer"), ("included", "inner"), ("included", "member")],
        SEE_TREE: [("included", "member"), ("implied", INVITE)],
        SEE_ROLES: [("included", "member")],
        "credits.spend_credits": [("included", "member")],
    }


def test_a_missing_role(owner: Actor) -> None:
    with pytest.raises(NotFound):
        role_update(actor=owner, role_id=uuid.UUID(MISSING), includes=[])


def test_inclusion_of_itself_is_refused_below_the_services_too(owner: Actor) -> None:
    from django.db import IntegrityError, transaction

    role = make(owner, "A")
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleInclusion.objects.create(role=role, included=role)
    assert connection.is_usable()


def _again(actor: Actor) -> Actor:
    """With what they hold now."""
    assert permissions()
    return actor_for(Person.objects.get(id=actor.person_id))
