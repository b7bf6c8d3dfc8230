"""The front view: what is stored, and what is refused without a trace."""

import json
import time
from typing import Any

import pytest
from django.test import Client
from kombu.exceptions import OperationalError

from apps.billing import tasks
from apps.billing.models import StripeEvent
from apps.billing.views import MAX_BODY_BYTES
from tests.accounts.support import PUBLIC
from tests.billing.support import HOOK, deliver, event, signature
from tests.conftest import World

pytestmark = pytest.mark.django_db

CUSTOMER = {"id": "cus_1", "object": "customer", "email": "billing@acme.test"}
SUBSCRIPTION = {"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active"}


def refused(response: Any, status: int, code: str) -> None:
    """In the standard shape, with nothing stored."""
    assert (response.status_code, json.loads(response.content)["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert StripeEvent.objects.count() == 0


def test_an_event_is_stored_as_it_was_signed(queued: list[str]) -> None:
    told = event("customer.subscription.updated", SUBSCRIPTION, previous={"status": "trialing"})
    body = json.dumps(told, indent=2)
    response = deliver(body)
    assert (response.status_code, response.content) == (200, b"")
    stored = StripeEvent.objects.get()
    assert stored.payload == body
    assert (stored.stripe_id, stored.type) == (told["id"], "customer.subscription.updated")
    assert (stored.object_type, stored.object_id) == ("subscription", "sub_1")
    assert (stored.customer_id, stored.lane, stored.is_live) == ("cus_1", "cus_1", False)
    assert (stored.state, stored.attempts, stored.last_error) == ("pending", 0, "")
    assert stored.occurred_at.timestamp() == told["created"]
    assert stored.api_version == told["api_version"]
    assert (stored.object, stored.previous) == (SUBSCRIPTION, {"status": "trialing"})
    assert queued == ["cus_1"]


def test_it_costs_one_statement(queued: list[str], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert deliver(event("customer.created", CUSTOMER)).status_code == 200


def test_five_times_is_once(queued: list[str]) -> None:
    told = event("customer.created", CUSTOMER)
    assert [deliver(told).status_code for _ in range(5)] == [200] * 5
    assert StripeEvent.objects.count() == 1
    assert queued == ["cus_1"]


def test_a_task_takes_what_came_before_it_began(queued: list[str]) -> None:
    for _ in range(3):
        deliver(event("customer.updated", CUSTOMER))
    deliver(event("customer.updated", {**CUSTOMER, "id": "cus_2"}))
    assert queued == ["cus_1", "cus_2"]
    StripeEvent.objects.update(attempts=1)
    deliver(event("customer.updated", CUSTOMER))
    assert queued == ["cus_1", "cus_2", "cus_1"]
    StripeEvent.objects.update(state="done", attempts=0)
    deliver(event("customer.updated", CUSTOMER))
    assert queued == ["cus_1", "cus_2", "cus_1", "cus_1"]


@pytest.mark.parametrize(
    ("subject", "previous", "lane"),
    [
        ({"id": "prod_1", "object": "product"}, None, "prod_1"),
        (
            {"id": "pm_1", "object": "payment_method", "customer": None},
            {"customer": "cus_7"},
            "cus_7",
        ),
        ({"id": "in_1", "object": "invoice", "customer": {"id": "cus_8"}}, None, "cus_8"),
        ({"object": "balance"}, None, None),
    ],
)
def test_lanes(queued: list[str], subject: dict[str, Any], previous: Any, lane: str | None) -> None:
    """By customer, also of what was a customer's before; else by object; else alone."""
    told = event("x.updated", subject, previous=previous)
    assert deliver(told).status_code == 200
    assert StripeEvent.objects.get().lane == (lane or told["id"])


@pytest.mark.parametrize("offset_s", [-299, -10, 0, 10, 299])
def test_a_clock_may_be_off_by_five_minutes(queued: list[str], offset_s: int) -> None:
    told = event("customer.created", CUSTOMER)
    assert deliver(told, at=int(time.time()) + offset_s).status_code == 200


@pytest.mark.parametrize("offset_s", [-3600, -302, 302, 3600, 10**9])
def test_a_signature_is_good_near_its_moment_only(queued: list[str], offset_s: int) -> None:
    told = event("customer.created", CUSTOMER)
    refused(deliver(told, at=int(time.time()) + offset_s), 400, "invalid_signature")
    assert queued == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        "t=1",
        "v1=00",
        "t=,v1=",
        "t=x,v1=00",
        "t=99999999999999999999,v1=00",
        "t=-1,v1=00",
        "ü=1",
        "t={now}",
        "t={now},v1=",
        "t={now},v0={good}",
        "t={now},v1={good}x",
        "t={now}," + "v1=00," * 1000,
    ],
)
def test_a_body_that_is_not_signed_leaves_no_trace(queued: list[str], header: str) -> None:
    body = json.dumps(event("customer.created", CUSTOMER))
    now, good = signature(body).split(",v1=")
    response = Client(raise_request_exception=False).post(
        HOOK,
        data=body,
        content_type="application/json",
        HTTP_HOST=PUBLIC,
        HTTP_STRIPE_SIGNATURE=header.replace("{now}", now[2:]).replace("{good}", good),
    )
    refused(response, 400, "invalid_signature")


def test_another_secret_or_another_body(queued: list[str]) -> None:
    told = event("customer.created", CUSTOMER)
    refused(deliver(told, secret="whsec_other"), 400, "invalid_signature")
    signed = signature(json.dumps(told))
    response = deliver({**told, "type": "customer.deleted"}, HTTP_STRIPE_SIGNATURE=signed)
    refused(response, 400, "invalid_signature")


def test_secrets_are_changed_without_a_gap(settings: Any, queued: list[str]) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    assert deliver(event("x.y", CUSTOMER), secret="whsec_old").status_code == 200
    assert deliver(event("x.y", CUSTOMER), secret="whsec_new").status_code == 200
    assert StripeEvent.objects.count() == 2


def test_without_a_secret_nothing_is_taken(settings: Any, queued: list[str]) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []
    refused(deliver(event("x.y", CUSTOMER), secret=""), 400, "invalid_signature")


def test_the_secret_that_dj_stripe_would_take_from_a_header(
    settings: Any, queued: list[str]
) -> None:
    settings.DEBUG = True
    told = event("x.y", CUSTOMER)
    response = deliver(told, secret="whsec_mine", HTTP_X_DJSTRIPE_WEBHOOK_SECRET="whsec_mine")
    refused(response, 400, "invalid_signature")


@pytest.mark.parametrize(
    "forwarded", ["garbage", "1.2.3.4, x", "'; --", "::1%eth0", "," * 500, "ü"]
)
def test_what_proxies_say_is_not_looked_at(queued: list[str], forwarded: str) -> None:
    told = event("customer.created", CUSTOMER)
    assert deliver(told, HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR=forwarded).status_code == 200
    assert StripeEvent.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        b"\x00",
        b'{"id": "evt_1\x00"}',
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'"evt_1"',
        b'{"id": "evt_1"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 5000,
    ],
)
def test_what_is_no_event(queued: list[str], body: bytes) -> None:
    response = deliver(body)
    assert response.status_code == 400
    assert StripeEvent.objects.count() == 0


