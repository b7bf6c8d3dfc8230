"""A request counts once, whoever answers it, and too many are refused as Django would."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches

from apps.accounts.models import Person
from apps.common import rate_limits
from apps.common.api import limits
from apps.common.tenancy import tenant_context
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, host
from tests.gateway.conftest import Answer, Process

pytestmark = pytest.mark.django_db

Warm = Callable[..., Callable[[], Answer]]


@pytest.fixture
def allow(entitle: Any, acme: Tenant) -> Callable[[int | None], None]:
    def allow(requests: int | None) -> None:
        entitle({limits.REQUESTS: requests})
        limits.forget_all()

    return allow


def left(answer: Answer) -> int:
    return int(answer.headers["RateLimit-Remaining"])


def test_each_answer_says_what_is_left(
    process: Process, token: Any, acme: Tenant, bob: Person, allow: Any
) -> None:
    allow(50)
    access = token(bob)
    answers = [process.get(host(acme), access) for _ in range(6)]
    assert [left(one) for one in answers] == [49, 48, 47, 46, 45, 44]
    assert [one.by_gateway for one in answers] == [False] * 2 + [True] * 4
    names = {name for name in answers[0].headers if name.startswith("RateLimit")}
    assert len(names) == 5
    assert {name for name in answers[-1].headers if name.startswith("RateLimit")} == names


def test_what_django_gets_after_all_is_not_counted_twice(
    process: Process, token: Any, acme: Tenant, bob: Person, allow: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    allow(50)
    access = token(bob)
    before = [process.get(host(acme), access) for _ in range(3)][-1]
    assert before.by_gateway
    monkeypatch.setattr(type(process.gateway), "_page", lambda *_args: None)
    answer = process.get(host(acme), access)
    assert not answer.by_gateway
    assert left(answer) == left(before) - 1


def test_too_many_are_refused_as_django_refuses_them(
    process: Process, token: Any, acme: Tenant, bob: Person, alice: Person, allow: Any
) -> None:
    allow(5)
    access = token(bob)
    answers = [process.get(host(acme), access) for _ in range(7)]
    assert [one.status for one in answers] == [200] * 5 + [429] * 2
    refused, by_django = answers[-1], process.without_gateway(host(acme), access)
    assert refused.by_gateway
    own = {"X-Request-ID", "Content-Length", "RateLimit", "RateLimit-Reset", "Retry-After"}
    assert {k: v for k, v in refused.headers.items() if k not in own} == {
        k: v for k, v in by_django.headers.items() if k not in own
    }
    assert refused.headers.keys() == by_django.headers.keys()
    said = [one.data | {"request_id": "", "detail": ""} for one in (refused, by_django)]
    assert said[0] == said[1]
    assert refused.data["request_id"] == refused.headers["X-Request-ID"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 900
    # Somebody else has requests of their own.
    assert process.get(host(acme), token(alice)).status == 200


def test_people_see_what_was_counted(
    process: Process, token: Any, acme: Tenant, bob: Person, allow: Any
) -> None:
    allow(5)
    access = token(bob)
    for _ in range(8):
        process.get(host(acme), access)
    counted = rate_limits.counted(str(acme.id))[f"member:{bob.id}"]
    assert (counted.requests, counted.refused) == (5, 3)


def test_without_a_limit_requests_are_counted_too(
    process: Process, token: Any, acme: Tenant, bob: Person, allow: Any
) -> None:
    allow(None)
    access = token(bob)
    answers = [process.get(host(acme), access) for _ in range(5)]
    assert answers[-1].by_gateway
    assert "RateLimit-Limit" not in answers[-1].headers
    assert rate_limits.counted(str(acme.id))[f"member:{bob.id}"].requests == 5


def test_a_redis_that_forgot_the_script_gets_it_again(
    process: Process, token: Any, acme: Tenant, bob: Person, allow: Any
) -> None:
    allow(50)
    access = token(bob)
    for _ in range(3):
        process.get(host(acme), access)
    caches["global"]._cache.get_client().script_flush()
    assert [process.get(host(acme), access).by_gateway for _ in range(2)] == [False, True]


def test_a_better_plan_counts_at_once(
    process: Process, token: Any, acme: Tenant, bob: Person, allow: Any
) -> None:
    allow(3)
    access = token(bob)
    assert [process.get(host(acme), access).status for _ in range(4)] == [200, 200, 200, 429]
    allow(100)
    with tenant_context(acme):
        answer = process.get(host(acme), access)
    assert (answer.status, answer.by_gateway) == (200, True)


def test_who_was_never_known_is_told_to_wait_without_django(
    process: Process, token: Any, acme: Tenant, bob: Person, allow: Any
) -> None:
    allow(1)
    access = token(bob)
    answers = [process.get(host(acme), access) for _ in range(5)]
    assert [one.status for one in answers] == [200, 429, 429, 429, 429]
    assert [one.by_gateway for one in answers] == [False, False, True, True, True]
    own = ("X-Request-ID", "RateLimit", "RateLimit-Reset", "Retry-After", "Content-Length")
    by_django, by_gateway = answers[1], answers[2]
    for name, value in by_django.headers.items():
        if name not in own:
            assert by_gateway.headers[name] == value
    assert set(by_gateway.headers) == set(by_django.headers)
    assert by_gateway.data["code"] == by_django.data["code"]
    assert by_gateway.data["request_id"] == by_gateway.headers["X-Request-ID"]
    allow(50)
    assert process.get(host(acme), access).status == 200


def test_who_is_in_no_workspace_is_not_counted_by_address_instead(
    process: Process, token: Any, bob: Person, settings: Any
) -> None:
    settings.API_REQUESTS_PER_15_MINUTES = 2
    access = token(bob)
    answers = [process.get(PUBLIC, access, "/api/v1/me/") for _ in range(8)]
    assert [one.status for one in answers] == [200] * 2 + [429] * 6
