"""`tenant/identity-provider/` and the table of what its groups give."""

from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.enums import ProviderState
from apps.accounts.models import EmailDomain, ExternalIdentity, IdentityProvider, Person
from apps.accounts.oidc import jwks
from apps.common import crypto
from apps.common.tenancy import tenant_context
from apps.organizations.models import ProviderGroupRole
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.accounts.oidc.provider import Sandbox
from tests.accounts.support import force_sign_in
from tests.api.client import MISSING, statements
from tests.conftest import World

pytestmark = pytest.mark.django_db
PATH = "tenant/identity-provider/"


@pytest.fixture
def acme_id(sandbox: Any) -> Sandbox:
    jwks.forget()
    made: Sandbox = sandbox("acme")
    return made


def body(acme_id: Sandbox, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Acme ID",
        "discovery_url": acme_id.discovery_url,
        "client_id": acme_id.client_id,
        "client_secret": "sandbox-client-secret",
        **changes,
    }


def test_connect(api: Any, alice: Person, acme: Tenant, acme_id: Sandbox) -> None:
    client = api(alice)
    assert client.get(PATH).status_code == 404
    made = client.put(PATH, body(acme_id))
    assert made.status_code == 200
    row = IdentityProvider.objects.get()
    found = made.json()
    assert {k: found[k] for k in ("id", "name", "state", "issuer", "client_id", "last_test")} == {
        "id": str(row.id),
        "name": "Acme ID",
        "state": "draft",
        "issuer": acme_id.base,
        "client_id": "wrapper-acme",
        "last_test": None,
    }
    assert found["redirect_uri"] == "http://localhost:8000/oidc/callback/"
    assert "secret" not in str(found)
    assert (row.tenant_id, row.algorithms) == (acme.id, ["RS256", "ES256"])
    assert b"sandbox" not in bytes(row.client_secret_encrypted)
    assert crypto.decrypt(bytes(row.client_secret_encrypted)) == b"sandbox-client-secret"
    # By the issuer's address, and with the secret that is there.
    again = client.put(PATH, body(acme_id, discovery_url=acme_id.base, name="ID") | {"x": 1})
    assert (again.status_code, again.json()["name"]) == (200, "ID")
    kept = body(acme_id)
    del kept["client_secret"]
    assert client.put(PATH, kept).status_code == 200
    assert IdentityProvider.objects.count() == 1
    with statements(4):
        assert client.get(PATH).status_code == 200


@pytest.mark.parametrize(
    ("attr", "value"),
    [
        ("discovery_url", "http://idp.example.com"),
        ("discovery_url", "https://127.0.0.1/"),
        ("discovery_url", "https://[::1]/"),
        ("discovery_url", "https://169.254.169.254/latest"),
        ("discovery_url", "https://user:pass@idp.example.com"),
        ("discovery_url", "https://no-such-host.invalid"),
        ("discovery_url", "file:///etc/passwd"),
        ("discovery_url", ""),
        ("discovery_url", 7),
        ("discovery_url", "https://x/" + "a" * 3000),
        ("name", ""),
        ("name", "x" * 61),
        ("name", "a\x07b"),
        ("client_id", ""),
        ("client_id", None),
        ("client_secret", ""),
        ("client_secret", "a\nb"),
        ("groups_claim", ""),
        ("groups_claim", "x" * 81),
    ],
)
def test_bad_input(api: Any, alice: Person, acme_id: Sandbox, attr: str, value: Any) -> None:
    response = api(alice).put(PATH, body(acme_id, **{attr: value}))
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [attr]
    assert not IdentityProvider.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        "discovery_other_issuer",
        "discovery_internal_jwks",
        "discovery_redirect",
        "discovery_html",
        "jwks_500",
        "jwks_list",
    ],
)
def test_a_document_that_is_not_to_be_trusted(
    api: Any, alice: Person, acme_id: Sandbox, wrong: str
) -> None:
    acme_id.misbehave(wrong)
    response = api(alice).put(PATH, body(acme_id))
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "discovery_url"
    assert not IdentityProvider.objects.exists()


def test_a_secret_goes_nowhere_else(api: Any, alice: Person, acme_id: Sandbox) -> None:
    """Another address with the secret of before would send it there."""
    client = api(alice)
    client.put(PATH, body(acme_id))
    other = body(acme_id, discovery_url="https://idp.evil.example")
    del other["client_secret"]
    response = client.put(PATH, other)
    assert (response.status_code, response.json()["code"]) == (400, "required")


