"""A web process as granian sees it: the gateway, and Django behind it."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import pytest
from django.core.wsgi import get_wsgi_application

from apps.accounts import authorizations
from apps.accounts.models import Person
from apps.accounts.token_sessions import token_session_start
from apps.common.api import listing
from apps.common.requests import Utf8WSGIRequest
from apps.gateway.wsgi import Gateway
from apps.tenants.models import Tenant
from tests.accounts.support import host
from tests.isolation.conftest import twins

__all__ = ["twins"]
MEMBERS = "/api/v1/members/"


class Answer(NamedTuple):
    """by_gateway: Django was not asked."""

    status: int
    headers: dict[str, str]
    body: bytes
    by_gateway: bool

    @property
    def data(self) -> Any:
        return json.loads(self.body)


class Process:
    def __init__(self) -> None:
        self.asked = 0
        django = get_wsgi_application()
        django.request_class = Utf8WSGIRequest

        def count(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            self.asked += 1
            return django(environ, start_response)

        self.django, self.gateway = django, Gateway(count)

    def get(
        self, http_host: str, token: str, path: str = MEMBERS, query: str = "", **headers: str
    ) -> Answer:
        return self._answer(self.gateway, http_host, token, path, query, headers)

    def without_gateway(
        self, http_host: str, token: str, path: str = MEMBERS, query: str = "", **headers: str
    ) -> Answer:
        return self._answer(self.django, http_host, token, path, query, headers)

    def _answer(
        self, app: Any, http_host: str, token: str, path: str, query: str, headers: dict[str, str]
    ) -> Answer:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": http_host,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": http_host,
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            **headers,
        }
        started: list[Any] = []
        before = self.asked
        chunks = app(environ, lambda status, sent: started.append((status, sent)))
        body = b"".join(chunks)
        if close := getattr(chunks, "close", None):
            close()
        status, sent = started[0]
        by_gateway = app is self.gateway and self.asked == before
        return Answer(int(status[:3]), dict(sent), body, by_gateway)


@pytest.fixture(autouse=True)
def _cold() -> Iterator[None]:
    authorizations._entries.clear()
    listing._reads.clear()
    yield
    authorizations._entries.clear()
    listing._reads.clear()


@pytest.fixture
def process(settings: Any) -> Process:
    settings.GATEWAY = settings.API_RESPONSE_CACHE = True
    return Process()


@pytest.fixture
def token() -> Callable[..., str]:
    def make(person: Person, bound: Tenant | None = None) -> str:
        pair = token_session_start(
            person=person, tenant_id=bound.id if bound else None, user_agent="tests", ip=None
        )
        return pair.access

    return make


@pytest.fixture
def warm(
    process: Process, token: Callable[..., str], acme: Tenant
) -> Callable[..., Callable[..., Answer]]:
    """Of a person: a call which the gateway answers by now."""

    def make(person: Person, tenant: Tenant = acme, **sent: str) -> Callable[..., Answer]:
        access = token(person)

        def call() -> Answer:
            return process.get(host(tenant), access, **sent)

        for _ in range(4):
            answer = call()
        assert answer.by_gateway, answer
        return call

    return make
