"""Stripe's errors as the platform's, and what is promised of every request."""

import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import transaction

from apps.billing import gateway
from apps.billing.errors import (
    PaymentDeclined,
    StripeNotConfigured,
    StripeObjectMissing,
    StripeRefused,
    StripeUnavailable,
)
from apps.common.errors import PlatformError
from tests.billing.stripe_double import StripeDouble

pytestmark = pytest.mark.django_db


def create(name: str, key: str = "k") -> str:
    with gateway.stripe_client() as client:
        return client.v1.customers.create({"name": name}, {"idempotency_key": key}).id


def ask() -> object:
    return gateway.get("/v1/customers/cus_1")


def raised(act: Callable[[], object], kind: type[PlatformError]) -> PlatformError:
    with pytest.raises(kind) as caught:
        act()
    return caught.value


def test_requests_say_which_version_and_who_asks(
    stripe_double: StripeDouble, settings: Any
) -> None:
    assert create("Acme", "wrapper:customer:1") == "cus_1"
    [sent] = stripe_double.headers
    assert sent["Stripe-Version"] == settings.STRIPE_API_VERSION
    assert sent["Idempotency-Key"] == "wrapper:customer:1"
    assert (
        json.loads(sent["X-Stripe-Client-User-Agent"])["application"]["name"] == "wrapper-platform"
    )
    assert "X-Stripe-Client-Telemetry" not in sent


def test_keys_are_made_of_our_ids() -> None:
    row = uuid.UUID(int=7)
    assert gateway.idempotency_key("customer", row) == f"wrapper:customer:{row}"
    assert gateway.idempotency_key("seats", row, 3, "x") == f"wrapper:seats:{row}:3:x"


def test_a_declined_card_is_the_payers_to_mend(stripe_double: StripeDouble) -> None:
    error = raised(lambda: create("declined"), PaymentDeclined)
    assert (error.status, error.code) == (402, "card_declined")
    assert error.detail == "Your card was declined."


def test_what_stripe_does_not_take(stripe_double: StripeDouble) -> None:
    error = raised(lambda: create("bad"), StripeRefused)
    assert (error.status, error.code) == (400, "email_invalid")
    assert error.detail == "Invalid email address: x"


def test_what_is_not_there(stripe_double: StripeDouble) -> None:
    body, status = gateway.get("/v1/customers/cus_9")
    assert (status, json.loads(body)["error"]["code"]) == (404, "resource_missing")

    def retrieve() -> None:
        with gateway.stripe_client() as client:
            client.v1.customers.retrieve("cus_9")

    assert raised(retrieve, StripeObjectMissing).status == 404


@pytest.mark.parametrize(
    ("status", "least_s"), [(500, 5), (503, 5), (429, 5), (401, 60), (403, 60)]
)
def test_what_waiting_may_help_with(
    stripe_double: StripeDouble, monkeypatch: pytest.MonkeyPatch, status: int, least_s: int
) -> None:
    monkeypatch.setattr(gateway, "MAX_RETRIES", 0)
    gateway._client.cache_clear()
    stripe_double.outage = status
    error = raised(ask, StripeUnavailable)
    assert (error.status, error.code) == (503, "unavailable")
    assert least_s <= int(error.headers["Retry-After"]) <= 2 * least_s


def test_nobody_answers(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MAX_RETRIES", 0)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    gateway._client.cache_clear()
    raised(ask, StripeUnavailable)


def test_what_changes_is_sent_again_with_the_same_key(stripe_double: StripeDouble) -> None:
    """Of a request whose answer is lost nobody knows whether it was carried out."""
    gateway._client.cache_clear()
    answer, broken = stripe_double.answer, iter([True, True])

    def once_broken(*args: Any) -> Any:
        found = answer(*args)
        return (500, {"error": {"type": "api_error"}}) if next(broken, False) else found

    stripe_double.answer = once_broken  # type: ignore[method-assign]
    assert create("Acme", "the-key") == "cus_1"
    assert [one["Idempotency-Key"] for one in stripe_double.headers] == ["the-key"] * 3
    assert len(stripe_double.objects) == 1


def test_without_a_key(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""
    error = raised(ask, StripeNotConfigured)
    assert (error.status, error.code) == (503, "billing_not_configured")


def test_not_inside_a_transaction(stripe_double: StripeDouble) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        ask()
    assert stripe_double.requests == []


def test_keys_are_in_no_log(
    stripe_double: StripeDouble, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    create("Acme")
    stripe_double.outage = 401
    raised(ask, StripeUnavailable)
    assert "billing.stripe_unavailable" in caplog.text
    assert settings.STRIPE_SECRET_KEY not in caplog.text


PRODUCTION = {"SANDBOX": False, "STRIPE_API_BASE": "https://api.stripe.com"}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"STRIPE_SECRET_KEY": ""}, []),
        ({"STRIPE_SECRET_KEY": "pk_test_1"}, ["billing.E001"]),
        ({"STRIPE_SECRET_KEY": "sk_live_1"}, ["billing.E002"]),
        ({"STRIPE_SECRET_KEY": "rk_live_1"}, ["billing.E002"]),
        ({"STRIPE_SECRET_KEY": "sk_live_1", **PRODUCTION}, []),
        ({"STRIPE_SECRET_KEY": "sk_live_1", **PRODUCTION, "DEBUG": True}, ["billing.E002"]),
        (PRODUCTION, ["billing.E003"]),
        ({"STRIPE_SECRET_KEY": "", **PRODUCTION, "STRIPE_API_BASE": "http://x"}, []),
        *(
            (
                {"STRIPE_SECRET_KEY": "sk_live_1", **PRODUCTION, "STRIPE_API_BASE": base},
                ["billing.E004"],
            )
            for base in (
                "http://api.stripe.com",
                "https://api.stripe.com.evil.test",
                "https://x@api.stripe.com",
                "https://api.stripe.com:8443",
                "",
            )
        ),
        (
            {"STRIPE_SECRET_KEY": "sk_live_1", **PRODUCTION, "STRIPE_WEBHOOK_SECRETS": []},
            ["billing.W001"],
        ),
    ],
)
def test_keys_fit_the_place(settings: Any, changes: dict[str, Any], found: list[str]) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    ids = [one.id for one in run_checks() if str(one.id).startswith("billing.")]
    assert ids == found
