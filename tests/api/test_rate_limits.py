"""How many requests the API takes of whom, and what it says about it."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.urls import URLPattern, URLResolver
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.accounts import attempts
from apps.accounts.models import Person
from apps.api.urls import urlpatterns
from apps.api.views import SchemaView
from apps.billing.services import override_set
from apps.common import rate_limits
from apps.common.actors import Actor
from apps.common.api import limits
from apps.common.api.limits import REQUESTS, LimitedView
from apps.common.entitlements import Granted
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC
from tests.api.client import Api, statements
from tests.api.schema import document
from tests.conftest import SYSTEM, Entitle
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db
NAMES = {
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit-Policy",
    "RateLimit",
}


def state(response: Any) -> tuple[int, str, str]:
    return response.status_code, response["RateLimit-Limit"], response["RateLimit-Remaining"]


@pytest.fixture
def three(entitle: Entitle) -> None:
    entitle({REQUESTS: 3})


@pytest.fixture
def away(settings: Any) -> Callable[[], None]:
    """Redis goes away."""

    def go() -> None:
        settings.CACHES = {
            **settings.CACHES,
            "global": {**settings.CACHES["global"], "LOCATION": "redis://127.0.0.1:9/0"},
        }

    return go


def test_every_answer_says_what_is_left(three: None, bearer: Any, bob: Person) -> None:
    client = bearer(bob)
    answer = client.get("members/")
    assert {name: answer[name] for name in NAMES} == {
        "RateLimit-Limit": "3",
        "RateLimit-Remaining": "2",
        "RateLimit-Reset": "300",
        "RateLimit-Policy": '"caller";q=3;w=900, "workspace";q=30;w=900',
        "RateLimit": '"caller";r=2;t=300',
    }


def test_too_many(three: None, bearer: Any, bob: Person, alice: Person) -> None:
    client = bearer(bob)
    for left in ("2", "1", "0"):
        assert state(client.get("members/")) == (200, "3", left)
    with statements(at_most=1):  # whose host it is
        refused = client.get("members/")
    assert state(refused) == (429, "3", "0")
    assert 295 <= int(refused["Retry-After"]) <= 300
    problem = refused.json()
    assert (problem["code"], problem["title"]) == ("rate_limited", "Too many requests")
    assert problem["detail"].startswith(
        "You have sent too many requests. The next one is let through"
    )
    assert state(bearer(alice).get("members/")) == (200, "3", "2")


def test_what_is_refused_counts(three: None, bearer: Any, bob: Person) -> None:
    client = bearer(bob)
    assert state(client.get("api-keys/")) == (403, "3", "2")
    assert state(client.get("members/0197c2a4-0000-7000-8000-000000000000/")) == (404, "3", "1")
    assert state(client.post("members/", {})) == (405, "3", "0")
    assert state(client.get("api-keys/")) == (429, "3", "0")


def test_a_workspace_as_a_whole(
    three: None, bearer: Any, alice: Person, bob: Person, settings: Any
) -> None:
    settings.API_WORKSPACE_FACTOR = 1
    assert bearer(alice).get("members/")["RateLimit-Remaining"] == "2"
    answer = bearer(bob).get("members/")
    assert answer["RateLimit"].startswith('"workspace";r=1;')
    bearer(bob).get("members/")
    refused = bearer(alice).get("members/")
    assert refused.status_code == 429
    assert refused.json()["detail"].startswith("This workspace has sent too many requests.")


def test_a_key_counts_for_itself(three: None, owner: Actor, bearer: Any, alice: Person) -> None:
    one, other = (by_key(make_key(owner, name).text) for name in ("One", "Other"))
    for left in ("2", "1", "0"):
        assert one.get("members/")["RateLimit-Remaining"] == left
    assert one.get("members/").status_code == 429
    assert state(other.get("members/")) == (200, "3", "2")
    assert state(bearer(alice).get("members/")) == (200, "3", "2")


def test_in_no_workspace(bearer: Any, bob: Person, settings: Any, three: None) -> None:
    settings.API_REQUESTS_PER_15_MINUTES = 7
    answer = bearer(bob, None).get("me/")
    assert state(answer) == (200, "7", "6")
    assert answer["RateLimit-Policy"] == '"caller";q=7;w=900'


class TestByAddress:
    @pytest.fixture(autouse=True)
    def _few(self, settings: Any) -> None:
        settings.API_REQUESTS_PER_15_MINUTES_BY_ADDRESS = 3

    def test_who_is_nobody(self, api: Any) -> None:
        client = api(None)
        for left in ("2", "1", "0"):
            assert state(client.get("members/")) == (401, "3", left)
        refused = client.get("billing/plans/")
        assert state(refused) == (429, "3", "0")
        assert "from your network address" in refused.json()["detail"]
        client.client.defaults["REMOTE_ADDR"] = "192.0.2.1"
        assert state(client.get("members/")) == (401, "3", "2")

    def test_wrong_tokens_wait_and_good_ones_do_not(
        self, api: Any, bearer: Any, bob: Person, acme: Tenant
    ) -> None:
        wrong = api(None, Authorization="Bearer sk_nothing")
        for left in ("2", "1", "0"):
            assert state(wrong.get("members/")) == (401, "3", left)
        refused = wrong.get("members/")
        assert state(refused) == (429, "3", "0")
        assert refused.json()["code"] == "rate_limited"
        assert bearer(bob).get("members/").status_code == 200

    def test_what_is_left_does_not_tell_whether_a_workspace_exists(
        self, bearer: Any, bob: Person
    ) -> None:
        for left, slug in (("2", "globex"), ("1", "nobodys"), ("0", "globex")):
            client = bearer(bob, None, **{"X-Tenant": slug})
            assert state(client.get("members/")) == (404, "3", left)

    def test_a_network_of_ipv6_is_one(self, api: Any) -> None:
        client = api(None)
        for last, left in (("1", "2"), ("ffff", "1")):
            client.client.defaults["REMOTE_ADDR"] = f"2001:db8:1:2::{last}"
            assert state(client.get("members/")) == (401, "3", left)
        client.client.defaults["REMOTE_ADDR"] = "2001:db8:1:3::1"
        assert state(client.get("members/")) == (401, "3", "2")


def test_what_costs_more(entitle: Entitle, api: Any, alice: Person) -> None:
    entitle({REQUESTS: 25})
    client = api(alice)
    assert client.get("audit-events/export/", format="csv")["RateLimit-Remaining"] == "5"
    refused = client.get("audit-events/export/", format="csv")
    assert state(refused) == (429, "25", "5")
    assert state(client.get("members/")) == (200, "25", "4")


def test_an_exception_of_the_staff_holds_at_once_and_ends(
    three: None, bearer: Any, bob: Person, acme: Tenant
) -> None:
    client = bearer(bob)
    for _ in range(3):
        client.get("members/")
    assert client.get("members/").status_code == 429
    override_set(
        actor=SYSTEM,
        tenant_id=acme.id,
        code=REQUESTS,
        granted=Granted(10),
        reason="Their import",
        expires_at=timezone.now() + timedelta(seconds=2),
    )
    limits.forget_all()
    assert state(client.get("members/")) == (200, "10", "9")
    time.sleep(2.1)
    limits.forget_all()
    assert client.get("members/")["RateLimit-Limit"] == "100000"


def test_any_number(entitle: Entitle, bearer: Any, bob: Person, acme: Tenant) -> None:
    entitle({REQUESTS: None})
    answer = bearer(bob).get("members/")
    assert answer.status_code == 200
    assert not NAMES & set(answer.headers)
    assert rate_limits.counted(str(acme.id))[f"member:{bob.id}"].requests == 1


def test_none_at_all(entitle: Entitle, bearer: Any, bob: Person) -> None:
    entitle({REQUESTS: 0})
    refused = bearer(bob).get("members/")
    assert state(refused) == (429, "0", "0")
    assert refused["Retry-After"] == "900"


def test_a_plan_is_read_once_in_a_while(
    bearer: Any, bob: Person, three: None, monkeypatch: Any
) -> None:
    asked = []
    original = limits.entitlements.limit
    monkeypatch.setattr(
        limits.entitlements, "limit", lambda *args: (asked.append(args), original(*args))[1]
    )
    client = bearer(bob)
    client.get("members/")
    client.get("members/")
    assert len(asked) == 1
    monkeypatch.setattr(limits, "MAX_REMEMBERED", 1)
    limits._remembered = dict.fromkeys(limits._remembered, (0.0, 9))
    client.get("members/")
    assert len(asked) == 2
    assert len(limits._remembered) == 1


class TestWithoutRedis:
    def test_reads_are_let_through(
        self, three: None, bearer: Any, bob: Person, away: Callable[[], None]
    ) -> None:
        client = bearer(bob)
        assert client.get("members/").status_code == 200
        away()
        for _ in range(5):
            answer = client.get("members/")
            assert answer.status_code == 200
            assert not NAMES & set(answer.headers)

    def test_writes_are_counted_by_this_process(
        self,
        three: None,
        bearer: Any,
        bob: Person,
        away: Callable[[], None],
        monkeypatch: Any,
    ) -> None:
        monkeypatch.setattr(rate_limits, "_local", rate_limits._Local())
        client = bearer(bob)
        away()
        for left in ("2", "1", "0"):
            assert state(client.post("organizations/", {})) == (403, "3", left)
        assert state(client.post("organizations/", {})) == (429, "3", "0")
        assert client.get("members/").status_code == 200

    def test_guessing_passwords_is_limited(
        self, acme: Tenant, bob: Person, away: Callable[[], None], monkeypatch: Any
    ) -> None:
        attempts._local.clear()
        away()
        client = Api(PUBLIC)
        wrong = {"email": "bob@acme.test", "password": "not this one"}
        answers = [client.post("auth/token/", wrong).status_code for _ in range(7)]
        assert answers == [401] * 5 + [429] * 2
        attempts._local.clear()

    def test_it_never_fails(self, bearer: Any, bob: Person, monkeypatch: Any, three: None) -> None:
        """Also where Redis goes away in the middle."""
        client = bearer(bob)

        def fail(*_args: object, **_kwargs: object) -> None:
            raise RedisConnectionError("gone")

        with monkeypatch.context() as patches:
            client_class = type(caches["global"]._cache.get_client())  # type: ignore[attr-defined]
            patches.setattr(client_class, "execute_command", fail)
            assert client.get("members/").status_code in (200, 503)


def views_of(patterns: list[Any]) -> list[type]:
    found: list[type] = []
    for one in patterns:
        if isinstance(one, URLResolver):
            found += views_of(one.url_patterns)
        elif isinstance(one, URLPattern) and hasattr(one.callback, "view_class"):
            found.append(one.callback.view_class)
    return found


def test_no_view_is_without_limits() -> None:
    views = views_of(urlpatterns)
    assert len(views) > 100
    assert [one for one in views if not getattr(one, "is_limited", False)] == [SchemaView]


def test_costs_are_of_methods_that_there_are() -> None:
    for view in {one for one in views_of(urlpatterns) if issubclass(one, LimitedView)}:
        assert all(
            hasattr(view, method.lower()) and cost > 1 for method, cost in view.costs.items()
        )


def test_the_document_has_them_once() -> None:
    described = document()["components"]["headers"]
    assert set(described) == NAMES | {"Retry-After"}
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            assert "429" in operation["responses"], (method, path)
            for status, response in operation["responses"].items():
                if not status.startswith("2") and status != "429":
                    continue
                expected = NAMES | ({"Retry-After"} if status == "429" else set())
                refs = {name: {"$ref": f"#/components/headers/{name}"} for name in expected}
                found = {name: response["headers"].get(name) for name in expected}
                assert found == refs, (method, path, status)
    exported = document()["paths"]["/api/v1/audit-events/export/"]["get"]
    assert exported["x-rate-limit-cost"] == 20
