"""API keys, for tests."""

from typing import Any

from apps.common.actors import Actor
from apps.organizations.permissions import VIEW_MEMBER, VIEW_ORGANIZATION
from apps.roles.services import NewApiKey, api_key_create
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, host
from tests.api.client import Api

READ = [VIEW_MEMBER, VIEW_ORGANIZATION]
# The address that Django’s test client has.
HERE = "127.0.0.1"


def make_key(actor: Actor, name: str = "Import", codes: Any = READ, **kwargs: Any) -> NewApiKey:
    return api_key_create(actor=actor, name=name, permission_codes=codes, **kwargs)


def by_key(text: str, tenant: Tenant | None = None, **headers: str) -> Api:
    """A program that calls the public host, or a tenant's."""
    return Api(host(tenant) if tenant else PUBLIC, **{"Authorization": f"Bearer {text}", **headers})


def answer(client: Api, method: str = "GET", path: str = "members/", body: Any = None) -> Any:
    """(status, code of the problem)."""
    response = client(method, path, body)
    return response.status_code, response.json().get("code", "") if response.content else ""
