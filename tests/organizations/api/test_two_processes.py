"""Two real processes, each with a memory of its own: a change in one holds on the other's next request."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from apps.organizations.models import (
    Group,
    Invitation,
    Member,
    Organization,
    Placement,
    RoleBinding,
)
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
    organization_archive,
    organization_create,
    organization_restore,
    role_retire,
)
from apps.organizations.services.groups import GroupData
from apps.roles.models import Role
from apps.roles.services import role_create
from tests.api.client import Api, api, bearer
from tests.conftest import World
from tests.organizations.scim.conftest import make_scim

__all__ = ["api", "bearer"]
# Longer than some requests take on a busy machine.
SOON_S = 5


Request = tuple[str, str, Any]
Answer = tuple[int, int, int]


def answer(send: Callable[..., Any], pipe: Connection) -> None:
    """The other process: answers with the status of a request, each time that it is asked."""
    authorizations._entries.clear()
    while request := pipe.recv():
        status = send(*request).status_code
        pipe.send((status, len(authorizations._entries), os.getpid()))
    os._exit(0)


@contextmanager
def elsewhere(send: Callable[..., Any]) -> Iterator[Callable[[Request], Answer]]:
    """Sends requests from another process: method, path and body."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=answer, args=(send, theirs), daemon=True
    )
    connections.close_all()
    process.start()

    def ask(request: Request) -> Answer:
        ours.send(request)
        assert ours.poll(30), "the other process is gone"
        found: Answer = ours.recv()
        return found

    try:
        yield ask
    finally:
        ours.send(None)
        process.join(10)
    assert process.exitcode == 0


Other = Callable[[], Answer]


@pytest.fixture(params=["token", "session", "page"])
def other(request: Any, api: Any, bearer: Any, bob: Person) -> Iterator[Other]:
    """Asks another process what bob's request is answered with there: by API, or for a page."""
    client: Api = bearer(bob) if request.param == "token" else api(bob)
    path = "/invitations/" if request.param == "page" else "/api/v1/invitations/"

    def send(method: str, path: str, _body: Any) -> Any:
        return client.client.generic(method, path)

    with elsewhere(send) as ask:
        yield lambda: ask(("GET", path, None))


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


ORGANIZATIONS = "organizations/"


@pytest.mark.parametrize("by", ["token", "session"])
@pytest.mark.django_db(transaction=True)
def test_what_is_archived_is_closed_elsewhere(world: World, api: Any, bearer: Any, by: str) -> None:
    """Nothing of the tree is remembered: the next request of another process knows."""
    with tenant_context(world.acme):
        alice = actor_for(world.alice)
        root = Organization.objects.get(depth=1)
        north, south = (
            organization_create(actor=alice, name=name, parent_id=root.id)
            for name in ("North", "South")
        )
        below = organization_create(actor=alice, name="Below", parent_id=north.id)
        bob = Member.objects.get(person_id=world.bob.id)
        role = Role.objects.get(code="member")
    client: Api = bearer(world.alice) if by == "token" else api(world.alice)
    acts: list[tuple[Request, int]] = [
        (("POST", ORGANIZATIONS, {"name": "New", "parent": below.id}), 201),
        (("POST", f"{ORGANIZATIONS}{below.id}/move/", {"parent": south.id}), 200),
        (("POST", f"{ORGANIZATIONS}{below.id}/reorder/", {"position": 1}), 200),
        (("PUT", f"members/{bob.id}/organizations/{below.id}/", {}), 200),
        (
            (
                "POST",
                "role-bindings/",
                {"member_id": bob.id, "role_id": role.id, "organization_id": below.id},
            ),
            201,
        ),
        (
            (
                "POST",
                "invitations/",
                {"email": "d@acme.test", "role_ids": [role.id], "organization_id": below.id},
            ),
            201,
        ),
    ]

    def tree() -> Any:
        return (
            list(Organization.objects.order_by("path").values_list("id", "path")),
            RoleBinding.objects.count(),
            Invitation.objects.count(),
            Placement.objects.count(),
        )

    with elsewhere(client) as ask:
        assert ask(("GET", ORGANIZATIONS, None))[0] == 200
        with tenant_context(world.acme):
            organization_archive(actor=alice, organization_id=north.id)
            before = tree()
        assert [ask(request)[0] for request, _open in acts] == [409] * len(acts)
        with tenant_context(world.acme):
            assert tree() == before
            organization_restore(actor=alice, organization_id=north.id)
        assert [ask(request)[0] for request, _open in acts] == [open_ for _request, open_ in acts]
