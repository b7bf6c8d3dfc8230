"""Subscriptions that begin on the checkout page, and end or change in the portal."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.browser import Browser
from tests.sandbox.stripe.conftest import BEGIN, Sandbox
from tests.sandbox.stripe.test_checkout import url_of

DAY = 24 * 3600


@pytest.fixture
def prices(client: stripe.StripeClient) -> list[str]:
    """Starter and Pro, monthly."""
    made = []
    for name, amount in (("Starter", 1200), ("Pro", 2900)):
        product = client.v1.products.create({"name": name})
        price = client.v1.prices.create(
            {
                "product": product.id,
                "currency": "eur",
                "unit_amount": amount,
                "recurring": {"interval": "month"},
            }
        )
        made.append(price.id)
    return made


def opened(client: stripe.StripeClient, price: str, **more: Any) -> stripe.checkout.Session:
    wanted: dict[str, Any] = {
        "mode": "subscription",
        "success_url": "https://acme.example/done",
        "line_items": [{"price": price, "quantity": 3}],
    }
    return client.v1.checkout.sessions.create(wanted | more)  # type: ignore[arg-type]


def test_it_begins(client: stripe.StripeClient, prices: list[str]) -> None:
    session = opened(
        client,
        prices[0],
        subscription_data={"metadata": {"tenant": "acme"}},
        client_reference_id="r",
    )
    browser = Browser()
    page = browser.get(url_of(session)).text
    assert ("Starter" in page, "then €36.00 per month" in page) == (True, True)
    assert browser.pay(url_of(session)).headers["Location"] == "https://acme.example/done"
    after = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["subscription", "invoice", "customer"]}
    ).to_dict()
    subscription = after["subscription"]
    assert (after["status"], after["payment_status"]) == ("complete", "paid")
    assert (subscription["status"], subscription["metadata"]) == ("active", {"tenant": "acme"})
    assert subscription["items"]["data"][0]["quantity"] == 3
    assert (after["invoice"]["status"], after["invoice"]["amount_paid"]) == ("paid", 3600)
    assert after["customer"]["email"] == "payer@acme.test"
    [method] = client.v1.customers.payment_methods.list(after["customer"]["id"]).data
    assert subscription["default_payment_method"] == method.id
    types = [event.type for event in client.v1.events.list({"limit": 100}).data]
    assert types[0] == "checkout.session.completed"
    assert types.index("customer.created") > types.index("customer.subscription.created")


def test_a_decline_leaves_nothing(client: stripe.StripeClient, prices: list[str]) -> None:
    session, browser = opened(client, prices[0]), Browser()
    for number in ("4000000000000002", "4000000000000341"):
        assert browser.pay(url_of(session), number).status_code == 422
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    assert client.v1.customers.list().data == []
    assert browser.pay(url_of(session)).status_code == 302
    assert len(client.v1.subscriptions.list().data) == 1


def test_three_d_secure(sandbox: Sandbox, client: stripe.StripeClient, prices: list[str]) -> None:
    session, browser = opened(client, prices[0]), Browser()
    asked = browser.pay(url_of(session), "4000002500003155")
    page = sandbox.url + asked.headers["Location"]
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    done = browser.post(page, outcome="complete")
    assert done.headers["Location"] == "https://acme.example/done"
    [subscription] = client.v1.subscriptions.list().data
    assert subscription.status == "active"
    # It was set up: renewals pass without the customer.
    sandbox.control("advance", seconds=31 * DAY + 7200)
    invoices = client.v1.invoices.list({"subscription": subscription.id}).data
    assert [one.status for one in invoices] == ["paid", "paid"]


def test_a_trial_without_a_card(client: stripe.StripeClient, prices: list[str]) -> None:
    data = {
        "trial_period_days": 14,
        "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
    }
    session = opened(
        client, prices[0], subscription_data=data, payment_method_collection="if_required"
    )
    assert session.amount_total == 0
    browser = Browser()
    page = browser.get(url_of(session)).text
    assert ("14 days free" in page, "Card number" in page) == (True, False)
    assert browser.post(url_of(session), email="t@acme.test").status_code == 302
    [subscription] = client.v1.subscriptions.list().data
    assert (subscription.status, subscription.trial_end) == ("trialing", BEGIN + 14 * DAY)
    paid = client.v1.checkout.sessions.retrieve(session.id).payment_status
    assert paid == "no_payment_required"


def test_one_time_items_and_codes(client: stripe.StripeClient, prices: list[str]) -> None:
    client.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "once"})
    setup = client.v1.products.create({"name": "Setup"})
    once = client.v1.prices.create({"product": setup.id, "currency": "eur", "unit_amount": 5000})
    session = opened(
        client,
        prices[0],
        line_items=[{"price": prices[0], "quantity": 1}, {"price": once.id, "quantity": 1}],
        discounts=[{"coupon": "HALF"}],
    )
    assert (session.amount_subtotal, session.amount_total) == (6200, 3100)
    Browser().pay(url_of(session))
    [invoice] = client.v1.invoices.list().data
    assert (invoice.subtotal, invoice.amount_paid) == (6200, 3100)


@pytest.fixture
def subscription(client: stripe.StripeClient, prices: list[str]) -> stripe.Subscription:
    customer = client.v1.customers.create(
        {
            "email": "a@acme.test",
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    return client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": prices[0], "quantity": 2}]}
    )


def portal(client: stripe.StripeClient, customer: str, **more: Any) -> str:
    wanted: Any = {"customer": customer, "return_url": "https://acme.example/"} | more
    return client.v1.billing_portal.sessions.create(wanted).url


def test_cancel_and_resume(client: stripe.StripeClient, subscription: stripe.Subscription) -> None:
    url, browser = portal(client, str(subscription.customer)), Browser()
    page = browser.get(url).text
    for text in ("Starter", "× 2", "Renews on 28 February 2026", "€24.00"):
        assert text in page
    cancel = f"{url}cancel/{subscription.id}/"
    assert browser.post(cancel).headers["Location"].endswith("?home")
    assert client.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end
    assert "Ends 28 February 2026" in browser.get(url).text
    browser.post_from(url, f"{url}act/", act="resume", id=subscription.id)
    assert not client.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end


def test_at_once_and_why(client: stripe.StripeClient, subscription: stripe.Subscription) -> None:
    features: Any = {
        "subscription_cancel": {
            "enabled": True,
            "mode": "immediately",
            "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
        }
    }
    made = client.v1.billing_portal.configurations.create({"features": features})
    url, browser = portal(client, str(subscription.customer), configuration=made.id), Browser()
    cancel = f"{url}cancel/{subscription.id}/"
    assert "too expensive" in browser.get(cancel).text
    browser.post(cancel, feedback="too_expensive", comment="Sorry")
    after = client.v1.subscriptions.retrieve(subscription.id).to_dict()
    assert after["status"] == "canceled"
    assert after["cancellation_details"]["feedback"] == "too_expensive"
    assert after["cancellation_details"]["comment"] == "Sorry"


def test_another_plan(
    client: stripe.StripeClient, subscription: stripe.Subscription, prices: list[str]
) -> None:
    pro = client.v1.prices.retrieve(prices[1])
    features: Any = {
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price", "quantity"],
            "proration_behavior": "always_invoice",
            "products": [{"product": str(pro.product), "prices": [pro.id]}],
        }
    }
    made = client.v1.billing_portal.configurations.create({"features": features})
    url, browser = portal(client, str(subscription.customer), configuration=made.id), Browser()
    page = f"{url}update/{subscription.id}/"
    assert "Pro" in browser.get(page).text
    browser.post(page, price=prices[0], quantity="9")
    browser.post(page, price=pro.id, quantity="3")
    item = client.v1.subscriptions.retrieve(subscription.id).to_dict()["items"]["data"][0]
    assert (item["price"]["id"], item["quantity"]) == (pro.id, 3)
    flow = {
        "type": "subscription_update_confirm",
        "subscription_update_confirm": {
            "subscription": subscription.id,
            "items": [{"id": item["id"], "price": pro.id, "quantity": 5}],
        },
        "after_completion": {"type": "redirect", "redirect": {"return_url": "https://b.example/"}},
    }
    url = portal(client, str(subscription.customer), configuration=made.id, flow_data=flow)
    page = f"{url}update/{subscription.id}/"
    assert page.endswith(browser.get(url).headers["Location"])
    done = browser.post(page, price=pro.id, quantity="5")
    assert done.headers["Location"] == "https://b.example/"
    item = client.v1.subscriptions.retrieve(subscription.id).to_dict()["items"]["data"][0]
    assert item["quantity"] == 5


def test_another_customers_subscription(
    client: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    other = client.v1.customers.create({"email": "b@globex.test"})
    url, browser = portal(client, other.id), Browser()
    assert "Starter" not in browser.get(url).text
    assert browser.get(f"{url}cancel/{subscription.id}/").status_code == 404
    gone = browser.post_from(f"{url}billing/", f"{url}cancel/{subscription.id}/")
    assert gone.status_code == 404
    browser.post_from(f"{url}billing/", f"{url}act/", act="resume", id=subscription.id)
    assert not client.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end
    with pytest.raises(stripe.InvalidRequestError, match="another customer"):
        portal(
            client,
            other.id,
            flow_data={
                "type": "subscription_cancel",
                "subscription_cancel": {"subscription": subscription.id},
            },
        )
