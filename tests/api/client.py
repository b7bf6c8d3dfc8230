"""A client of the API for a person on a host; every answer is checked against the document."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Person
from apps.accounts.token_sessions import token_session_start
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, force_sign_in, host
from tests.api.schema import check

PREFIX = "/api/v1/"
MISSING = "0197c2a4-0000-7000-8000-000000000000"


class Api:
    def __init__(self, http_host: str, **headers: str) -> None:
        self.client = Client(HTTP_HOST=http_host, headers=headers, raise_request_exception=False)

    def __call__(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        """body: bytes are sent as they are, the rest as JSON. kwargs: headers, query_params."""
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body, cls=DjangoJSONEncoder)
            kwargs = {"data": data, "content_type": "application/json", **kwargs}
        url = path if path.startswith("/") else PREFIX + path
        response = self.client.generic(method, url, **kwargs)
        check(response)
        return response

    def get(self, path: str, **query: Any) -> Any:
        return self("GET", path, query_params=query)

    def post(self, path: str, body: Any = None, **kwargs: Any) -> Any:
        return self("POST", path, {} if body is None else body, **kwargs)

    def put(self, path: str, body: Any, **kwargs: Any) -> Any:
        return self("PUT", path, body, **kwargs)

    def patch(self, path: str, body: Any, **kwargs: Any) -> Any:
        return self("PATCH", path, body, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> Any:
        return self("DELETE", path, **kwargs)


@pytest.fixture
def api(acme: Tenant) -> Callable[..., Api]:
    """`api(alice)` on acme's host; `api(alice, globex)`; `api(alice, None)` on the public host.

    `api(None)`: signed out. By session, which costs no signing key; `bearer` makes tokens.
    """

    def make(person: Person | None, tenant: Tenant | None = acme, **headers: str) -> Api:
        made = Api(host(tenant) if tenant else PUBLIC, **headers)
        if person is not None:
            force_sign_in(made.client, person, tenant)
        return made

    return make


@pytest.fixture
def bearer(acme: Tenant) -> Callable[..., Api]:
    """As `api`, with an access token. bound: the only tenant that the token is good for."""

    def make(
        person: Person,
        tenant: Tenant | None = acme,
        bound: Tenant | None = None,
        methods: Iterable[str] = ("password",),
        **headers: str,
    ) -> Api:
        pair = token_session_start(
            person=person,
            tenant_id=bound.id if bound else None,
            user_agent="tests",
            ip=None,
            methods=methods,
        )
        headers = {"Authorization": f"Bearer {pair.access}", **headers}
        return Api(host(tenant) if tenant else PUBLIC, **headers)

    return make


@contextmanager
def statements(at_most: int) -> Iterator[None]:
    """Fails with the statements themselves when there are more than that."""
    with CaptureQueriesContext(connection) as captured:
        yield
    found = [query["sql"] for query in captured.captured_queries]
    listing = "\n".join(f"{n}. {sql[:200]}" for n, sql in enumerate(found, 1))
    assert len(found) <= at_most, f"{len(found)} statements, at most {at_most}:\n{listing}"


def same_problem(one: Any, other: Any) -> None:
    """Two refusals that nobody can tell apart."""
    bodies = [{**response.json(), "request_id": ""} for response in (one, other)]
    assert bodies[0] == bodies[1]
    assert one.status_code == other.status_code
