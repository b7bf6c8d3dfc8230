"""A client as identity providers have one, with a token of acme."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import EmailDomain
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.services import scim_token_create
from apps.tenants.models import Tenant
from tests.accounts.support import host
from tests.conftest import World

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MEDIA_TYPE = "application/scim+json"


class Scim:
    """Answers are (status, body); `last` is the whole response."""

    def __init__(self, tenant: Tenant, secret: str) -> None:
        self.client = Client(
            HTTP_HOST=host(tenant),
            headers={"Authorization": f"Bearer {secret}"},
            raise_request_exception=False,
        )
        self.last: Any = None

    def __call__(self, method: str, path: str, body: Any = None, **kwargs: Any) -> tuple[int, Any]:
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body)
            kwargs = {"data": data, "content_type": MEDIA_TYPE, **kwargs}
        self.last = self.client.generic(method, f"/scim/v2/{path}", **kwargs)
        if self.last.content:
            assert self.last["Content-Type"] == MEDIA_TYPE, self.last.content
        found = json.loads(self.last.content) if self.last.content else None
        if self.last.status_code >= 400:
            assert found["schemas"] == [ERROR]
            assert found["status"] == str(self.last.status_code)
        return self.last.status_code, found

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self("GET", path, query_params=query)

    def post(self, path: str, body: Any, **kwargs: Any) -> tuple[int, Any]:
        return self("POST", path, body, **kwargs)

    def put(self, path: str, body: Any, **kwargs: Any) -> tuple[int, Any]:
        return self("PUT", path, body, **kwargs)

    def patch(self, path: str, *operations: Any, **kwargs: Any) -> tuple[int, Any]:
        return self("PATCH", path, {"schemas": [PATCH], "Operations": operations}, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> tuple[int, Any]:
        return self("DELETE", path, **kwargs)

    def user(self, user_name: str, **fields: Any) -> dict[str, Any]:
        status, body = self.post("Users", {"schemas": [USER], "userName": user_name, **fields})
        assert status == 201, body
        found: dict[str, Any] = body
        return found

    def group(self, name: str, *members: str, **fields: Any) -> dict[str, Any]:
        entries = [{"value": member} for member in members]
        body = {"schemas": [GROUP], "displayName": name, "members": entries, **fields}
        status, answer = self.post("Groups", body)
        assert status == 201, answer
        found: dict[str, Any] = answer
        return found

    def find(self, user_name: str) -> dict[str, Any]:
        _status, body = self.get("Users", filter=f'userName eq "{user_name}"')
        (found,) = body["Resources"]
        user: dict[str, Any] = found
        return user


def make_scim(world: World, tenant: Tenant) -> Scim:
    owner = world.alice if tenant == world.acme else world.charlie
    with tenant_context(tenant):
        _token, secret = scim_token_create(
            actor=actor_for(owner), label="Entra", expires_in_days=None
        )
    return Scim(tenant, secret)


@pytest.fixture
def scim(world: World) -> Scim:
    return make_scim(world, world.acme)


@pytest.fixture
def ours(world: World) -> None:
    """Addresses at acme.test are acme's to give, and those at globex.test globex'."""
    for tenant in (world.acme, world.globex):
        EmailDomain.objects.create(
            tenant=tenant, domain=f"{tenant.slug}.test", verified_at=timezone.now()
        )
