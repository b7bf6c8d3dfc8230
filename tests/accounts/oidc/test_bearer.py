"""The API, with access tokens that the platform's provider issued for it."""

import time
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.accounts import authorizations, services, session_end, session_list, token_sessions
from apps.accounts.enums import RevokedReason
from apps.accounts.models import ExternalIdentity, IdentityProvider, Person, SignInPolicy
from apps.accounts.oidc import external, sessions
from apps.accounts.oidc.identities import identity_unlink
from apps.accounts.oidc.organizations import organization_map
from apps.accounts.oidc.platform import platform_provider
from apps.accounts.oidc.sessions import end_by_provider
from apps.accounts.selectors import person_actor
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member
from apps.organizations.services import member_update_status
from apps.sandbox.oidc.views import access_token
from apps.tenants.models import Tenant
from tests.accounts.factors import give_totp
from tests.accounts.oidc.provider import Sandbox
from tests.accounts.support import PUBLIC, host
from tests.api.client import Api, same_problem
from tests.conftest import World

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


@pytest.fixture(autouse=True)
def _cold() -> None:
    external.forget()
    authorizations._entries.clear()


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Any:
    """A block whose changes are as good as committed at its end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def bob_identity(kinde: Sandbox, bob: Person) -> ExternalIdentity:
    """Bob's account is connected with kp_bob."""
    return ExternalIdentity.objects.create(
        provider_id=platform_provider().id, issuer=kinde.base, subject="kp_bob", person=bob
    )


def token(kinde: Sandbox, who: str = "kp_bob", /, **changes: Any) -> str:
    issuer = kinde.issuer
    person = issuer.person(who)
    assert person is not None
    return access_token(kinde.base, issuer, issuer.clients[0], person, **changes)


def client(access: str, tenant: Tenant | None) -> Api:
    return Api(host(tenant) if tenant else PUBLIC, Authorization=f"Bearer {access}")


def code_of(response: Any, status: int = 401) -> str:
    assert response.status_code == status, response.content
    return str(response.json()["code"])


def test_as_whom(kinde: Sandbox, bob: Person, bob_identity: ExternalIdentity, acme: Tenant) -> None:
    access = token(kinde)
    assert client(access, acme).get("me/").json()["id"] == str(bob.id)
    assert client(access, None).get("me/").json()["id"] == str(bob.id)
    assert client(access, acme).get("members/").status_code == 200
    by_header = Api(PUBLIC, Authorization=f"Bearer {access}", **{"X-Tenant": acme.slug})
    assert by_header.get("members/").status_code == 200


def test_not_where_the_person_is_no_member(
    kinde: Sandbox, bob_identity: ExternalIdentity, globex: Tenant
) -> None:
    api = Api(PUBLIC, Authorization=f"Bearer {token(kinde)}", **{"X-Tenant": globex.slug})
    missing = Api(PUBLIC, Authorization=f"Bearer {token(kinde)}", **{"X-Tenant": "nosuch"})
    same_problem(api.get("members/"), missing.get("members/"))
    assert code_of(client(token(kinde), globex).get("members/"), 404) == "not_found"


def test_whose_subject_is_nobody(kinde: Sandbox, acme: Tenant) -> None:
    response = client(token(kinde), acme).get("members/")
    assert code_of(response) == "identity_unknown"
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_the_same_subject_at_another_provider(
    kinde: Sandbox, bob_identity: ExternalIdentity, acme: Tenant, bob: Person
) -> None:
    other = IdentityProvider.objects.create(
        tenant=acme,
        name="Acme ID",
        discovery_url="https://id.acme.test/",
        issuer=kinde.base,
        authorization_endpoint="https://id.acme.test/a",
        token_endpoint="https://id.acme.test/t",
        jwks_uri="https://id.acme.test/j",
        client_id="x",
        algorithms=["RS256"],
    )
    ExternalIdentity.objects.filter(id=bob_identity.id).update(provider=other, tenant=acme)
    assert code_of(client(token(kinde), acme).get("members/")) == "identity_unknown"


def test_an_organization_binds_it_to_its_tenant(
    kinde: Sandbox, bob: Person, bob_identity: ExternalIdentity, world: World
) -> None:
    organization_map(actor=SYSTEM, code="org_acme", tenant_id=world.globex.id)
    assert code_of(client(token(kinde), world.acme).get("members/"), 404) == "not_found"
    assert client(token(kinde, org_code="org_other"), world.acme).get("members/").status_code == 200


def test_warm_it_costs_no_statement(
    kinde: Sandbox, bob_identity: ExternalIdentity, acme: Tenant
) -> None:
    api = client(token(kinde), acme)
    api.get("me/")
    with CaptureQueriesContext(connection) as cold:
        authorizations._entries.clear()
        api.get("me/")
    with CaptureQueriesContext(connection) as warm:
        api.get("me/")
    about = [query["sql"] for query in warm.captured_queries]
    assert not any("externalidentity" in sql or "accounts_person" in sql for sql in about)
    assert len(cold.captured_queries) - len(about) <= 4


def test_effective_on_the_next_request(
    kinde: Sandbox,
    bob: Person,
    bob_identity: ExternalIdentity,
    acme: Tenant,
    alice: Person,
    commit: Any,
) -> None:
    api = client(token(kinde), acme)
    assert api.get("members/").status_code == 200
    with tenant_context(acme):
        member = Member.objects.get(person_id=bob.id)
    with commit(), tenant_context(acme):
        member_update_status(
            actor=actor_for(alice), member_id=member.id, status=MemberStatus.DEACTIVATED
        )
    assert api.get("members/").status_code in (403, 404)
    with commit(), tenant_context(acme):
        member_update_status(
            actor=actor_for(alice), member_id=member.id, status=MemberStatus.ACTIVE
        )
    assert api.get("members/").status_code == 200
    with commit():
        services.membership_remove(actor=SYSTEM, person_id=bob.id, tenant_id=acme.id)
    assert code_of(api.get("members/"), 404) == "not_found"