def test_nothing_at_all(queued: list[str]) -> None:
    refused(deliver(b"", CONTENT_TYPE="application/json"), 400, "invalid")


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None},
        {"id": ""},
        {"id": "e" * 256},
        {"id": "evt_\x00"},
        {"id": ["evt_1"]},
        {"type": None},
        {"type": {"a": 1}},
        {"type": "x" * 300},
        {"created": "soon"},
        {"created": 10**18},
        {"created": None},
        {"livemode": "no"},
        {"livemode": None},
        {"api_version": 7},
        {"api_version": "x" * 65},
        {"data": None},
        {"data": {"object": None}},
        {"data": {"object": {"id": "a b", "object": "customer"}}},
        {"data": {"object": {"id": "x" * 256, "object": "customer"}}},
        {"data": {"object": CUSTOMER, "previous_attributes": 1}},
    ],
)
def test_fields_that_cannot_be(queued: list[str], wrong: dict[str, Any]) -> None:
    refused(deliver({**event("customer.created", CUSTOMER), **wrong}), 400, "invalid")


def test_what_json_can_say_and_a_column_of_json_cannot(queued: list[str]) -> None:
    told = event("customer.created", {**CUSTOMER, "name": "A\x00b \ud800"})
    assert deliver(told).status_code == 200
    assert StripeEvent.objects.get().object["name"] == "A\x00b \ud800"


def test_events_of_the_other_mode(queued: list[str]) -> None:
    refused(deliver(event("customer.created", CUSTOMER, livemode=True)), 400, "wrong_mode")


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_methods(method: str) -> None:
    response = getattr(Client(), method)(HOOK, HTTP_HOST=PUBLIC)
    assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"]
)
def test_media_types(content_type: str) -> None:
    told = json.dumps(event("customer.created", CUSTOMER))
    refused(deliver(told, content_type=content_type), 415, "unsupported_media_type")


def test_size(queued: list[str]) -> None:
    told = event("customer.created", {**CUSTOMER, "description": "x" * MAX_BODY_BYTES})
    refused(deliver(told), 413, "too_large")
    fits = event("customer.created", {**CUSTOMER, "description": "x" * (MAX_BODY_BYTES - 1000)})
    assert deliver(fits).status_code == 200


def test_the_public_host_only(world: World, queued: list[str]) -> None:
    told = event("customer.created", CUSTOMER)
    for host in ("acme.localhost:8000", "nobody.localhost:8000"):
        assert deliver(told, HTTP_HOST=host).status_code == 404
    assert StripeEvent.objects.count() == 0


def test_a_queue_that_is_away_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_options: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.sync_stripe_lane, "apply_async", away)
    assert deliver(event("customer.created", CUSTOMER)).status_code == 200
    assert StripeEvent.objects.get().state == "pending"
