"""Roles for a time: to the second, whatever is remembered; told of once; no last owner by them."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.access import allows
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.enums import BindingState
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import (
    binding_create,
    binding_delete,
    binding_end,
    bindings_tell,
    group_members_add,
    local_group_create,
)
from apps.organizations.services.bindings import roles_bind
from apps.organizations.tasks import tell_of_bindings
from apps.roles.models import Role
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db
UPDATE = "organizations.update_member"
HOUR = timedelta(hours=1)


@pytest.fixture
def give(
    owner: Actor, bob_member: Member, root: Organization, role: Callable[[str], Role]
) -> Callable[..., RoleBinding]:
    def give(code: str = "admin", **times: datetime | None) -> RoleBinding:
        return binding_create(
            actor=owner,
            member_id=bob_member.id,
            role_id=role(code).id,
            organization_id=root.id,
            **times,
        )

    return give


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """The clock stands at a moment."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


def changes() -> list[str]:
    """Of bob's roles, after the one that he has."""
    rows = OutboxEvent.objects.filter(name__endswith="role_binding_changed").order_by("id")
    return [row.payload["change"] for row in rows][2:]


def test_it_grants_from_its_start_until_its_end(give: Any, bob: Person, at: Any) -> None:
    now = timezone.now()
    starts, ends = now + HOUR, now + 2 * HOUR
    binding = give(starts_at=starts, ends_at=ends)
    second = timedelta(seconds=1)
    for moment, allowed, state, until in (
        (now, False, BindingState.SCHEDULED, starts),
        (starts - second, False, BindingState.SCHEDULED, starts),
        (starts, True, BindingState.ACTIVE, ends),
        (ends - second, True, BindingState.ACTIVE, ends),
        (ends, False, BindingState.ENDED, None),
    ):
        at(moment)
        actor = actor_for(bob)
        assert allows(actor, UPDATE) is allowed, moment
        assert (binding.state, actor.good_until) == (state, until)


def test_a_group_for_a_time(
    owner: Actor, bob: Person, bob_member: Member, root: Organization, role: Any, at: Any
) -> None:
    group = local_group_create(actor=owner, name="On call")
    group_members_add(actor=owner, group_id=group.id, member_ids=[bob_member.id])
    ends = timezone.now() + HOUR
    binding_create(
        actor=owner,
        group_id=group.id,
        role_id=role("admin").id,
        organization_id=root.id,
        ends_at=ends,
    )
    assert (allows(actor_for(bob), UPDATE), actor_for(bob).good_until) == (True, ends)
    at(ends)
    assert not allows(actor_for(bob), UPDATE)


def test_bad_times_are_refused(give: Any, bob_member: Member) -> None:
    now = timezone.now()
    for times, attr in (
        ({"ends_at": now - HOUR}, "ends_at"),
        ({"starts_at": now + HOUR, "ends_at": now + HOUR}, "ends_at"),
        ({"ends_at": now + timedelta(days=3700)}, "ends_at"),
        ({"starts_at": now + timedelta(days=3700)}, "starts_at"),
    ):
        with pytest.raises(InvalidInput) as refused:
            give(**times)
        assert refused.value.errors[0].attr == attr
    assert bob_member.bindings.count() == 1
    # What should have begun begins now.
    assert give(starts_at=now - HOUR).starts_at is None


def test_an_end_is_set_moved_and_taken_back(
    give: Any, owner: Actor, member: Actor, bob: Person, at: Any
) -> None:
    now = timezone.now()
    binding = give()
    with pytest.raises(PermissionDenied):
        binding_end(actor=member, binding_id=binding.id, ends_at=now + HOUR)
    with pytest.raises(InvalidInput):
        binding_end(actor=owner, binding_id=binding.id, ends_at=now - HOUR)
    for ends_at in (now + HOUR, now + 2 * HOUR, None, now + HOUR):
        changed, _none = binding_end(actor=owner, binding_id=binding.id, ends_at=ends_at)
        assert changed.ends_at == ends_at
        assert actor_for(bob).good_until == ends_at
    at(now + HOUR)
    with pytest.raises(Conflict) as refused:
        binding_end(actor=owner, binding_id=binding.id, ends_at=None)
    assert refused.value.code == "ended"
    # What has ended is given again.
    again = give()
    assert (again.id != binding.id, again.state) == (True, BindingState.ACTIVE)
    assert changes() == ["given", "changed", "changed", "changed", "changed", "given"]


def test_beginnings_and_ends_are_told_of_once(
    give: Any, at: Any, acme: Tenant, owner: Actor
) -> None:
    now = timezone.now()
    binding = give(starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    assert bindings_tell() == 0
    at(now + HOUR)
    assert (bindings_tell(), bindings_tell()) == (1, 0)
    binding_end(actor=owner, binding_id=binding.id, ends_at=now + 3 * HOUR)
    at(now + 3 * HOUR)
    with tenant_context(None):
        tell_of_bindings()
        tell_of_bindings()
    assert changes() == ["given", "started", "changed", "ended"]


def test_so_many_at_once(give: Any, at: Any) -> None:
    now = timezone.now()
    give(ends_at=now + HOUR)
    give("owner", ends_at=now + HOUR)
    at(now + HOUR)
    assert [bindings_tell(limit=1) for _ in range(3)] == [1, 1, 0]


def test_an_owner_for_a_time_is_none_that_remains(
    give: Any, owner: Actor, bob: Person, alice_member: Member, bob_member: Member, role: Any
) -> None:
    now = timezone.now()
    theirs = give("owner", ends_at=now + HOUR)
    own = RoleBinding.objects.get(member=alice_member)
    for act in (
        lambda: binding_delete(actor=actor_for(bob), binding_id=own.id),
        lambda: binding_end(actor=owner, binding_id=own.id, ends_at=now + HOUR),
        lambda: binding_end(actor=owner, binding_id=own.id, ends_at=now + HOUR, dry_run=True),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "last_owner"
    binding_end(actor=owner, binding_id=theirs.id, ends_at=None)
    binding_end(actor=owner, binding_id=own.id, ends_at=now + HOUR)
    own.refresh_from_db()
    assert own.ends_at == now + HOUR
    with pytest.raises(Conflict):
        binding_end(actor=owner, binding_id=theirs.id, ends_at=now + HOUR)
    # The one who takes over is an owner for good, whatever they were before.
    roles_bind(owner, alice_member, [role("owner")], own.organization)
    assert RoleBinding.objects.get(member=alice_member).ends_at is None


@pytest.mark.django_db(transaction=True)
def test_two_owners_do_not_both_get_an_end(
    give: Any, owner: Actor, acme: Tenant, alice_member: Member
) -> None:
    both = [give("owner"), RoleBinding.objects.get(member=alice_member)]
    barrier = threading.Barrier(2)
    ends_at = timezone.now() + HOUR
    outcomes: list[str] = []

    def work(binding: RoleBinding) -> None:
        try:
            with tenant_context(acme):
                barrier.wait()
                binding_end(actor=owner, binding_id=binding.id, ends_at=ends_at)
                outcomes.append("done")
        except Conflict as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "last_owner"]
    assert RoleBinding.objects.filter(role__code="owner", ends_at=None).count() == 1