def test_unlinked(
    kinde: Sandbox, bob: Person, bob_identity: ExternalIdentity, acme: Tenant, commit: Any
) -> None:
    api = client(token(kinde), acme)
    assert api.get("me/").status_code == 200
    with commit():
        identity_unlink(actor=person_actor(bob), identity_id=bob_identity.id)
    assert code_of(api.get("me/")) == "identity_unknown"


def test_connected_with_somebody_else(
    kinde: Sandbox,
    bob: Person,
    alice: Person,
    bob_identity: ExternalIdentity,
    acme: Tenant,
    commit: Any,
) -> None:
    api = client(token(kinde), acme)
    assert api.get("me/").json()["id"] == str(bob.id)
    with commit():
        identity_unlink(actor=person_actor(bob), identity_id=bob_identity.id)
    ExternalIdentity.objects.create(
        provider_id=bob_identity.provider_id, issuer=kinde.base, subject="kp_bob", person=alice
    )
    assert api.get("me/").json()["id"] == str(alice.id)
    assert api.get("me/").json()["id"] == str(alice.id)


def test_deactivated(
    kinde: Sandbox, bob: Person, bob_identity: ExternalIdentity, acme: Tenant, commit: Any
) -> None:
    api = client(token(kinde), acme)
    assert api.get("me/").status_code == 200
    with commit():
        services.person_deactivate(actor=SYSTEM, person_id=bob.id)
    assert code_of(api.get("me/")) == "identity_unknown"


@pytest.mark.parametrize("kept", [True, False])
def test_signing_out_everywhere_voids_what_was_issued_before(
    kept: bool,
    kinde: Sandbox,
    bob: Person,
    bob_identity: ExternalIdentity,
    acme: Tenant,
    commit: Any,
) -> None:
    api = client(token(kinde), acme)
    assert api.get("me/").status_code == 200
    other = token_sessions.token_session_start(person=bob, tenant_id=None, user_agent="t", ip=None)
    session_id = other.session.id if kept else None
    with commit():
        session_end.sign_ins_end_others(
            actor=person_actor(bob),
            person_id=bob.id,
            current=session_list.Current(token_session_id=session_id),
        )
    assert code_of(api.get("me/")) == "token_revoked"
    assert client(token(kinde, iat=int(time.time()) + 1), acme).get("me/").status_code == 200


def test_leaving_another_workspace_does_not(
    kinde: Sandbox, bob: Person, bob_identity: ExternalIdentity, world: World, commit: Any
) -> None:
    api = client(token(kinde), world.acme)
    with commit(), transaction.atomic():
        token_sessions.revoke_all(
            actor=SYSTEM, person_id=bob.id, reason=RevokedReason.REMOVED, tenant_id=world.globex.id
        )
    assert api.get("me/").status_code == 200


def test_ended_at_the_provider(
    kinde: Sandbox, bob_identity: ExternalIdentity, acme: Tenant
) -> None:
    api = client(token(kinde, sid="s1"), acme)
    assert api.get("me/").status_code == 200
    end_by_provider(bob_identity.provider_id, subject="kp_bob", sid="s1")
    assert code_of(api.get("me/")) == "token_revoked"
    assert client(token(kinde, sid="s2"), acme).get("me/").status_code == 200


def test_not_while_nobody_can_say_whether_it_was_ended(
    kinde: Sandbox, bob_identity: ExternalIdentity, acme: Tenant, monkeypatch: Any
) -> None:
    class Away:
        def get_many(self, names: list[str]) -> None:
            raise RedisConnectionError

    monkeypatch.setattr(sessions, "caches", {"global": Away()})
    assert client(token(kinde), acme).get("me/").status_code == 503


def test_a_second_factor_here_is_asked_for_here(
    kinde: Sandbox, bob: Person, bob_identity: ExternalIdentity, acme: Tenant
) -> None:
    give_totp(bob)
    assert code_of(client(token(kinde), acme).get("me/")) == "mfa_required"


def test_a_workspace_that_requires_one(
    kinde: Sandbox, bob_identity: ExternalIdentity, acme: Tenant
) -> None:
    SignInPolicy.objects.create(tenant=acme, require_mfa=True)
    assert code_of(client(token(kinde), acme).get("members/"), 403) == "mfa_required"


def test_what_is_sensitive_needs_a_recent_proof(
    kinde: Sandbox, bob_identity: ExternalIdentity, acme: Tenant
) -> None:
    now = int(time.time())
    path = "auth/mfa/totp/"
    for proof in ({}, {"auth_time": now - 7200}):
        refused = client(token(kinde, **proof), None).post(path)
        assert code_of(refused, 403) == "reauthentication_required"
    # One token's proof is not another's, whatever the process remembers.
    assert client(token(kinde, auth_time=now), None).post(path).status_code in (200, 201)
    assert code_of(client(token(kinde), None).post(path), 403) == "reauthentication_required"


def test_it_is_proved_again_at_the_provider(
    kinde: Sandbox, bob_identity: ExternalIdentity, acme: Tenant
) -> None:
    response = client(token(kinde), None).post("auth/reauthenticate/", {"password": "x"})
    assert code_of(response, 409) == "prove_at_provider"
    assert not response.cookies


def test_its_sessions_are_others(
    kinde: Sandbox, bob: Person, bob_identity: ExternalIdentity
) -> None:
    token_sessions.token_session_start(person=bob, tenant_id=None, user_agent="t", ip=None)
    found = client(token(kinde), None).get("auth/sessions/").json()["results"]
    assert [row["current"] for row in found] == [False]
