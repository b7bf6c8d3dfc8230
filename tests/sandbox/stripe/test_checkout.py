"""Checkout sessions and their page."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.browser import CARD, Browser
from tests.sandbox.stripe.conftest import BEGIN, Sandbox

SUCCESS = "https://acme.example/done?id={CHECKOUT_SESSION_ID}"


def opened(client: stripe.StripeClient, **more: Any) -> stripe.checkout.Session:
    wanted: dict[str, Any] = {
        "mode": "payment",
        "success_url": SUCCESS,
        "cancel_url": "https://acme.example/",
        "line_items": [
            {
                "quantity": 2,
                "price_data": {
                    "currency": "eur",
                    "unit_amount": 1500,
                    "product_data": {"name": "Credits"},
                },
            }
        ],
    }
    if more.get("mode") == "setup":
        del wanted["line_items"]
    return client.v1.checkout.sessions.create(wanted | more)  # type: ignore[arg-type]


def url_of(session: stripe.checkout.Session) -> str:
    assert session.url is not None
    return session.url


def test_a_payment(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    session = opened(client, metadata={"tenant": "acme"}, client_reference_id="ref")
    assert url_of(session) == f"{sandbox.url}/sandbox/stripe/checkout/{session.id}/"
    assert (session.status, session.amount_total, session.payment_status) == (
        "open",
        3000,
        "unpaid",
    )
    browser = Browser()
    page = browser.get(url_of(session))
    for text in ("Credits", "€30.00", "4000002500003155", "Test mode"):
        assert text in page.text
    assert "https://acme.example" in page.headers["Content-Security-Policy"]
    done = browser.pay(url_of(session))
    assert done.headers["Location"] == f"https://acme.example/done?id={session.id}"
    after = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items", "payment_intent.latest_charge"]}
    ).to_dict()
    assert (after["status"], after["payment_status"], after["url"]) == ("complete", "paid", None)
    assert after["customer_details"]["email"] == "payer@acme.test"
    assert after["payment_intent"]["latest_charge"]["billing_details"]["name"] == "Paula Payer"
    [line] = after["line_items"]["data"]
    assert (line["description"], line["quantity"], line["amount_total"]) == ("Credits", 2, 3000)
    assert not [name for name in after if name.startswith("_")]
    assert client.v1.events.list().data[0].type == "checkout.session.completed"
    assert (
        "This checkout was completed"
        in browser.get(f"{sandbox.url}/sandbox/stripe/checkout/{session.id}/").text
    )
    assert len(client.v1.charges.list().data) == 1


def test_a_decline_and_another_card(client: stripe.StripeClient) -> None:
    session, browser = opened(client, customer_creation="always"), Browser()
    declined = browser.pay(url_of(session), "4000 0000 0000 9995")
    assert declined.status_code == 422
    assert "Your card has insufficient funds." in declined.text
    assert "4000 0000 0000 9995" in declined.text
    assert browser.pay(url_of(session), "4242424242424241").status_code == 422
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert browser.pay(url_of(session)).status_code == 302
    statuses = [charge.status for charge in client.v1.charges.list().data]
    assert statuses == ["succeeded", "failed"]
    assert len(client.v1.payment_intents.list().data) == 1
    assert len(client.v1.customers.list().data) == 1


@pytest.mark.parametrize(
    "change",
    [{"email": "no"}, {"expiry": "soon"}, {"number": ""}, {"country": "ZZZ"}, {"name": ""}],
)
def test_wrong_input(client: stripe.StripeClient, change: dict[str, str]) -> None:
    session = opened(client)
    answer = Browser().post(url_of(session), **CARD | change)
    assert answer.status_code == 422
    assert client.v1.payment_intents.list().data == []


def test_three_d_secure(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    session, browser = opened(client), Browser()
    asked = browser.pay(url_of(session), "4000002760003184")
    page = sandbox.url + asked.headers["Location"]
    assert "a payment of" in browser.get(page).text
    failed = browser.post(page, outcome="fail")
    back = browser.get(sandbox.url + failed.headers["Location"])
    assert "unable to authenticate" in back.text
    assert client.v1.charges.list().data == []
    asked = browser.pay(url_of(session), "4000002760003184")
    done = browser.post(sandbox.url + asked.headers["Location"], outcome="complete")
    assert done.headers["Location"].startswith("https://acme.example/done")
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_three_d_secure_and_then_a_decline(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    session, browser = opened(client), Browser()
    asked = browser.pay(url_of(session), "4000008400001629")
    back = browser.post(sandbox.url + asked.headers["Location"], outcome="complete")
    page = browser.get(sandbox.url + back.headers["Location"])
    assert "Your card was declined." in page.text
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_an_intents_own_page(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "eur",
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "https://acme.example/back",
        }
    ).to_dict()
    page, browser = intent["next_action"]["redirect_to_url"]["url"], Browser()
    assert browser.get(page.partition("?")[0]).status_code == 404
    assert browser.get(f"{page}x").status_code == 404
    done = browser.post(page, outcome="complete")
    assert done.headers["Location"].startswith(
        f"https://acme.example/back?payment_intent={intent['id']}&"
    )
    assert client.v1.payment_intents.retrieve(intent["id"]).status == "succeeded"
    assert "Confirmed" in browser.get(page).text
    other = client.v1.setup_intents.create(
        {"payment_method": "pm_card_authenticationRequiredOnSetup", "confirm": True}
    ).to_dict()
    page = other["next_action"]["use_stripe_sdk"]["stripe_js"]
    browser.post(page, outcome="fail")
    assert "Not confirmed" in browser.get(page).text
    failed = client.v1.setup_intents.retrieve(other["id"]).to_dict()
    assert failed["last_setup_error"]["code"] == "setup_intent_authentication_failure"


def test_a_card_for_later(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "a@acme.test"})
    session = opened(client, mode="setup", customer=customer.id)
    browser = Browser()
    assert "a@acme.test" in browser.get(url_of(session)).text
    assert browser.pay(url_of(session), "4000000000000002").status_code == 422
    assert browser.pay(url_of(session)).status_code == 302
    after = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]}).to_dict()
    assert after["setup_intent"]["status"] == "succeeded"
    [method] = client.v1.customers.payment_methods.list(customer.id).data
    assert method.id == after["setup_intent"]["payment_method"]


def test_promotion_codes(client: stripe.StripeClient) -> None:
    client.v1.coupons.create({"id": "THIRD", "amount_off": 1000, "currency": "eur"})
    client.v1.promotion_codes.create(
        {"code": "SAVE", "promotion": {"type": "coupon", "coupon": "THIRD"}}
    )
    session, browser = opened(client, allow_promotion_codes=True), Browser()
    wrong = browser.post(url_of(session), apply="1", code="NOPE")
    assert (wrong.status_code, "This code is invalid." in wrong.text) == (422, True)
    assert browser.post(url_of(session), apply="1", code="SAVE").status_code == 302
    assert "€20.00" in browser.get(url_of(session)).text
    browser.pay(url_of(session))
    assert client.v1.charges.list().data[0].amount == 2000


def test_sessions_end(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    session, other = opened(client), opened(client, expires_at=BEGIN + 1800)
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(session.id)
    sandbox.control("advance", seconds=1800)
    page = Browser().get(url_of(other))
    assert "This page has expired" in page.text
    assert client.v1.checkout.sessions.retrieve(other.id).status == "expired"
    types = [event.type for event in client.v1.events.list().data]
    assert types.count("checkout.session.expired") == 2
    assert Browser().get(f"{sandbox.url}/sandbox/stripe/checkout/cs_test_none/").status_code == 404


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"mode": None}, "mode"),
        ({"success_url": None}, "success_url"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"line_items": None}, "line_items"),
        ({"ui_mode": "embedded_page"}, "ui_mode"),
        ({"shipping_options": [{"shipping_rate": "x"}]}, "shipping_options"),
        ({"customer": "cus_none"}, "customer"),
        ({"expires_at": BEGIN + 60}, "expires_at"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
        ({"subscription_data": {"description": "x"}}, "subscription_data"),
        ({"automatic_tax": {"enabled": True}}, "automatic_tax"),
    ],
)
def test_wrong_sessions(client: stripe.StripeClient, change: dict[str, Any], param: str) -> None:
    wanted = {"mode": "payment", "success_url": SUCCESS} | change
    if "line_items" not in wanted:
        product = client.v1.products.create({"name": "A"})
        price = client.v1.prices.create(
            {"product": product.id, "currency": "eur", "unit_amount": 500}
        )
        wanted["line_items"] = [{"price": price.id, "quantity": 1}]
    given = {name: value for name, value in wanted.items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(given)  # type: ignore[arg-type]
    assert refused.value.param == param
    assert client.v1.checkout.sessions.list().data == []
