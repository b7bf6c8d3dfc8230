"""Two real processes, each with a memory of its own: a change in one holds on the other's next request."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from apps.accounts import authorizations
from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.models import Group, Member, Organization, RoleBinding
from apps.organizations.services import (
    binding_create,
    binding_delete,
    binding_end,
    group_change,
    group_map,
    group_member_remove,
    group_members_add,
    local_group_create,
    local_group_delete,
    role_retire,
)
from apps.organizations.services.groups import GroupData
from apps.roles.models import Role
from apps.roles.services import role_create
from tests.api.client import Api, api, bearer
from tests.conftest import World
from tests.organizations.scim.conftest import make_scim

__all__ = ["api", "bearer"]
INVITATIONS = "invitations/"
# Longer than some requests take on a busy machine.
SOON_S = 5


def answer(client: Api, pipe: Connection) -> None:
    """The other process: answers with the status of a request, each time that it is asked."""
    authorizations._entries.clear()
    while pipe.recv():
        status = client.get(INVITATIONS).status_code
        pipe.send((status, len(authorizations._entries), os.getpid()))
    os._exit(0)


Other = Callable[[], tuple[int, int, int]]


@pytest.fixture
def other(bearer: Any, bob: Person) -> Iterator[Other]:
    """Asks another process what bob's request is answered with there."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=answer, args=(bearer(bob), theirs), daemon=True
    )
    connections.close_all()
    process.start()

    def ask() -> tuple[int, int, int]:
        ours.send(True)
        assert ours.poll(30), "the other process is gone"
        found: tuple[int, int, int] = ours.recv()
        return found

    yield ask
    ours.send(False)
    process.join(10)
    assert process.exitcode == 0


@pytest.mark.django_db(transaction=True)
def test_a_change_holds_on_the_next_request_elsewhere(world: World, other: Other) -> None:
    """Each step is asked for twice: the second answer is from memory, and the next step ends that."""
    with tenant_context(world.acme):
        alice = actor_for(world.alice)
        root = Organization.objects.get(depth=1)
        bob = Member.objects.get(person_id=world.bob.id)
        role = role_create(
            actor=alice, name="Inviter", permission_codes=["organizations.invite_member"]
        )
        group = local_group_create(actor=alice, name="Inviters")
    make_scim(world, world.acme)
    there = {"role_id": role.id, "organization_id": root.id}

    def expect(status: int) -> None:
        for _ in range(2):
            found, remembered, pid = other()
            assert (found, remembered) == (status, 1)
            assert pid != os.getpid()

    def step(act: Callable[[], Any], status: int) -> None:
        with tenant_context(world.acme):
            act()
        expect(status)

    def binding(**holder: Any) -> Any:
        return RoleBinding.objects.get(role=role, **holder).id

    expect(403)
    step(lambda: group_members_add(actor=alice, group_id=group.id, member_ids=[bob.id]), 403)
    step(lambda: binding_create(actor=alice, group_id=group.id, **there), 200)
    step(lambda: group_member_remove(actor=alice, group_id=group.id, member_id=bob.id), 403)
    step(lambda: group_members_add(actor=alice, group_id=group.id, member_ids=[bob.id]), 200)
    step(lambda: binding_delete(actor=alice, binding_id=binding(group=group)), 403)
    step(lambda: binding_create(actor=alice, group_id=group.id, **there), 200)
    step(lambda: local_group_delete(actor=alice, group_id=group.id), 403)
    step(lambda: binding_create(actor=alice, member_id=bob.id, **there), 200)
    step(lambda: binding_delete(actor=alice, binding_id=binding(member=bob)), 403)

    # By the directory.
    with tenant_context(world.acme):
        theirs = Group.objects.create(display_name="Theirs")
        user_id = bob.directory_user.id

    def directory(*user_ids: Any) -> Callable[[], Any]:
        data = GroupData("Theirs", None, frozenset(user_ids))
        return lambda: group_change(
            actor=alice, group_id=theirs.id, change=lambda _group, _ids: data
        )

    step(directory(user_id), 403)
    step(lambda: group_map(actor=alice, group_id=theirs.id, **there), 200)
    step(directory(), 403)
    step(directory(user_id), 200)
    step(lambda: role_retire(actor=alice, role_id=role.id, with_bindings=True), 403)


@pytest.mark.django_db(transaction=True)
def test_a_role_begins_and_ends_elsewhere_to_the_second(world: World, other: Other) -> None:
    """Nothing tells the other process: it knows until when what it remembers is good."""
    with tenant_context(world.acme):
        alice = actor_for(world.alice)
        bob = Member.objects.get(person_id=world.bob.id)
    assert other()[0] == 403
    with tenant_context(world.acme):
        starts = timezone.now() + timedelta(seconds=SOON_S)
        binding = binding_create(
            actor=alice,
            member_id=bob.id,
            role_id=Role.objects.get(code="admin").id,
            organization_id=Organization.objects.get(depth=1).id,
            starts_at=starts,
        )
    assert [other()[0], other()[0]] == [403, 403]
    wait_for(starts)
    assert [other()[0], other()[0]] == [200, 200]
    ends = timezone.now() + timedelta(seconds=SOON_S)
    with tenant_context(world.acme):
        binding_end(actor=alice, binding_id=binding.id, ends_at=ends)
    assert [other()[0], other()[0]] == [200, 200]
    wait_for(ends)
    assert other()[0] == 403


def wait_for(moment: Any) -> None:
    time.sleep(max(0.0, (moment - timezone.now()).total_seconds()) + 0.01)