def test_the_states(api: Any, alice: Person, bob: Person, acme: Tenant, acme_id: Sandbox) -> None:
    client = api(alice)
    client.put(PATH, body(acme_id))

    def switch(**data: Any) -> tuple[int, str]:
        response = client.patch(PATH, data)
        found = response.json()
        return response.status_code, found["state"] if response.status_code == 200 else found[
            "code"
        ]

    assert switch(state="on") == (409, "provider_not_tested")
    IdentityProvider.objects.update(state=ProviderState.TESTED)
    assert switch(state="enforced") == (409, "provider_not_on")
    assert switch(state="on") == (409, "no_verified_domain")
    EmailDomain.objects.create(tenant=acme, domain="acme.test", verified_at=timezone.now())
    assert switch(state="on") == (200, "on")
    assert switch(state="enforced") == (409, "no_break_glass")
    assert switch(break_glass_ids=[str(bob.id)]) == (400, "not_an_owner")
    assert switch(break_glass_ids=[MISSING]) == (400, "not_an_owner")
    named = [str(alice.id)]
    assert switch(state="enforced", break_glass_ids=named) == (409, "would_lock_you_out")
    assert IdentityProvider.objects.get().break_glass_ids == []
    force_sign_in(client.client, alice, acme, methods=("password", "totp"))
    assert switch(state="enforced", break_glass_ids=named) == (200, "enforced")
    assert switch(break_glass_ids=[]) == (409, "no_break_glass")
    other = client.put(PATH, body(acme_id, client_id="another"))
    assert (other.status_code, other.json()["code"]) == (409, "provider_on")
    assert switch(state="nonsense")[0] == 400
    assert switch(state="draft") == (409, "provider_not_on")
    assert switch(state="tested") == (200, "tested")
    assert client.delete(PATH).status_code == 204
    assert not IdentityProvider.objects.exists()
    assert client.delete(PATH).status_code == 404


def test_another_client_begins_anew(
    api: Any, alice: Person, bob: Person, acme: Tenant, acme_id: Sandbox
) -> None:
    client = api(alice)
    client.put(PATH, body(acme_id))
    row = IdentityProvider.objects.get()
    IdentityProvider.objects.update(state=ProviderState.TESTED, last_tested_at=timezone.now())
    ExternalIdentity.objects.create(
        provider=row, tenant=acme, issuer=row.issuer, subject="a-002", person=bob
    )
    assert client.put(PATH, body(acme_id, client_id="another")).json()["state"] == "draft"
    assert not ExternalIdentity.objects.exists()


def test_who_joins(api: Any, alice: Person, acme: Tenant, acme_id: Sandbox) -> None:
    client = api(alice)
    client.put(PATH, body(acme_id))
    with tenant_context(acme):
        roles = {role.code: str(role.id) for role in Role.objects.all()}
    assert client.patch(PATH, {"default_role_id": roles["owner"]}).status_code == 400
    assert client.patch(PATH, {"default_role_id": MISSING}).status_code == 400
    made = client.patch(PATH, {"default_role_id": roles["member"]})
    assert made.json()["default_role_id"] == roles["member"]
    assert client.patch(PATH, {"default_role_id": None}).json()["default_role_id"] is None


def test_group_roles(api: Any, alice: Person, acme: Tenant) -> None:
    client = api(alice)
    with tenant_context(acme):
        roles = {role.code: str(role.id) for role in Role.objects.all()}
    path = f"{PATH}group-roles/"
    made = client.post(path, {"group": " staff ", "role_id": roles["admin"]})
    assert (made.status_code, made.json()["group"]) == (201, "staff")
    assert client.post(path, {"group": "staff", "role_id": roles["admin"]}).status_code == 409
    assert client.post(path, {"group": "x", "role_id": roles["owner"]}).status_code == 400
    assert client.post(path, {"group": "", "role_id": roles["admin"]}).status_code == 400
    assert client.post(path, {"group": "x" * 121, "role_id": roles["admin"]}).status_code == 400
    assert client.post(path, {"group": "x", "role_id": MISSING}).status_code == 400
    wrong = {"group": "x", "role_id": roles["admin"], "organization_id": MISSING}
    assert client.post(path, wrong).status_code == 404
    with statements(4):
        listed = client.get(path).json()["results"]
    assert [row["id"] for row in listed] == [made.json()["id"]]
    assert client.delete(f"{path}{made.json()['id']}/").status_code == 204
    assert client.delete(f"{path}{made.json()['id']}/").status_code == 404
    with tenant_context(acme):
        assert not ProviderGroupRole.objects.exists()


def test_who_may(api: Any, world: World, acme_id: Sandbox) -> None:
    for person in (world.bob,):
        assert api(person).get(PATH).status_code == 403
        assert api(person).put(PATH, body(acme_id)).status_code == 403
        assert api(person).patch(PATH, {"state": "on"}).status_code == 403
        assert api(person).delete(PATH).status_code == 403
        assert api(person).get(f"{PATH}group-roles/").status_code == 403
    assert api(world.charlie).put(PATH, body(acme_id)).status_code == 404
    assert not IdentityProvider.objects.exists()


def test_anothers_is_not_seen(api: Any, world: World, acme_id: Sandbox) -> None:
    api(world.alice).put(PATH, body(acme_id))
    other = api(world.charlie, world.globex)
    assert other.get(PATH).status_code == 404
    assert other.delete(PATH).status_code == 404
    assert other.patch(PATH, {"state": "on"}).status_code == 404
    assert IdentityProvider.objects.count() == 1


def test_an_administrator_may_not(api: Any, world: World) -> None:
    """They could sign in as an owner by it."""
    from apps.organizations.models import Member, Organization, RoleBinding

    with tenant_context(world.acme):
        RoleBinding.objects.create(
            member=Member.objects.get(person_id=world.bob.id),
            role=Role.objects.get(code="admin"),
            organization=Organization.objects.get(depth=1),
        )
    assert api(world.bob).get(PATH).status_code == 403
