"""Attacks across the tenant boundary, on every address that the routers have.

A new route is attacked without anybody adding it here.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.models import EmailDomain, ScimToken
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, RoleBinding
from apps.roles.models import Role
from apps.tenants.models import Domain, Export, Tenant
from tests.access.routes import Route, routes
from tests.accounts.support import force_sign_in, host
from tests.api.client import MISSING, Api
from tests.conftest import World
from tests.isolation.conftest import Twin

pytestmark = pytest.mark.django_db

# Addresses that end the session, or belong to nobody; links to files are attacked in test_files.
LEFT_OUT = ("/sign-out/", "/console/", "/sandbox/", "/files/")


def attacked(prefix: str = "/") -> list[Route]:
    found = [
        route for route in routes(settings.TENANT_URLCONF) if route.template.startswith(prefix)
    ]
    return [route for route in found if not route.template.startswith(LEFT_OUT)]


def requests(route: Route, samples: dict[str, str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every method, with a body that names every id that we know."""
    path = re.sub(r"{(\w+)}", lambda name: samples.get(name[1], MISSING), route.template)
    body = {
        "member_id": samples["member_id"],
        "role_id": samples["role_id"],
        "role_ids": [samples["role_id"]],
        "permissions": ["organizations.view_member"],
        "overlap_s": 3600,
        "organization_id": samples["organization_id"],
        "parent": samples["organization_id"],
        "email": "somebody@example.com",
        "name": "Somebody",
        "domain": "somebody.example",
        "position": 1,
        "direction": "down",
        "primary": True,
        "value": 3,
    }
    yield "GET", path, {}
    for method in route.methods:
        yield method, path, body


def text_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace").lower()


def test_the_canaries_sing_at_home(twins: tuple[Twin, Twin], world: World) -> None:
    """The other tests prove something only where a tenant's own data does show."""
    acme, _globex = twins
    client = signed_in(world.alice, acme.tenant)
    heard = {
        route.template
        for route in attacked()
        for method, path, _body in requests(route, acme.samples)
        if method == "GET" and acme.canary in text_of(client.get(path))
    }
    assert {
        "/",
        "/members/",
        "/members/{member_id}/",
        "/invitations/",
        "/invitations/requests/",
        "/invitations/requests/{join_request_id}/approve/",
        "/api/v1/join-requests/",
        "/api/v1/join-requests/{join_request_id}/",
        "/organizations/",
        "/organizations/export/",
        "/organizations/{organization_id}/",
        "/api/v1/organizations/export/",
        "/api/v1/organizations/{organization_id}/settings/",
        "/roles/",
        "/api-keys/",
        "/api-keys/{api_key_id}/",
        "/api/v1/api-keys/",
        "/api/v1/api-keys/{api_key_id}/",
        "/settings/",
        "/audit/",
        "/audit/export/",
        "/audit/{entry_id}/",
        "/api/v1/audit-events/",
        "/api/v1/audit-events/{entry_id}/",
        "/api/v1/audit-events/export/",
        "/api/v1/audit-events/stream/",
        "/api/v1/credits/grants/",
        "/api/v1/credits/entries/",
        "/api/v1/credits/entries/{transaction_id}/",
        "/settings/addresses/",
        "/settings/addresses/{domain_id}/",
        "/api/v1/members/",
        "/api/v1/members/{member_id}/",
        "/api/v1/invitations/{invitation_id}/",
        "/api/v1/organizations/{organization_id}/",
        "/api/v1/roles/{role_id}/",
        "/api/v1/role-bindings/",
        "/api/v1/tenant/",
        "/api/v1/tenant/exports/",
        "/api/v1/tenant/exports/{export_id}/",
        "/settings/export/",
        "/settings/provisioning/",
        "/settings/provisioning/groups/",
        "/settings/provisioning/groups/{group_id}/",
        "/api/v1/scim-tokens/",
        "/api/v1/scim-tokens/{scim_token_id}/",
        "/api/v1/groups/",
        "/api/v1/groups/{group_id}/",
        "/api/v1/tenant/domains/",
        "/api/v1/tenant/domains/{domain_id}/",
        "/settings/email-domains/",
        "/settings/email-domains/{email_domain_id}/",
        "/api/v1/tenant/email-domains/",
        "/api/v1/tenant/email-domains/{email_domain_id}/",
    } <= heard


def test_with_equal_ids_everybody_gets_their_own(
    twins: tuple[Twin, Twin], world: World, snapshot: Callable[[Tenant], str]
) -> None:
    """alice uses all of acme, by ids that globex has too: nothing of globex shows or changes."""
    acme, globex = twins
    before = snapshot(globex.tenant)
    client = signed_in(world.alice, acme.tenant)
    for route in attacked():
        for method, path, body in requests(route, acme.samples):
            for send in (as_json, as_form):
                answer = text_of(send(client, method, path, body))
                assert globex.canary not in answer, f"{method} {path}"
    assert snapshot(globex.tenant) == before


