"""Who may call SCIM: whoever has a good token of the host's tenant, and what they are told otherwise."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import ScimToken
from apps.common.errors import ReauthenticationRequired
from apps.common.opaque_tokens import opaque_token_make
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.models import DirectoryUser, Group, Organization
from apps.organizations.services import group_map, scim_token_create, scim_token_revoke
from apps.roles.models import Role
from apps.tenants.services import maintenance_start, tenant_suspend
from tests.accounts.support import PUBLIC, force_sign_in, host
from tests.conftest import SYSTEM, World
from tests.organizations.scim.conftest import ERROR, GROUP, USER, Scim, make_scim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ours")]

WRITES: list[tuple[str, str, Any]] = [
    ("PUT", "{id}", {"schemas": [USER], "userName": "x@acme.test", "displayName": "x"}),
    ("PATCH", "{id}", {"Operations": [{"op": "replace", "path": "externalId", "value": "x"}]}),
    ("DELETE", "{id}", None),
]


def unauthorized(scim: Scim) -> None:
    status, body = scim.get("Users")
    assert status == 401
    assert body == {"schemas": [ERROR], "status": "401", "detail": body["detail"]}
    assert scim.last["WWW-Authenticate"] == 'Bearer realm="scim"'


def test_a_token_of_another_tenant_is_no_token(scim: Scim, world: World) -> None:
    secret = scim.client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    unauthorized(Scim(world.globex, secret))
    assert scim.get("Users")[0] == 200


@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_what_another_tenant_has_is_not_there(scim: Scim, world: World, kind: str) -> None:
    theirs = make_scim(world, world.globex)
    jane = theirs.user("jane@globex.test", externalId="e-1")
    group = theirs.group("Staff", jane["id"])
    found = {"Users": theirs.find("jane@globex.test"), "Groups": group}[kind]
    assert scim.get(f"{kind}/{found['id']}")[0] == 404
    for method, path, body in WRITES:
        sent = {**body, "schemas": found["schemas"]} if method == "PUT" else body
        assert scim(method, f"{kind}/{path.format(id=found['id'])}", sent)[0] == 404
    missing, _body = scim.get(f"{kind}/0197c2a4-0000-7000-8000-000000000000")
    assert missing == 404
    assert scim.get(kind, filter=f'id eq "{found["id"]}"')[1]["totalResults"] == 0
    status, answer = scim.post(
        "Groups", {"schemas": [GROUP], "displayName": "G", "members": [{"value": jane["id"]}]}
    )
    assert (status, answer["scimType"]) == (400, "invalidValue")
    # The same names and external ids in both are nobody's business.
    assert scim.user("jill@acme.test", externalId="e-1")["externalId"] == "e-1"
    assert theirs.get(f"{kind}/{found['id']}") == (200, found)


def test_only_good_tokens(scim: Scim, world: World) -> None:
    token = ScimToken.objects.get()
    ScimToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    unauthorized(scim)
    ScimToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert scim.get("Users")[0] == 200
    with tenant_context(world.acme):
        scim_token_revoke(actor=actor_for(world.alice), token_id=token.id)
    unauthorized(scim)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer scim_",
        "Bearer scim_\u00e9",
        f"Bearer {opaque_token_make('scim')}",
        f"Bearer {opaque_token_make('sk')}",
        f"Basic {opaque_token_make('scim')}",
        f"Bearer {'x' * 5000}",
    ],
    ids=range(10),
)
def test_everything_else_is_no_token(world: World, header: str | None) -> None:
    scim = Scim(world.acme, "")
    scim.client.defaults.pop("HTTP_AUTHORIZATION")
    if header is not None:
        scim.client.defaults["HTTP_AUTHORIZATION"] = header
    unauthorized(scim)


def test_a_mistyped_token_costs_no_statement(world: World, scim: Scim) -> None:
    secret = scim.client.defaults["HTTP_AUTHORIZATION"]
    other = "0" if secret[-1] != "0" else "1"
    mistyped = Scim(world.acme, secret.removeprefix("Bearer ")[:-1] + other)
    with CaptureQueriesContext(connection) as queries:
        unauthorized(mistyped)
    assert not [one for one in queries if "scimtoken" in one["sql"]]


def test_a_session_is_no_token(world: World) -> None:
    client = Client(HTTP_HOST=host(world.acme))
    force_sign_in(client, world.alice, world.acme)
    assert client.get("/scim/v2/Users").status_code == 401


def test_the_public_host_has_no_scim(scim: Scim) -> None:
    for method in ("GET", "POST"):
        status, body = scim(method, "Users", HTTP_HOST=PUBLIC)
        assert (status, body["detail"]) == (404, "SCIM is at the workspace's own address.")


def test_a_host_that_nobody_has(scim: Scim) -> None:
    assert scim("GET", "Users", HTTP_HOST="nobody.localhost:8000")[0] == 404


def test_a_closed_workspace_says_so(scim: Scim, world: World) -> None:
    maintenance_start(actor=SYSTEM, tenant_id=world.acme.id, message="", minutes=None)
    assert scim.get("Users")[0] == 503
    tenant_suspend(actor=SYSTEM, tenant_id=world.globex.id, reason="x")
    assert Scim(world.globex, "x").get("Users")[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Nothing", 404),
        ("POST", "", 404),
        ("GET", "Users/nonsense", 404),
        ("GET", "Users/a/b", 404),
        ("GET", "Schemas/nonsense", 404),
        ("PUT", "Users", 405),
        ("DELETE", "Groups", 405),
        ("POST", "Users/0197c2a4-0000-7000-8000-000000000000", 405),
        ("POST", "Groups/0197c2a4-0000-7000-8000-000000000000", 405),
        ("POST", "Schemas", 405),
        ("POST", "Bulk", 501),
        ("GET", "Me", 501),
        ("POST", ".search", 501),
        ("GET", "Schemas?filter=id%20pr", 403),
        ("GET", "ServiceProviderConfig?filter=id%20pr", 403),
    ],
)
def test_what_there_is_not(scim: Scim, method: str, path: str, status: int) -> None:
    found, _body = scim(method, path, {} if method in ("POST", "PUT") else None)
    assert found == status
    if status == 405:
        assert method not in scim.last["Allow"]


def test_addresses_may_end_with_a_slash(scim: Scim) -> None:
    bob = scim.find("bob@acme.test")
    assert scim.get("Users/")[0] == scim.get(f"Users/{bob['id']}/")[0] == 200


def test_bodies_of_a_bounded_size_and_a_known_type(scim: Scim) -> None:
    big = json.dumps({"schemas": [USER], "userName": "x@acme.test", "x": "y" * 1_100_000})
    assert scim.post("Users", big.encode())[0] == 413
    for content_type, status in (("text/plain", 415), ("application/json", 400), ("", 400)):
        assert scim.post("Users", b"{}", content_type=content_type)[0] == status


def test_what_the_service_can_do(scim: Scim) -> None:
    _status, config = scim.get("ServiceProviderConfig")
    supported = {key: config[key]["supported"] for key in config if "supported" in config[key]}
    assert supported == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "changePassword": False,
        "sort": True,
        "etag": True,
    }
    assert config["filter"]["maxResults"] == 200
    assert [one["type"] for one in config["authenticationSchemes"]] == ["oauthbearertoken"]
    _status, types = scim.get("ResourceTypes")
    assert [(one["id"], one["endpoint"], one["schema"]) for one in types["Resources"]] == [
        ("User", "/Users", USER),
        ("Group", "/Groups", GROUP),
    ]
    assert scim.get("ResourceTypes/User")[1] == types["Resources"][0]
    _status, schemas = scim.get("Schemas")
    assert [one["id"] for one in schemas["Resources"]] == [USER, GROUP]
    _status, schema = scim.get(f"Schemas/{USER}")
    assert [one["name"] for one in schema["attributes"]] == [
        *("userName", "name", "displayName", "active", "emails", "groups"),
    ]
    assert scim.get("Schemas")[1] == schemas


def test_use_is_noted_once_a_minute(scim: Scim) -> None:
    scim.get("Users")
    token = ScimToken.objects.get()
    assert (token.last_used_at is not None, token.last_used_ip) == (True, "127.0.0.1")
    scim.get("Users")
    assert ScimToken.objects.get().last_used_at == token.last_used_at
    ScimToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    scim.get("Users")
    assert ScimToken.objects.get().last_used_at > token.last_used_at


def test_history_names_the_provider(scim: Scim, world: World) -> None:
    jane = scim.user("jane@acme.test")
    scim.patch(f"Users/{jane['id']}", {"op": "replace", "path": "active", "value": False})
    scim.patch(f"Users/{jane['id']}", {"op": "replace", "path": "active", "value": False})
    scim.delete(f"Users/{jane['id']}")
    events = OutboxEvent.objects.filter(name="organizations.directory_user_changed").order_by("id")
    assert [(one.actor_kind, one.actor_label, one.payload["change"]) for one in events] == [
        ("provisioning", "scim:Entra", change)
        for change in ("provisioned", "deactivated", "deprovisioned")
    ]
    assert {one.tenant_id for one in events} == {world.acme.id}


def test_secrets_stay_out_of_logs_and_tables(
    scim: Scim, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    secret = scim.client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    with caplog.at_level(logging.DEBUG):
        scim.get("Users", filter='userName eq "somebody@acme.test"')
        scim.post("Users", b"{")
    assert secret not in caplog.text
    assert "somebody@acme.test" not in "\n".join(
        record.getMessage() for record in caplog.records if record.name == "wrapper.request"
    )
    token = ScimToken.objects.get()
    assert secret not in repr(token.__dict__)
    assert (secret[:5], len(secret), token.hint) == ("scim_", 77, secret[-4:])


def test_what_is_denied_changes_nothing(world: World) -> None:
    scim = make_scim(world, world.acme)
    bob = scim.find("bob@acme.test")
    stranger = Scim(world.acme, opaque_token_make("scim"))
    for method, path, body in WRITES:
        assert stranger(method, f"Users/{path.format(id=bob['id'])}", body)[0] == 401
    assert stranger.post("Users", {"schemas": [USER], "userName": "x@acme.test"})[0] == 401
    assert stranger.post("Groups", {"schemas": [GROUP], "displayName": "x"})[0] == 401
    assert scim.find("bob@acme.test") == bob
    with tenant_context(world.acme):
        assert (DirectoryUser.objects.count(), Group.objects.count()) == (2, 0)


def test_what_lets_a_provider_in_wants_a_recent_proof(scim: Scim, world: World) -> None:
    group = scim.group("Staff")
    with tenant_context(world.acme):
        stale = replace(actor_for(world.alice), proof=Proof())
        with pytest.raises(ReauthenticationRequired):
            scim_token_create(actor=stale, label="Okta", expires_in_days=None)
        with pytest.raises(ReauthenticationRequired):
            group_map(
                actor=stale,
                group_id=group["id"],
                role_id=Role.objects.get(code="admin").id,
                organization_id=Organization.objects.get(depth=1).id,
            )
        assert not Group.objects.get().bindings.exists()
        # To revoke is never held up.
        scim_token_revoke(actor=stale, token_id=ScimToken.objects.get().id)
    unauthorized(scim)
