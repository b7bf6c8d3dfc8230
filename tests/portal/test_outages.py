"""A server that is away for a moment: 503 for people and programs, and nobody is signed out."""

from collections.abc import Iterator

import pytest
import redis
from django.core.cache import caches
from django.db import OperationalError
from django.test import Client

from apps.accounts.models import Person
from apps.tenants import middleware
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    client = sign_in(alice, acme)
    client.raise_request_exception = False
    return client


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    with monkeypatch.context() as patches:
        yield patches


def _raise(error: Exception):
    def function(*args: object, **kwargs: object) -> None:
        raise error

    return function


def _check_unavailable(client: Client) -> None:
    page = client.get("/members/")
    assert (page.status_code, page["Retry-After"]) == (503, "2")
    assert read(page.content).check() == []
    assert "Back shortly" in "".join(read(page.content).text)
    answer = client.get("/api/v1/members/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"
    assert "secret" not in page.content.decode() + answer.content.decode()


def test_database_away(member: Client, away: pytest.MonkeyPatch) -> None:
    away.setattr(
        middleware, "tenant_of_host", _raise(OperationalError("the secret of db.internal"))
    )
    _check_unavailable(member)
    away.undo()
    assert member.get("/members/").status_code == 200


@pytest.mark.parametrize("error", [redis.exceptions.ConnectionError, redis.exceptions.TimeoutError])
def test_redis_away(member: Client, away: pytest.MonkeyPatch, error: type[Exception]) -> None:
    away.setattr(type(caches["global"]), "get", _raise(error("the secret of redis.internal")))
    _check_unavailable(member)
    away.undo()
    assert member.get("/members/").status_code == 200
