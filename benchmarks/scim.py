"""What an identity provider's first synchronisation takes: users one by one over HTTP, then a large group."""

import http.client
import json
import time
from typing import Any

from django.utils import timezone

from apps.accounts.models import EmailDomain, Person
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.services import scim_token_create
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug
from benchmarks.serving import web
from benchmarks.world import figure, ms

USERS = 1000
SLUG = "acme"
DOMAIN = "scim-bench.example"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Provider:
    """One connection that is kept, as providers keep one. Answers have to be 2xx."""

    def __init__(self, port: int, secret: str) -> None:
        self._client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {
            "Host": f"{SLUG}.localhost",
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/scim+json",
        }

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[float, Any]:
        """Seconds, and the answer. Raises RuntimeError."""
        data = json.dumps(body) if body is not None else None
        began_s = time.perf_counter()
        self._client.request(method, f"/scim/v2/{path}", data, self._headers)
        answer = self._client.getresponse()
        content = answer.read()
        took_s = time.perf_counter() - began_s
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content!r}")
        return took_s, json.loads(content) if content else None


def run(tenants: int) -> None:
    tenant = tenant_by_slug(SLUG)
    assert tenant is not None
    secret = _token(tenant)
    with web() as server:
        provider = Provider(server.port, secret)
        began_s = time.perf_counter()
        made = [provider("POST", "Users", _user(number)) for number in range(USERS)]
        took_s = time.perf_counter() - began_s
        figure(f"{USERS:,} users provisioned one by one", f"{took_s:.1f} s", "to reach: 60 s")
        samples = [one for one, _body in made]
        figure("  one of them", ms(samples), f"p50; p95 {ms(samples, 0.95)}")
        samples = [
            provider("GET", f"Users?filter=userName%20eq%20%22u{number}@{DOMAIN}%22")[0]
            for number in range(200)
        ]
        figure("  found by userName", ms(samples), f"p50; p95 {ms(samples, 0.95)}")
        _group(provider, [body["id"] for _took, body in made])


def _group(provider: Provider, ids: list[str]) -> None:
    entries = [{"value": one} for one in ids]
    body = {"schemas": [f"{SCHEMA}:Group"], "displayName": "Everybody", "members": entries[1:]}
    took_s, group = provider("POST", "Groups?excludedAttributes=members", body)
    figure(f"  a group of {len(ids) - 1}", ms([took_s]))
    path = f"Groups/{group['id']}?excludedAttributes=members"
    samples = []
    for op in ("add", "remove") * 10:
        target = (
            {"path": "members", "value": entries[:1]}
            if op == "add"
            else {"path": f'members[value eq "{ids[0]}"]'}
        )
        samples.append(
            provider("PATCH", path, {"schemas": [PATCH], "Operations": [{"op": op, **target}]})[0]
        )
    figure("  one member of it added or removed", ms(samples), "p50")


def _user(number: int) -> dict[str, Any]:
    return {
        "schemas": [f"{SCHEMA}:User"],
        "userName": f"u{number}@{DOMAIN}",
        "externalId": f"bench-{number}",
        "name": {"givenName": "User", "familyName": f"Number {number}"},
        "active": True,
    }


def _token(tenant: Tenant) -> str:
    EmailDomain.objects.create(tenant=tenant, domain=DOMAIN, verified_at=timezone.now())
    owner = Person.objects.get(id=tenant.owner_person_id)
    with tenant_context(tenant):
        return scim_token_create(actor=actor_for(owner), label="Bench", expires_in_days=1)[1]
