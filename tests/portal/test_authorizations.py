"""Pages, and the API by the same session, remember what somebody may do, and forget it in time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.accounts import authorizations, epochs
from apps.accounts.models import Person
from apps.accounts.sign_in_policy import sign_in_policy_update
from apps.common.actors import Actor
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import binding_create, binding_delete, member_update_status
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.accounts.support import force_sign_in
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system("tests")
PATHS = ("/members/", "/api/v1/members/")


@pytest.fixture(autouse=True)
def _cold() -> Iterator[None]:
    authorizations._entries.clear()
    yield
    authorizations._entries.clear()


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """A block whose changes are as good as committed at its end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def about_roles(client: Client, path: str) -> tuple[int, int]:
    """How a page is answered, and how many of its statements read what an actor holds."""
    with CaptureQueriesContext(connection) as captured:
        status = client.get(path).status_code
    return status, sum("held_direct" in query["sql"] for query in captured.captured_queries)


@pytest.mark.parametrize("path", PATHS)
def test_a_warm_page_reads_no_roles(path: str, sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    client = sign_in(bob, acme)
    assert [about_roles(client, path) for _ in range(3)] == [(200, 1), (200, 0), (200, 0)]
    other = next(one for one in PATHS if one != path)
    # Pages and the API by one session remember the same.
    assert about_roles(client, other) == (200, 0)
    assert len(authorizations._entries) == 1


def test_it_costs_one_round_trip(
    acme: Tenant, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask() -> authorizations.Authorization:
        return authorizations.page_authorization_of(
            person_id=bob.id, proof=Proof(frozenset({"password"}), 1.0), tenant_id=acme.id
        )

    first = ask()
    sent = []
    original = AbstractConnection.send_packed_command
    monkeypatch.setattr(
        AbstractConnection,
        "send_packed_command",
        lambda self, *args, **kw: (sent.append(args), original(self, *args, **kw))[1],
    )
    with CaptureQueriesContext(connection) as captured:
        assert ask() is first
    assert (len(sent), captured.captured_queries) == (1, [])


def remove(bob: Member) -> None:
    member_update_status(actor=SYSTEM, member_id=bob.id, status=MemberStatus.REMOVED)


def deactivate(bob: Member) -> None:
    member_update_status(actor=SYSTEM, member_id=bob.id, status=MemberStatus.DEACTIVATED)


def take_roles(bob: Member) -> None:
    for binding in RoleBinding.objects.filter(member=bob):
        binding_delete(actor=SYSTEM, binding_id=binding.id)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("change", "status"),
    [(remove, 404), (deactivate, 404), (take_roles, 403)],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_effective_on_the_next_request(
    path: str,
    change: Callable[[Member], None],
    status: int,
    sign_in: SignIn,
    bob: Person,
    bob_member: Member,
    acme: Tenant,
    commit: Any,
) -> None:
    client = sign_in(bob, acme)
    assert [client.get(path).status_code for _ in range(2)] == [200, 200]
    remembered = dict(authorizations._entries)
    with commit(), tenant_context(acme), transaction.atomic():
        change(bob_member)
    # Nothing in this process was told: another one would have learned it as well.
    assert authorizations._entries == remembered
    assert client.get(path).status_code == status


def test_a_member_who_is_gone_is_not_remembered(
    acme: Tenant, bob: Person, bob_member: Member, browser: Any, commit: Any
) -> None:
    """Also by a session that begins afterwards, of which nothing is known yet."""
    with commit(), tenant_context(acme), transaction.atomic():
        remove(bob_member)
    client = browser(acme)
    force_sign_in(client, bob, acme)
    assert [client.get(path).status_code for path in PATHS * 2] == [404, 404] * 2


def test_a_role_that_ends_is_not_held_longer(
    sign_in: SignIn, acme: Tenant, bob: Person, bob_member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_context(acme):
        take_roles(bob_member)
        binding_create(
            actor=SYSTEM,
            member_id=bob_member.id,
            role_id=Role.objects.get(code="member").id,
            organization_id=Organization.objects.get(depth=1).id,
            ends_at=timezone.now() + timedelta(seconds=30),
        )
    # As after the commit.
    epochs.caches["global"].clear()
    client = sign_in(bob, acme)
    assert [client.get("/members/").status_code for _ in range(2)] == [200, 200]
    later = timezone.now() + timedelta(seconds=31)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert client.get("/members/").status_code == 403


def test_what_one_sign_in_proved_counts_for_no_other(
    sign_in: SignIn, browser: Any, acme: Tenant, alice: Person, owner: Actor, commit: Any
) -> None:
    weak = sign_in(alice, acme)
    strong = browser(acme)
    force_sign_in(strong, alice, acme, methods=("password", "totp"))
    assert [one.get("/members/").status_code for one in (weak, strong)] == [200, 200]
    with commit(), tenant_context(acme):
        proved = replace(owner, proof=Proof(frozenset({"password", "totp"}), time.time()))
        sign_in_policy_update(actor=proved, require_mfa=True)
    assert [one.get("/members/").status_code for one in (strong, weak) * 2] == [200, 302] * 2
    assert [one.get("/api/v1/members/").status_code for one in (strong, weak) * 2] == [200, 403] * 2


def test_without_the_epochs_the_database_is_asked(
    sign_in: SignIn, acme: Tenant, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(bob, acme)
    assert about_roles(client, "/members/") == (200, 1)

    def away(*keys: str) -> dict[str, str]:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(epochs, "read", away)
    assert [about_roles(client, path) for path in PATHS] == [(200, 1), (200, 1)]
    with tenant_context(acme):
        Member.objects.filter(person_id=bob.id).update(status=MemberStatus.DEACTIVATED)
    assert [client.get(path).status_code for path in PATHS] == [404, 404]


def test_an_entry_is_of_one_tenant(
    sign_in: SignIn, acme: Tenant, globex: Tenant, bob: Person
) -> None:
    assert sign_in(bob, acme).get("/members/").status_code == 200
    assert sign_in(bob, globex).get("/members/").status_code == 404
    assert sign_in(bob, globex).get("/api/v1/members/").status_code == 404
