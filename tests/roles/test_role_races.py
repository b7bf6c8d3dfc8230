"""Several who write roles at once, with threads and real commits."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import binding_create
from apps.roles.models import Role, RoleInclusion
from apps.roles.services import RoleChange, role_create, role_delete, role_update, roles_update
from tests.conftest import World
from tests.roles.test_api_key_races import together

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5
INVITE = "organizations.invite_member"
SEE_TREE = "organizations.view_organization"
SEE_ROLES = "roles.view_role"


@pytest.fixture
def owner(world: World) -> Iterator[Actor]:
    with tenant_context(world.acme):
        yield actor_for(world.alice)
        RoleInclusion.objects.all().delete()
        Role.objects.filter(is_system=False).delete()


def make(owner: Actor, name: str, *codes: str) -> Role:
    return role_create(actor=owner, name=name, permission_codes=codes)


def test_two_do_not_close_a_circle(owner: Actor, world: World) -> None:
    for number in range(ROUNDS):
        pair = [make(owner, f"{name} {number}") for name in "AB"]

        def include(who: int, pair: list[Role] = pair) -> Role:
            return role_update(actor=owner, role_id=pair[who].id, includes=[pair[1 - who].id])

        found = together(include, world, 2)
        refused = [one for one in found if isinstance(one, InvalidInput)]
        assert [one.errors[0].code for one in refused] == ["cycle"], found
        assert RoleInclusion.objects.filter(role__in=pair).count() == 1


def test_a_role_that_is_made_meanwhile_inherits_the_change(owner: Actor, world: World) -> None:
    for number in range(ROUNDS):
        below = make(owner, f"Below {number}", INVITE)

        def act(who: int, below: Role = below, number: int = number) -> Role:
            if who:
                return role_update(actor=owner, role_id=below.id, permission_codes=[SEE_ROLES])
            return role_create(
                actor=owner, name=f"Above {number}", permission_codes=[], includes=[below.id]
            )

        found = together(act, world, 2)
        assert all(isinstance(one, Role) for one in found), found
        assert Role.objects.get(name=f"Above {number}").effective == {SEE_ROLES}


def test_a_role_goes_or_is_given(owner: Actor, world: World) -> None:
    bob = Member.objects.get(person_id=world.bob.id)
    root = Organization.objects.get(depth=1)
    for number in range(ROUNDS):
        role = make(owner, f"Role {number}", INVITE)

        def act(who: int, role: Role = role) -> Any:
            if who:
                return role_delete(actor=owner, role_id=role.id)
            return binding_create(
                actor=owner, member_id=bob.id, role_id=role.id, organization_id=root.id
            )

        given, deleted = together(act, world, 2)
        bindings = RoleBinding.objects.filter(role_id=role.id)
        if Role.objects.filter(id=role.id).exists():
            assert isinstance(given, RoleBinding), given
            assert (type(deleted), deleted.code) == (Conflict, "role_in_use")
            bindings.delete()
        else:
            assert deleted is None
            assert isinstance(given, InvalidInput), given
            assert given.errors[0].code == "role_unknown"
            assert not bindings.exists()


def test_a_role_goes_or_is_included(owner: Actor, world: World) -> None:
    for number in range(ROUNDS):
        below, above = make(owner, f"Below {number}", INVITE), make(owner, f"Above {number}")

        def act(who: int, below: Role = below, above: Role = above) -> Any:
            if who:
                return role_delete(actor=owner, role_id=below.id)
            return role_update(actor=owner, role_id=above.id, includes=[below.id])

        included, deleted = together(act, world, 2)
        is_there = Role.objects.filter(id=below.id).exists()
        if is_there:
            assert isinstance(deleted, Conflict)
            assert deleted.code == "role_included"
        else:
            assert isinstance(included, InvalidInput)
        assert Role.objects.get(id=above.id).effective == (
            {INVITE, SEE_TREE} if is_there else frozenset()
        )


def test_of_those_who_saw_the_same_version_one_saves(owner: Actor, world: World) -> None:
    role = make(owner, "Once", INVITE)
    wanted = [frozenset({INVITE, SEE_ROLES}), frozenset({SEE_TREE})]

    def save(who: int) -> Any:
        change = RoleChange(role.updated_at, wanted[who % 2])
        return roles_update(actor=owner, changes={role.id: change})

    found = together(save, world, 4)
    refused = [one for one in found if isinstance(one, Conflict)]
    assert [one.code for one in refused] == ["changed_meanwhile"] * 3, found
    assert frozenset(Role.objects.get(id=role.id).permissions) in wanted
