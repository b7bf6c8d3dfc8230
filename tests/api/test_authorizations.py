"""A warm process asks Redis once and the database never, and forgets in time."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts import authorizations, epochs, keys, services, signing_keys, token_sessions
from apps.accounts.api.authentication import BearerAuthentication
from apps.accounts.models import Person, TokenSession
from apps.common.actors import Actor
from apps.common.api.views import IsInTenant
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member, RoleBinding
from apps.organizations.selectors import root_organization
from apps.organizations.services import (
    binding_create,
    binding_delete,
    member_update_status,
    organization_create,
    organization_move,
)
from apps.roles.services import role_create, role_update
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system("tests")
MEMBERS = "/api/v1/members/"


@pytest.fixture(autouse=True)
def _cold() -> Iterator[None]:
    authorizations._entries.clear()
    keys.forget()
    yield
    authorizations._entries.clear()
    keys.forget()


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """A block whose changes are as good as committed at its end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def authenticate(tenant: Tenant, access: str) -> Any:
    """What the API does to a request before its view, without the tenant's look-up by host."""
    request: Any = RequestFactory().get(MEMBERS, HTTP_AUTHORIZATION=f"Bearer {access}")
    request.tenant, request.tenant_missing = tenant, False
    drf_request = Request(request, authenticators=[BearerAuthentication()])
    assert IsInTenant().has_permission(drf_request, APIView())
    return request


@pytest.fixture
def bob_token(bob: Person) -> token_sessions.TokenPair:
    return token_sessions.token_session_start(
        person=bob, tenant_id=None, user_agent="tests", ip=None
    )


