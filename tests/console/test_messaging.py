"""Providers and suppressed addresses in the console."""

from typing import Any

import pytest
from django.test import Client

from apps.console import providers
from apps.messaging.enums import Channel
from apps.messaging.errors import Unavailable
from apps.messaging.models import Suppression
from apps.messaging.providers.smtp import Smtp
from apps.messaging.suppressions import suppression_add
from tests.conftest import SYSTEM
from tests.console.conftest import messages_of

LIST = "/console/messaging/suppression/"
PROVIDERS = "/console/providers/"


@pytest.fixture
def row(world: Any) -> Suppression:
    return suppression_add(
        actor=SYSTEM, channel=Channel.EMAIL, address="dana@example.com", note="Asked <us>"
    )


def fail() -> None:
    for _ in range(Smtp.breaker.failures):
        with pytest.raises(Unavailable), Smtp.breaker.attempt(failures=(Unavailable,)):
            raise Unavailable("<Away>", 30)


def test_providers(console: Client, published: Any) -> None:
    html = console.get(PROVIDERS).content.decode()
    assert "All work" in html
    fail()
    html = console.get(PROVIDERS).content.decode()
    assert "1 of 1 away" in html
    assert "Not asked" in html
    assert "0 sent, 5 failed" in html
    assert "&lt;Away&gt;" in html
    asked = console.get(f"{PROVIDERS}reset/?provider=smtp").content.decode()
    assert '<option value="smtp" selected>' in asked
    assert console.post(f"{PROVIDERS}reset/", {"provider": "smtp", "note": ""}).status_code == 200
    assert console.post(f"{PROVIDERS}reset/", {"provider": "x", "note": "x"}).status_code == 200
    assert Smtp.breaker.status().state == "open"
    done = console.post(f"{PROVIDERS}reset/", {"provider": "smtp", "note": "Mended"})
    assert done["Location"] == PROVIDERS
    assert messages_of(done) == ["smtp is asked again."]
    assert Smtp.breaker.status().state == "closed"
    assert published() == [("messaging.provider_reset", "staff@platform.test")]


def test_providers_without_redis(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import ConnectionError as RedisConnectionError

    def gone(_actor: Any) -> Any:
        raise RedisConnectionError("gone")

    monkeypatch.setattr(providers, "providers_status", gone)
    assert "Redis does not answer" in console.get(PROVIDERS).content.decode()


def test_found_by_the_whole_address(console: Client, row: Suppression) -> None:
    assert "d…@example.com" in console.get(LIST).content.decode()
    for term in ("Dana@Example.com", "example.com"):
        assert "d…@example.com" in console.get(LIST, {"q": term}).content.decode()
    for term in ("dana", "eve@example.com"):
        assert "d…@example.com" not in console.get(LIST, {"q": term}).content.decode()
    html = console.get(f"{LIST}{row.pk}/").content.decode()
    assert "Asked &lt;us&gt;" in html
    assert "dana@example.com" not in html


def test_lifted_with_a_reason(console: Client, row: Suppression, published: Any) -> None:
    before = len(published())
    page = f"{LIST}{row.pk}/lift/"
    assert console.post(page, {"note": ""}).status_code == 200
    row.refresh_from_db()
    assert row.lifted_at is None
    console.post(page, {"note": "A new mailbox"})
    row.refresh_from_db()
    assert row.lifted_at is not None
    assert published()[before:] == [("messaging.suppression_lifted", "staff@platform.test")]
    assert "is not possible" in messages_of(console.post(page, {"note": "x"}))[-1]


def test_added_with_a_reason(console: Client, world: Any, published: Any) -> None:
    page = f"{LIST}suppress/"
    wrong = console.post(page, {"channel": "email", "address": "nobody", "note": "x"})
    assert "Enter one whole address." in wrong.content.decode()
    assert Suppression.objects.count() == 0
    given = {"channel": "sms", "address": "+49 30 123456", "note": "Asked us"}
    done = console.post(page, given)
    row = Suppression.objects.get()
    assert done["Location"] == f"{LIST}{row.pk}/"
    assert (row.channel, row.note, row.reason) == ("sms", "Asked us", "manual")
    again = console.post(page, given)
    assert "is on the list already" in again.content.decode()
    assert published() == [("messaging.address_suppressed", "staff@platform.test")]


def test_lists_take_the_same_statements(
    console: Client, row: Suppression, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        suppression_add(
            actor=SYSTEM, channel=Channel.EMAIL, address=f"n{number}@example.com", note="x"
        )
    with django_assert_max_num_queries(10):
        assert console.get(LIST).status_code == 200
