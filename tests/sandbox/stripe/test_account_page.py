"""The sandbox's page about the account, and the process that keeps its time and delivers."""

import json

import pytest
import requests
import stripe

from apps.sandbox.stripe import courier
from apps.sandbox.stripe.accounts import DEMO_SECRET_KEY, demo_account
from apps.sandbox.stripe.models import StripeDelivery
from tests.sandbox.stripe.browser import Browser
from tests.sandbox.stripe.conftest import Receiver, Sandbox

DAY = 24 * 3600


@pytest.fixture
def demo(sandbox: Sandbox) -> stripe.StripeClient:
    return sandbox.client(api_key=DEMO_SECRET_KEY)


@pytest.fixture
def url(sandbox: Sandbox) -> str:
    return f"{sandbox.url}/sandbox/stripe/"


def test_what_it_shows(url: str, demo: stripe.StripeClient) -> None:
    browser = Browser()
    assert "Nothing yet" in browser.get(url).text
    made = demo.v1.customers.create({"name": "Acme"})
    with pytest.raises(stripe.InvalidRequestError):
        demo.v1.customers.create({"email": "no"})
    assert "customer.created" in browser.get(url).text
    assert made.id in browser.get(f"{url}?view=objects&kind=customer").text
    assert made.id not in browser.get(f"{url}?view=objects&kind=price").text
    assert "Invalid email address: no" in browser.get(f"{url}?view=requests").text
    assert browser.get(f"{url}?view=else").status_code == 404
    shown = browser.get(f"{url}objects/{made.id}/").text
    assert ("customer.created" in shown, "&quot;name&quot;: &quot;Acme&quot;" in shown) == (
        True,
        True,
    )
    assert browser.get(f"{url}objects/cus_none/").status_code == 404


def test_its_clock(url: str, demo: stripe.StripeClient) -> None:
    browser, before = Browser(), demo_account().now
    browser.post_from(url, f"{url}advance/", seconds=DAY)
    assert demo_account().now - before - DAY in range(60)
    for wrong in ("1999-01-01T00:00", "2999-01-01T00:00", "soon"):
        assert browser.post_from(url, f"{url}advance/", until=wrong).status_code == 422
    assert demo_account().now - before - DAY in range(60)


def test_failures(url: str, demo: stripe.StripeClient) -> None:
    browser = Browser()
    browser.post_from(url, f"{url}fail/", kind="error", times=2, path="/v1/customers")
    assert "the next 2 requests" in browser.get(url).text
    with pytest.raises(stripe.APIError):
        demo.v1.customers.list()
    demo.v1.products.list()
    assert browser.post_from(url, f"{url}fail/", kind="fire", times=1).status_code == 422
    browser.post_from(url, f"{url}fail/", clear=1)
    demo.v1.customers.list()


def test_deliveries_are_shown_and_sent_again(
    url: str, demo: stripe.StripeClient, receiver: Receiver
) -> None:
    demo.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    demo.v1.customers.create({})
    receiver.answers = [503]
    assert courier.turn() == 1
    event = json.loads(receiver.got[0][0])["id"]
    browser, page = Browser(), f"{url}objects/{event}/"
    assert "503" in browser.get(page).text
    browser.post_from(page, f"{url}events/{event}/resend/")
    assert courier.turn() == 1
    assert StripeDelivery.objects.get().status == "delivered"
    assert "delivered" in browser.get(page).text
    nothing = browser.post_from(page, f"{url}events/evt_none/resend/")
    assert nothing.status_code == 404


def test_forms_need_their_token(url: str) -> None:
    for path in ("advance/", "fail/", "events/evt_1/resend/"):
        assert requests.post(url + path, {"seconds": 1}, timeout=30).status_code == 403