def test_warm_request_costs_one_round_trip_and_no_statement(
    acme: Tenant,
    bob: Person,
    bob_token: token_sessions.TokenPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tenant_context(acme):
        first = authenticate(acme, bob_token.access)
        sent = []
        original = AbstractConnection.send_packed_command
        monkeypatch.setattr(
            AbstractConnection,
            "send_packed_command",
            lambda self, *args, **kw: (sent.append(args), original(self, *args, **kw))[1],
        )
        with CaptureQueriesContext(connection) as captured:
            second = authenticate(acme, bob_token.access)
    assert [query["sql"] for query in captured.captured_queries] == []
    assert len(sent) == 1
    assert second.actor == first.actor
    assert second.actor.person_id == bob.id
    assert [grant.role for grant in second.actor.grants] == ["member"]


def test_each_request_has_a_person_of_its_own(
    acme: Tenant, bob_token: token_sessions.TokenPair
) -> None:
    authorization = [
        authorizations.authorization_of(
            session_id=bob_token.session.id,
            person_id=bob_token.session.person_id,
            tenant_id=acme.id,
        ).person()
        for _ in range(2)
    ]
    authorization[0].name = "Somebody else"
    assert authorization[1].name == "Bob Baker"
    assert authorization[0]._state is not authorization[1]._state


def remove_member(bob: Person, session: TokenSession) -> None:
    member_update_status(
        actor=SYSTEM,
        member_id=Member.objects.get(person_id=bob.id).id,
        status=MemberStatus.REMOVED,
    )


def deactivate_member(bob: Person, session: TokenSession) -> None:
    member_update_status(
        actor=SYSTEM,
        member_id=Member.objects.get(person_id=bob.id).id,
        status=MemberStatus.DEACTIVATED,
    )


def disable_person(bob: Person, session: TokenSession) -> None:
    with tenant_context(None):
        services.person_deactivate(actor=SYSTEM, person_id=bob.id)


def change_password(bob: Person, session: TokenSession) -> None:
    with tenant_context(None):
        services.person_set_password(actor=SYSTEM, person_id=bob.id, password="another-10-chars")


def revoke_session(bob: Person, session: TokenSession) -> None:
    with tenant_context(None):
        token_sessions.token_session_revoke(actor=SYSTEM, session=session)


def revoke_key(bob: Person, session: TokenSession) -> None:
    with tenant_context(None):
        signing_keys.signing_key_revoke(
            actor=SYSTEM, kid=keys.key_set().kid, reason="It was in a log."
        )


def take_roles(bob: Person, session: TokenSession) -> None:
    for binding in RoleBinding.objects.filter(member__person_id=bob.id):
        binding_delete(actor=SYSTEM, binding_id=binding.id)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (remove_member, 404, "not_found"),
        (deactivate_member, 404, "not_found"),
        (disable_person, 401, "token_revoked"),
        (change_password, 401, "token_revoked"),
        (revoke_session, 401, "token_revoked"),
        (revoke_key, 401, "token_invalid"),
        (take_roles, 403, "permission_denied"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_effective_on_the_next_request(
    bearer: Any, acme: Tenant, bob: Person, commit: Any, change: Any, status: int, code: str
) -> None:
    api = bearer(bob)
    assert api.get(MEMBERS).status_code == 200
    assert api.get(MEMBERS).status_code == 200
    remembered = dict(authorizations._entries)
    assert len(remembered) == 1
    with commit(), tenant_context(acme), transaction.atomic():
        change(bob, TokenSession.objects.get(person=bob))
    # Nothing in this process was told: another one would have learned it as well.
    assert authorizations._entries == remembered
    refused = api.get(MEMBERS)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_roles_follow_at_once(bearer: Any, acme: Tenant, bob: Person, commit: Any) -> None:
    """Given, widened, narrowed; and by moving the organization that one is bound at."""
    api = bearer(bob)
    assert api.get("/api/v1/invitations/").status_code == 403
    with tenant_context(acme):
        root = organization_create(actor=SYSTEM, name="North", parent_id=_root_id())
        south = organization_create(actor=SYSTEM, name="South", parent_id=_root_id())
        role = role_create(
            actor=SYSTEM, name="Inviter", permission_codes=["organizations.invite_member"]
        )
        with commit():
            binding_create(
                actor=SYSTEM,
                member_id=Member.objects.get(person_id=bob.id).id,
                role_id=role.id,
                organization_id=root.id,
            )
    assert api.get("/api/v1/invitations/").status_code == 200
    before = _actor(bob, acme)
    with commit(), tenant_context(acme):
        organization_move(actor=SYSTEM, organization_id=root.id, parent_id=south.id)
    after = _actor(bob, acme)
    assert before.grants != after.grants
    assert api.get("/api/v1/invitations/").status_code == 200
    with commit(), tenant_context(acme):
        role_update(actor=SYSTEM, role_id=role.id, permission_codes=["roles.view_role"])
    assert api.get("/api/v1/invitations/").status_code == 403


def _root_id() -> uuid.UUID:
    return root_organization().id


def _actor(person: Person, tenant: Tenant) -> Actor:
    with tenant_context(tenant):
        return actor_for(person)


def test_while_a_change_is_under_way_everybody_reads_the_database(
    bearer: Any, acme: Tenant, bob: Person
) -> None:
    """Also when whoever made the change died between the commit and what comes after it."""
    api = bearer(bob)
    assert api.get(MEMBERS).status_code == 200
    with tenant_context(acme), transaction.atomic():
        # The test's own transaction stays open: what follows a commit does not run.
        remove_member(bob, TokenSession.objects.get(person=bob))
    key = epochs.of_membership(acme.id, bob.id)
    assert caches["global"].get(key) == epochs.CHANGING
    assert api.get(MEMBERS).status_code == 404
    assert 0 < caches["global"]._cache.get_client().ttl(caches["global"].make_key(key)) <= 60


def test_an_entry_is_dropped_when_redis_lost_the_epochs(bearer: Any, bob: Person) -> None:
    api = bearer(bob)
    assert api.get(MEMBERS).status_code == 200
    Person.objects.filter(id=bob.id).update(is_active=False)
    assert api.get(MEMBERS).status_code == 200
    caches["global"].clear()
    assert api.get(MEMBERS).status_code == 401


def test_an_entry_lasts_a_minute(bearer: Any, bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed past the services, by hand, takes effect then."""
    api = bearer(bob)
    assert api.get(MEMBERS).status_code == 200
    Person.objects.filter(id=bob.id).update(is_active=False)
    monkeypatch.setattr(authorizations, "MAX_AGE_S", 0)
    assert api.get(MEMBERS).status_code == 401


def test_without_redis_the_database_is_asked(
    bearer: Any, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = bearer(bob)
    assert api.get(MEMBERS).status_code == 200

    def away(*keys: str) -> dict[str, str]:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(epochs, "read", away)
    assert api.get(MEMBERS).status_code == 200
    Person.objects.filter(id=bob.id).update(is_active=False)
    assert api.get(MEMBERS).status_code == 401


def test_without_redis_rights_do_not_change(
    acme: Tenant, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> None:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(caches["global"], "set_many", away)
    with pytest.raises(RedisConnectionError), tenant_context(acme), transaction.atomic():
        remove_member(bob, TokenSession())
    with tenant_context(acme):
        assert Member.objects.get(person_id=bob.id).status == MemberStatus.ACTIVE


def test_memory_is_bounded(acme: Tenant, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorizations, "MAX_ENTRIES", 3)
    for _ in range(5):
        pair = token_sessions.token_session_start(
            person=alice, tenant_id=None, user_agent="tests", ip=None
        )
        authorizations.authorization_of(
            session_id=pair.session.id, person_id=alice.id, tenant_id=acme.id
        )
    assert len(authorizations._entries) == 3


def test_tokens_of_an_earlier_epoch_are_void(bearer: Any, bob: Person) -> None:
    api = bearer(bob)
    assert api.get(MEMBERS).status_code == 200
    Person.objects.filter(id=bob.id).update(epoch=1)
    authorizations._entries.clear()
    refused = api.get(MEMBERS)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")


def test_an_entry_is_no_other_sign_ins(
    bearer: Any, acme: Tenant, globex: Tenant, bob: Person, charlie: Person
) -> None:
    """Neither another tenant's, nor another person's who claims the session."""
    api = bearer(bob)
    assert api.get(MEMBERS).status_code == 200
    foreign = bearer(charlie, acme)
    assert foreign.get(MEMBERS).status_code == 404
    session = TokenSession.objects.get(person=bob)
    with pytest.raises(authorizations.TokenRevoked):
        authorizations.authorization_of(
            session_id=session.id, person_id=charlie.id, tenant_id=acme.id
        )