def test_globex_owner_gets_nothing_of_acme_by_token(
    twins: tuple[Twin, Twin],
    world: World,
    bearer: Callable[..., Api],
    tokens_of_charlie: dict[str, dict[str, Any]],
    snapshot: Callable[[Tenant], str],
) -> None:
    """Every API operation of acme, by every way in: the answer is that of a missing tenant."""
    acme, _globex = twins
    before = snapshot(acme.tenant)
    for way, arguments in tokens_of_charlie.items():
        client = bearer(world.charlie, **arguments).client
        for route in attacked("/api/v1/"):
            for method, path, body in requests(route, acme.samples):
                response = as_json(client, method, path, body)
                assert acme.canary not in text_of(response), f"{way}: {method} {path}"
                if route.needs_tenant:
                    assert response.status_code in (404, 405), f"{way}: {method} {path}"
    assert snapshot(acme.tenant) == before


def test_a_foreign_tenant_answers_like_a_missing_one(
    twins: tuple[Twin, Twin], world: World, bearer: Callable[..., Api]
) -> None:
    """To the byte, but for the request's id."""
    acme, _globex = twins
    foreign = bearer(world.charlie, None, **{"X-Tenant": "acme"}).client
    missing = bearer(world.charlie, None, **{"X-Tenant": "no-such-tenant"}).client
    for route in attacked("/api/v1/"):
        for method, path, body in requests(route, acme.samples):
            if route.needs_tenant:
                pair = [as_json(client, method, path, body) for client in (foreign, missing)]
                bodies = [{**json.loads(text_of(one)), "request_id": ""} for one in pair]
                assert bodies[0] == bodies[1], f"{method} {path}"


def test_another_tenants_ids_answer_like_missing_ones(
    twins: tuple[Twin, Twin], world: World, snapshot: Callable[[Tenant], str]
) -> None:
    """alice sends ids that only globex has: the same answer as for ids that nobody has."""
    acme, globex = twins
    before = snapshot(globex.tenant)
    client = signed_in(world.alice, acme.tenant)
    foreign = only_of(globex.tenant)
    unknown = dict.fromkeys(foreign, MISSING)
    for route in attacked("/api/v1/"):
        if "{" not in route.template or not route.needs_tenant:
            continue
        pairs = zip(requests(route, foreign), requests(route, unknown), strict=True)
        for (method, path, _), (_, missing_path, body) in pairs:
            found = as_json(client, method, path, body)
            missing = as_json(client, method, missing_path, body)
            assert found.status_code == missing.status_code, f"{method} {path}"
            assert without_ids(found) == without_ids(missing), f"{method} {path}"
    assert snapshot(globex.tenant) == before


# The app has the workspace's name, for everybody who knows its address.
APP = ("/manifest.webmanifest", "/offline/", "/service-worker.js")


def test_sessions_of_one_host_open_no_other(twins: tuple[Twin, Twin], world: World) -> None:
    """charlie's session cookie of globex, sent to acme's host, which ends that session."""
    acme, globex = twins
    for route in attacked():
        for method, path, body in requests(route, acme.samples):
            stolen = signed_in(world.charlie, globex.tenant).cookies[settings.SESSION_COOKIE_NAME]
            visitor = Client(HTTP_HOST=host(acme.tenant), raise_request_exception=False)
            visitor.cookies[settings.SESSION_COOKIE_NAME] = stolen.value
            response = as_json(visitor, method, path, body)
            if path not in APP:
                assert acme.canary not in text_of(response), f"{method} {path}"
            assert response.status_code in (401, 405) or not route.needs_tenant, f"{method} {path}"


def only_of(tenant: Tenant) -> dict[str, str]:
    """Ids of the world's own rows, which its twin does not have."""
    with tenant_context(tenant):
        root = Organization.objects.get(depth=1)
        member = Member.objects.filter(organization=root).first()
        ids = {
            "organization_id": root.id,
            "member_id": member.id,
            "role_id": Role.objects.get(code="owner").id,
            "binding_id": RoleBinding.objects.filter(member=member).first().id,
            "invitation_id": MISSING,
            "join_request_id": MISSING,
            "export_id": Export.objects.get().id,
            "domain_id": Domain.objects.filter(token="").first().id,
            "email_domain_id": EmailDomain.objects.get().id,
            "group_id": MISSING,
            "scim_token_id": ScimToken.objects.get().id,
            "entry_id": MISSING,
        }
    return {name: str(value) for name, value in ids.items()}


def without_ids(response: Any) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text_of(response))


def signed_in(person: Any, tenant: Tenant) -> Client:
    client = Client(HTTP_HOST=host(tenant), raise_request_exception=False)
    force_sign_in(client, person, tenant)
    return client


def as_json(client: Client, method: str, path: str, body: dict[str, Any]) -> Any:
    return client.generic(method, path, json.dumps(body), content_type="application/json")


def as_form(client: Client, method: str, path: str, body: dict[str, Any]) -> Any:
    return client.post(path, body) if method == "POST" else client.get(path)
