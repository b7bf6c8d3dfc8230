"""A key is good in its own workspace, while that is open, and for nothing that is about a person."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from rest_framework.permissions import AllowAny

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.api.views import IsInTenant
from apps.common.logs import ecs_formatter
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.roles.api_key_text import api_key_text_make
from apps.roles.models import ApiKey
from apps.roles.selectors_api_keys import permissions_for_keys
from apps.tenants.models import Domain, Tenant
from tests.access.routes import routes
from tests.accounts.support import PUBLIC, host
from tests.api.client import MISSING, Api, same_problem
from tests.conftest import World
from tests.isolation.conftest import snapshot as snapshot_fixture
from tests.roles.support import answer, by_key, make_key

pytestmark = pytest.mark.django_db
snapshot = snapshot_fixture
NOT_FOUND = (404, "not_found")
INVALID = (401, "api_key_invalid")


@pytest.fixture
def foreign(world: World) -> str:
    """A key of globex."""
    with tenant_context(world.globex):
        return make_key(actor_for(world.charlie)).text


def test_another_workspace_answers_like_a_missing_one(
    foreign: str, world: World, snapshot: Callable[[Tenant], str]
) -> None:
    before = snapshot(world.acme)
    missing = by_key(foreign, **{"X-Tenant": "no-such-tenant"})
    for client in (
        by_key(foreign, world.acme),
        by_key(foreign, **{"X-Tenant": "acme"}),
        by_key(foreign, world.globex, **{"X-Tenant": "acme"}),
    ):
        for method, path, body in (
            ("GET", "members/", None),
            ("GET", f"members/{MISSING}/", None),
            ("POST", "organizations/", {"name": "x"}),
            ("DELETE", f"roles/{MISSING}/", None),
        ):
            there = client(method, path, body)
            assert there.status_code == 404
            same_problem(there, missing(method, path, body))
    assert snapshot(world.acme) == before
    with tenant_context(world.globex):
        assert ApiKey.objects.get().last_used_at is None


def test_a_made_up_key_tells_no_more(world: World) -> None:
    """Who makes one up, with a tenant's id that they know, learns nothing of other tenants."""
    made_up = api_key_text_make(world.globex.id)
    for tenant in ("acme", "no-such-tenant"):
        assert answer(by_key(made_up, **{"X-Tenant": tenant})) == NOT_FOUND
    same_problem(
        by_key(made_up).get("members/"),
        by_key(api_key_text_make(Person.objects.all()[0].id)).get("members/"),
    )
    assert answer(by_key(made_up)) == INVALID


def test_it_can_name_its_own_workspace_on_anothers_host(foreign: str, world: World) -> None:
    """As a token can: the header chooses, and the key is of what it chooses."""
    assert answer(by_key(foreign, world.acme, **{"X-Tenant": "globex"})) == (200, "")


def test_on_a_domain_of_the_workspace(owner: Actor, acme: Tenant, foreign: str) -> None:
    Domain.objects.create(tenant=acme, domain="work.acme.example", verified_at=acme.ready_at)
    text = make_key(owner).text
    for key, expected in ((text, (200, "")), (foreign, NOT_FOUND)):
        assert answer(Api("work.acme.example:8000", Authorization=f"Bearer {key}")) == expected


CLOSED = ("suspended", "archived", "deleting", "failed", "provisioning")


@pytest.mark.parametrize("status", CLOSED)
def test_a_closed_workspace(owner: Actor, acme: Tenant, status: str) -> None:
    text = make_key(owner).text
    Tenant.objects.filter(id=acme.id).update(status=status)
    assert answer(by_key(text)) == INVALID
    assert answer(by_key(text, **{"X-Tenant": "acme"})) == NOT_FOUND
    on_its_host = by_key(text, acme).client.get("/api/v1/members/")
    assert on_its_host.status_code in (403, 404, 503)
    assert answer(by_key(text), path="me/") == INVALID
    assert ApiKey.objects.get().last_used_at is None
    Tenant.objects.filter(id=acme.id).update(status="ready")
    assert answer(by_key(text)) == (200, "")


def test_maintenance(owner: Actor, acme: Tenant) -> None:
    text = make_key(owner).text
    Tenant.objects.filter(id=acme.id).update(maintenance_since=acme.ready_at)
    for client in (by_key(text), by_key(text, acme), by_key(text, **{"X-Tenant": "acme"})):
        assert answer(client) == (503, "tenant_maintenance")
    assert answer(by_key(api_key_text_make(acme.id))) == INVALID
    assert ApiKey.objects.get().last_used_at is None


def test_a_workspace_that_is_gone(world: World) -> None:
    """Its id names nobody."""
    text = api_key_text_make(world.alice.id)
    for path in ("members/", "me/", "me/tenants/"):
        assert answer(by_key(text), path=path) == INVALID


