"""Whatever changes, the gateway's next answer is the one that Django gives."""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.accounts import epochs, keys, services, signing_keys, token_sessions
from apps.accounts.models import Person, TokenSession
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import (
    binding_create,
    binding_delete,
    member_update_status,
    organization_create,
    root_rename,
)
from apps.roles.models import Role
from apps.roles.services import role_create, role_update
from apps.tenants.models import Tenant
from apps.tenants.services import maintenance_start, tenant_suspend
from tests.accounts.support import host
from tests.gateway.conftest import Process

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system("tests")
Warm = Callable[..., Callable[..., Any]]


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """A block whose changes are as good as committed at its end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def member_of(person: Person) -> Member:
    return Member.objects.get(person_id=person.id)


def remove_member(bob: Person) -> None:
    member_update_status(actor=SYSTEM, member_id=member_of(bob).id, status=MemberStatus.REMOVED)


def deactivate_member(bob: Person) -> None:
    member_update_status(actor=SYSTEM, member_id=member_of(bob).id, status=MemberStatus.DEACTIVATED)


def disable_person(bob: Person) -> None:
    with tenant_context(None):
        services.person_deactivate(actor=SYSTEM, person_id=bob.id)


def change_password(bob: Person) -> None:
    with tenant_context(None):
        services.person_set_password(actor=SYSTEM, person_id=bob.id, password="another-10-chars")


def revoke_session(bob: Person) -> None:
    with tenant_context(None):
        token_sessions.token_session_revoke(
            actor=SYSTEM, session=TokenSession.objects.get(person=bob)
        )


def revoke_key(bob: Person) -> None:
    with tenant_context(None):
        signing_keys.signing_key_revoke(
            actor=SYSTEM, kid=keys.key_set().kid, reason="It was in a log."
        )


def take_roles(bob: Person) -> None:
    for binding in RoleBinding.objects.filter(member__person_id=bob.id):
        binding_delete(actor=SYSTEM, binding_id=binding.id)


def suspend(bob: Person) -> None:
    acme = Tenant.objects.get(slug="acme")
    with tenant_context(None):
        tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="Unpaid.")


def maintain(bob: Person) -> None:
    acme = Tenant.objects.get(slug="acme")
    with tenant_context(None):
        maintenance_start(actor=SYSTEM, tenant_id=acme.id)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (remove_member, 404),
        (deactivate_member, 404),
        (disable_person, 401),
        (change_password, 401),
        (revoke_session, 401),
        (revoke_key, 401),
        (take_roles, 403),
        (suspend, 403),
        (maintain, 503),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_who_may_not_any_more_is_refused_at_once(
    warm: Warm, acme: Tenant, bob: Person, commit: Any, change: Any, status: int
) -> None:
    call = warm(bob)
    with commit(), tenant_context(acme), transaction.atomic():
        change(bob)
    answer = call()
    assert (answer.status, answer.by_gateway) == (status, False)
    assert call().status == status


def rename_member(bob: Person) -> None:
    Member.objects.filter(person_id=bob.id).update(name="Robert")


def save_member(bob: Person) -> None:
    member = member_of(bob)
    member.name = "Robert"
    member.save()


def by_hand(bob: Person) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH found AS (SELECT id FROM organizations_member WHERE person_id = %s) "
            "UPDATE organizations_member SET name = 'Robert' WHERE id IN (SELECT id FROM found)",
            [bob.id],
        )


def rename_organization(bob: Person) -> None:
    root_rename(actor=SYSTEM, name="Acme & Co")


def rename_role(bob: Person) -> None:
    Role.objects.filter(code="member").update(name="Colleague")


def give_role(bob: Person) -> None:
    role = role_create(actor=SYSTEM, name="Other", permission_codes=[])
    binding_create(
        actor=SYSTEM,
        member_id=member_of(bob).id,
        role_id=role.id,
        organization_id=Organization.objects.get(depth=1).id,
    )


def add_members(bob: Person) -> None:
    root = Organization.objects.get(depth=1)
    Member.objects.bulk_create(
        Member(person_id=uuid.uuid4(), email=f"{n}@acme.test", name=f"N {n}", organization=root)
        for n in range(3)
    )


def take_members(bob: Person) -> None:
    Member.objects.exclude(person_id=bob.id).filter(bindings=None).delete()
    add_members(bob)


@pytest.mark.parametrize(
    "change",
    [
        rename_member,
        save_member,
        by_hand,
        rename_organization,
        rename_role,
        give_role,
        add_members,
        take_members,
    ],
    ids=lambda value: value.__name__,
)
@pytest.mark.parametrize("keeps", [False, True])
def test_what_is_listed_is_what_was_committed(
    warm: Warm, process: Process, token: Any, acme: Tenant, bob: Person, commit: Any,
    settings: Any, change: Any, keeps: bool,
) -> None:  # fmt: skip
    settings.API_RESPONSE_CACHE = keeps
    call = warm(bob)
    before = call().body
    assert call().body == before
    with commit(), tenant_context(acme), transaction.atomic():
        change(bob)
    after = call()
    assert after.body != before
    assert after.data == process.without_gateway(host(acme), token(bob)).data
    assert call().body == after.body


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What goes to Redis, a message each."""
    messages: list[Any] = []
    original = AbstractConnection.send_packed_command

    def send(self: Any, *args: Any, **options: Any) -> Any:
        messages.append(args)
        return original(self, *args, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", send)
    return messages


def test_a_kept_page_costs_one_round_trip_and_no_statement(
    warm: Warm, bob: Person, sent: list[Any]
) -> None:
    call = warm(bob)
    sent.clear()
    with CaptureQueriesContext(connection) as captured:
        assert call().by_gateway
    assert (len(sent), len(captured.captured_queries)) == (1, 0)


def test_a_page_that_is_not_kept_costs_one_of_each(
    warm: Warm, bob: Person, settings: Any, sent: list[Any]
) -> None:
    settings.API_RESPONSE_CACHE = False
    call = warm(bob)
    sent.clear()
    with CaptureQueriesContext(connection) as captured:
        assert call().by_gateway
    assert (len(sent), len(captured.captured_queries)) == (1, 1)


def test_while_somebody_writes_pages_are_read(
    warm: Warm, acme: Tenant, bob: Person, commit: Any
) -> None:
    """What is read before the commit is not kept past it."""
    call = warm(bob)
    before = call().body
    with commit(), tenant_context(acme):
        rename_member(bob)
        # The test's own transaction sees its write, which it has not committed yet.
        with CaptureQueriesContext(connection) as captured:
            seen = call()
        assert seen.by_gateway
        assert len(captured.captured_queries) == 1
        assert seen.body != before
        Member.objects.filter(person_id=bob.id).update(name="Roberta")
    assert b"Roberta" in call().body
    assert b"Roberta" in call().body


def test_while_rights_are_changed_django_is_asked(warm: Warm, acme: Tenant, bob: Person) -> None:
    call = warm(bob)
    with tenant_context(acme), transaction.atomic():
        remove_member(bob)
    assert caches["global"].get(epochs.of_membership(acme.id, bob.id)) == epochs.CHANGING
    for _ in range(3):
        answer = call()
        assert (answer.status, answer.by_gateway) == (404, False)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """The clock goes on by so many seconds."""
    real = time.time
    return lambda by_s: monkeypatch.setattr(time, "time", lambda: real() + by_s)


def test_a_role_that_ends_by_itself_ends_here_too(
    warm: Warm, acme: Tenant, bob: Person, commit: Any, later: Any
) -> None:
    with commit(), tenant_context(acme):
        binding = RoleBinding.objects.get(member__person_id=bob.id)
        binding.ends_at = timezone.now() + timedelta(seconds=20)
        binding.save()
        epochs.change(epochs.of_membership(acme.id, bob.id))
    call = warm(bob)
    later(15)
    assert call().by_gateway
    later(25)
    assert not call().by_gateway


def test_a_pass_lasts_a_minute(warm: Warm, bob: Person, later: Any) -> None:
    call = warm(bob)
    Person.objects.filter(id=bob.id).update(is_active=False)
    assert call().by_gateway
    later(61)
    assert not call().by_gateway


def test_when_redis_lost_everything_django_is_asked(warm: Warm, bob: Person) -> None:
    call = warm(bob)
    Person.objects.filter(id=bob.id).update(is_active=False)
    caches["global"].clear()
    assert call().status == 401


def test_without_redis_django_answers(
    warm: Warm, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = warm(bob)

    def away(*_args: Any, **_options: Any) -> Any:
        raise RedisConnectionError

    monkeypatch.setattr("apps.common.redis_line.ask", away)
    answer = call()
    assert (answer.status, answer.by_gateway) == (200, False)


def test_wide_roles_follow(warm: Warm, acme: Tenant, bob: Person, commit: Any) -> None:
    """Somebody who sees a part sees that part."""
    with commit(), tenant_context(acme):
        root = Organization.objects.get(depth=1)
        north = organization_create(actor=SYSTEM, name="North", parent_id=root.id)
        take_roles(bob)
        role = role_create(
            actor=SYSTEM, name="Seer", permission_codes=["organizations.view_member"]
        )
        binding_create(
            actor=SYSTEM, member_id=member_of(bob).id, role_id=role.id, organization_id=north.id
        )
    call = warm(bob)
    assert call().data["results"] == []
    with commit(), tenant_context(acme):
        role_update(actor=SYSTEM, role_id=role.id, permission_codes=["roles.view_role"])
    assert call().status == 403
