"""Nobody writes by where something was: not in a request that began before the tree changed."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction

from apps.common.access import allows
from apps.common.actors import Actor
from apps.common.database import app_connection
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations import permissions as p
from apps.organizations import services
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.organization_csv import OrganizationRow
from apps.organizations.tree_lock import tree_kept, tree_locked
from apps.roles.models import Role
from apps.roles.services import api_key_create
from tests.api.client import statements
from tests.conftest import World

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("tests")


@dataclass
class Place:
    """bob manages north, the first child of the root; south is the second. before: bob as he was then."""

    north: Organization
    south: Organization
    before: Actor
    carol: Member
    role: Role


@pytest.fixture
def place(world: World) -> Iterator[Place]:
    with tenant_context(world.acme):
        root = Organization.objects.get(depth=1)
        made = {
            name: services.organization_create(actor=SYSTEM, name=name, parent_id=root.id)
            for name in ("North", "South")
        }
        bob, carol = (Member.objects.get(person_id=one.id) for one in (world.bob, world.alice))
        RoleBinding.objects.filter(member=bob).delete()
        services.binding_create(
            actor=SYSTEM,
            member_id=bob.id,
            role_id=Role.objects.get(code="admin").id,
            organization_id=made["North"].id,
        )
        for one in made.values():
            services.member_place(actor=SYSTEM, member_id=carol.id, organization_id=one.id)
        yield Place(
            **{name.lower(): one for name, one in made.items()},
            before=actor_for(world.bob),
            carol=carol,
            role=Role.objects.get(code="member"),
        )


def swap(place: Place) -> None:
    """South has the path that north had, and north the one that south had."""
    paths = [place.south.path, place.north.path]
    services.organization_reorder(actor=SYSTEM, organization_id=place.south.id, position=1)
    found = Organization.objects.in_bulk([place.north.id, place.south.id])
    assert [found[one.id].path for one in (place.north, place.south)] == paths


REFUSED = (NotFound, PermissionDenied, InvalidInput)
Act = Callable[[Actor, Place, uuid.UUID], Any]
# What somebody who manages an organization does at it.
ACTS: dict[str, Act] = {
    "create": lambda actor, _place, at: services.organization_create(
        actor=actor, name="New", parent_id=at
    ),
    "rename": lambda actor, _place, at: services.organization_rename(
        actor=actor, organization_id=at, name="Other"
    ),
    "archive": lambda actor, _place, at: services.organization_archive(
        actor=actor, organization_id=at
    ),
    "bind": lambda actor, place, at: services.binding_create(
        actor=actor, member_id=place.carol.id, role_id=place.role.id, organization_id=at
    ),
    "invite": lambda actor, place, at: services.invitation_create(
        actor=actor, email="n@acme.test", role_ids=[place.role.id], organization_id=at
    ),
    "setting": lambda actor, _place, at: services.setting_set(
        actor=actor, organization_id=at, code="organizations.invitation_days", value=3
    ),
    "import": lambda actor, _place, at: services.organizations_import(
        actor=actor,
        rows=[OrganizationRow(2, (Organization.objects.get(id=at).name, "New"))],
    ),
    "key": lambda actor, _place, at: api_key_create(
        actor=actor, name="Key", permission_codes=[p.VIEW_MEMBER], organization_id=at
    ),
    "unplace": lambda actor, place, at: services.member_unplace(
        actor=actor, member_id=place.carol.id, organization_id=at
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_who_was_read_before_the_change_acts_where_their_role_is_now(
    name: str, place: Place
) -> None:
    swap(place)
    # As the gate would say of an actor that is not brought up to date.
    south = Organization.objects.get(id=place.south.id)
    assert allows(place.before, p.UPDATE_ORGANIZATION, south)
    before = everything()
    with pytest.raises(REFUSED):
        ACTS[name](place.before, place, place.south.id)
    assert everything() == before
    ACTS[name](place.before, place, place.north.id)
    assert everything() != before


def everything() -> Any:
    return (
        list(Organization.objects.order_by("id").values_list("id", "path", "name", "archived_at")),
        OutboxEvent.objects.count(),
    )


@contextmanager
def elsewhere(world: World, act: Callable[[], Any]) -> Iterator[list[Any]]:
    """Acts in another thread, and has ended at the end of the block: what came of it, or was raised."""
    found: list[Any] = []

    def run() -> None:
        try:
            with app_connection(), tenant_context(world.acme):
                found.append(act())
        except Exception as error:  # noqa: BLE001 - told to the test
            found.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield found
    thread.join(20)
    assert not thread.is_alive()


def wait_until_it_waits() -> None:
    """For the lock of the tree, the only advisory one here."""
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )
            if cursor.fetchone() == (1,):
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("name", ["create", "bind", "invite", "setting"])
def test_a_writer_waits_for_a_change_that_is_under_way(
    name: str, place: Place, world: World
) -> None:
    with ExitStack() as until, transaction.atomic():
        swap(place)
        found = until.enter_context(
            elsewhere(world, lambda: ACTS[name](place.before, place, place.south.id))
        )
        wait_until_it_waits()
    assert isinstance(found[0], REFUSED), found
    assert not Organization.objects.filter(name="New").exists()
    assert not RoleBinding.objects.filter(organization=place.south).exists()


def test_a_change_waits_for_writers(place: Place, world: World) -> None:
    """What was decided by a path is written before the path is another one."""
    with ExitStack() as until, transaction.atomic():
        ACTS["bind"](place.before, place, place.north.id)
        found = until.enter_context(elsewhere(world, lambda: swap(place)))
        wait_until_it_waits()
        assert Organization.objects.get(id=place.north.id).path == place.north.path
        assert found == []
    assert found == [None]
    assert RoleBinding.objects.filter(organization=place.north, role=place.role).count() == 1


def test_writers_do_not_wait_for_each_other(place: Place, world: World) -> None:
    with transaction.atomic():
        ACTS["bind"](place.before, place, place.north.id)
        with elsewhere(world, lambda: ACTS["invite"](place.before, place, place.north.id)) as found:
            pass
        assert found[0].email == "n@acme.test"


def test_what_it_costs(place: Place, world: World) -> None:
    everywhere = actor_for(world.alice)
    with transaction.atomic():
        with statements(0):
            assert tree_kept(everywhere) is everywhere
        with statements(2):
            assert tree_kept(place.before) == place.before
        with statements(1):
            assert tree_locked(everywhere) is everywhere


def test_a_place_that_is_gone_is_held_no_more(place: Place) -> None:
    RoleBinding.objects.filter(organization=place.north).delete()
    services.member_unplace(actor=SYSTEM, member_id=place.carol.id, organization_id=place.north.id)
    services.organization_delete(actor=SYSTEM, organization_id=place.north.id)
    with transaction.atomic():
        assert tree_kept(place.before).grants == ()