def test_nothing_about_people_takes_a_key(owner: Actor, acme: Tenant) -> None:
    """Every operation of the API takes keys by IsInTenant alone, or looks at no credentials at all."""
    text = make_key(owner).text
    looked_at = 0
    for urlconf, client in (
        (settings.PUBLIC_URLCONF, Client(HTTP_HOST=PUBLIC)),
        (settings.TENANT_URLCONF, Client(HTTP_HOST=host(acme))),
    ):
        for route in routes(urlconf):
            if not route.template.startswith("/api/v1/") or route.needs_tenant:
                continue
            path = route.path(_Missing())
            for method in ("GET", *route.methods):
                response = client.generic(
                    method,
                    path,
                    content_type="application/json",
                    headers={"Authorization": f"Bearer {text}"},
                )
                if response.status_code == 405:
                    continue
                view = getattr(response.resolver_match.func, "cls", None)
                classes = getattr(view, "permission_classes", [])
                if AllowAny in classes:
                    assert view.authentication_classes == [], route.template
                    continue
                assert IsInTenant not in classes
                assert response.json()["code"] == "person_required", f"{method} {path}"
                assert response.status_code == 403
                looked_at += 1
    assert looked_at >= 14


class _Missing(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return MISSING


def test_who_has_no_key_is_told_that_first(acme: Tenant) -> None:
    for text in (api_key_text_make(acme.id), "sk_x"):
        for path in ("me/", "me/tenants/", "auth/sessions/"):
            assert answer(by_key(text), path=path) == INVALID


def test_pages_are_not_for_keys(owner: Actor, acme: Tenant) -> None:
    headers = {"Authorization": f"Bearer {make_key(owner).text}"}
    client = Client(HTTP_HOST=host(acme))
    for path in ("/", "/members/", "/api-keys/"):
        assert client.get(path, headers=headers).status_code == 302
    assert Client(HTTP_HOST=PUBLIC).get("/console/", headers=headers).status_code == 302


def test_a_key_makes_no_keys_nor_roles_nor_domains_nor_exports(
    owner: Actor, root: Any, bob_member: Any, snapshot: Callable[[Tenant], str], acme: Tenant
) -> None:
    """Even one that was given all that a key can have."""
    codes = [permission.code for permission in permissions_for_keys()]
    made = make_key(owner, codes=codes, allow_dangerous=True)
    client = by_key(made.text)
    assert answer(client) == (200, "")
    before = snapshot(acme)
    key = f"api-keys/{made.key.id}/"
    for method, path, body in (
        ("GET", "api-keys/", None),
        ("POST", "api-keys/", {"name": "Mine", "permissions": codes}),
        ("GET", key, None),
        ("PATCH", key, {"networks": []}),
        ("DELETE", key, None),
        ("POST", f"{key}rotate/", {"overlap_s": 3600}),
        ("POST", "roles/", {"name": "Mine", "permissions": []}),
        ("POST", "role-bindings/", {"member_id": str(bob_member.id), "role_id": MISSING}),
        ("POST", "tenant/domains/", {"domain": "mine.example"}),
        ("POST", "tenant/exports/", {}),
    ):
        assert answer(client, method, path, body) == (403, "permission_denied"), f"{method} {path}"
    assert snapshot(acme) == before


def test_a_key_invites_nobody_to_more_than_it_may(owner: Actor, role: Any) -> None:
    codes = ["organizations.invite_member", "organizations.view_organization"]
    client = by_key(make_key(owner, codes=codes).text)
    for code in ("member", "admin", "owner"):
        body = {"email": "dana@example.com", "role_ids": [str(role(code).id)]}
        assert answer(client, "POST", "invitations/", body) == (403, "permission_denied")


def test_no_line_of_the_log_and_no_error_page_has_the_key(
    owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_key(owner)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ecs_formatter())
    root = logging.getLogger()
    root.addHandler(handler)
    level, root.level = root.level, logging.DEBUG
    request_log = logging.getLogger("wrapper.request")
    request_level, request_log.level = request_log.level, logging.INFO
    try:
        client = by_key(made.text)
        client.get("members/")
        by_key(made.text[:-1] + ("1" if made.text[-1] == "0" else "0")).get("members/")
        by_key(made.text).get("me/")
        monkeypatch.setattr("apps.roles.api.authentication.api_key_actor", _fail)
        failed = [client.client.get("/api/v1/members/")]
        monkeypatch.setattr("apps.roles.middleware.tenant_by_id", _fail)
        failed.append(client.client.get("/api/v1/members/"))
    finally:
        root.removeHandler(handler)
        root.level, request_log.level = level, request_level
    for response in failed:
        assert response.status_code == 500
        assert made.text not in response.content.decode()
    written = stream.getvalue()
    lines = [json.loads(line) for line in written.splitlines()]
    requests = [line for line in lines if line["message"] == "request"]
    assert len(requests) == 5
    assert requests[0]["api_key"]["id"] == str(made.key.id)
    assert requests[0]["organization"]["id"] == str(owner.tenant_id)
    assert "api_key" not in requests[1]
    assert made.text not in written
    assert made.text[:-1] not in written
    assert ApiKey.objects.get().digest not in written


def _fail(_given: object) -> Actor:
    raise ValueError("broken")


def test_the_documents_name_the_scheme_where_it_is_taken() -> None:
    target = io.StringIO()
    call_command("spectacular", format="openapi-json", stdout=target)
    paths = json.loads(target.getvalue())["paths"]
    assert {"api_key": []} in paths["/api/v1/members/"]["get"]["security"]
    assert {"api_key": []} not in paths["/api/v1/me/"]["get"]["security"]
