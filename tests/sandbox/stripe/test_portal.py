"""The customer portal: configurations, sessions, and what customers do with cards and billing information."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.browser import CARD, Browser
from tests.sandbox.stripe.conftest import Sandbox


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    return client.v1.customers.create({"email": "a@acme.test", "name": "Acme"})


def opened(client: stripe.StripeClient, customer: stripe.Customer, **more: Any) -> str:
    wanted: Any = {"customer": customer.id, "return_url": "https://acme.example/billing"} | more
    return client.v1.billing_portal.sessions.create(wanted).url


def fill(card: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in (CARD | card).items() if name != "email"}


def test_cards(sandbox: Sandbox, client: stripe.StripeClient, customer: stripe.Customer) -> None:
    url, browser = opened(client, customer), Browser()
    assert url.startswith(f"{sandbox.url}/sandbox/stripe/portal/bps_")
    empty = browser.get(url).text
    for text in ("No card is saved.", "https://acme.example/billing", "a@acme.test"):
        assert text in empty
    assert browser.post(f"{url}card/", **fill({"number": "4000000000000002"})).status_code == 422
    assert browser.post(f"{url}card/", **fill({})).headers["Location"].endswith("/?home")
    [first] = client.v1.customers.payment_methods.list(customer.id).data
    assert _default(client, customer) == first.id
    asked = browser.post(f"{url}card/", **fill({"number": "4000002500003155"}))
    done = browser.post(asked.headers["Location"], outcome="complete")
    assert done.headers["Location"].startswith(f"{url}?home&setup_intent=seti_")
    second, _first = client.v1.customers.payment_methods.list(customer.id).data
    assert _default(client, customer) == second.id
    page = browser.get(f"{url}?home").text
    assert ("•••• 4242" in page, "•••• 3155" in page) == (True, True)
    browser.post_from(f"{url}?home", f"{url}act/", act="default", id=first.id)
    assert _default(client, customer) == first.id
    browser.post_from(f"{url}?home", f"{url}act/", act="remove", id=second.id)
    left = client.v1.customers.payment_methods.list(customer.id).data
    assert [one.id for one in left] == [first.id]


def _default(client: stripe.StripeClient, customer: stripe.Customer) -> str:
    shown = client.v1.customers.retrieve(customer.id).to_dict()
    return str(shown["invoice_settings"]["default_payment_method"])


def test_another_customers_card(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    other = client.v1.customers.create({"payment_method": "pm_card_visa"})
    [method] = client.v1.customers.payment_methods.list(other.id).data
    url, browser = opened(client, customer), Browser()
    for act in ("default", "remove"):
        browser.post_from(url, f"{url}act/", act=act, id=method.id)
    assert [one.id for one in client.v1.customers.payment_methods.list(other.id).data] == [
        method.id
    ]
    assert _default(client, customer) == "None"
    assert browser.post_from(url, f"{url}act/", act="steal", id="x").status_code == 404


def test_billing_information(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    url, browser = opened(client, customer), Browser()
    assert browser.post(f"{url}billing/", email="no").status_code == 422
    given = {"name": "Acme GmbH", "email": "pay@acme.test", "city": "Ulm", "country": "DE"}
    assert browser.post(f"{url}billing/", **given).status_code == 302
    shown = client.v1.customers.retrieve(customer.id).to_dict()
    assert (shown["name"], shown["email"], shown["address"]["city"]) == (
        "Acme GmbH",
        "pay@acme.test",
        "Ulm",
    )
    wrong = browser.post(f"{url}tax-id/", tax_id_type="eu_vat", tax_id="nonsense")
    assert (wrong.status_code, "Invalid value for eu_vat" in wrong.text) == (422, True)
    browser.post(f"{url}tax-id/", tax_id_type="eu_vat", tax_id="DE123456789")
    [tax_id] = client.v1.customers.tax_ids.list(customer.id).data
    assert "DE123456789" in browser.get(url).text
    browser.post_from(url, f"{url}act/", act="remove_tax_id", id=tax_id.id)
    assert client.v1.customers.tax_ids.list(customer.id).data == []


def test_configurations(
    sandbox: Sandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    made = client.v1.billing_portal.configurations.create(
        {
            "features": {"invoice_history": {"enabled": True}},
            "default_return_url": "https://a.example/",
        }
    )
    url, browser = opened(client, customer, configuration=made.id), Browser()
    assert "Payment methods" not in browser.get(url).text
    assert browser.get(f"{url}card/").status_code == 404
    assert browser.get(f"{url}billing/").status_code == 404
    client.v1.billing_portal.configurations.update(made.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="not active"):
        opened(client, customer, configuration=made.id)
    opened(client, customer)
    [default] = client.v1.billing_portal.configurations.list({"is_default": True}).data
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.billing_portal.configurations.update(default.id, {"active": False})
    for wrong in ({"customer": "cus_none"}, {"configuration": "bpc_none"}):
        with pytest.raises(stripe.InvalidRequestError, match="No such"):
            client.v1.billing_portal.sessions.create({"customer": customer.id} | wrong)  # type: ignore[arg-type]


def test_a_flow_and_its_end(
    sandbox: Sandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    flow = {
        "type": "payment_method_update",
        "after_completion": {"type": "redirect", "redirect": {"return_url": "https://b.example/x"}},
    }
    url, browser = opened(client, customer, flow_data=flow), Browser()
    assert browser.get(url).headers["Location"].endswith("/card/")
    page = browser.get(f"{url}card/")
    assert "https://b.example" in page.headers["Content-Security-Policy"]
    done = browser.post(f"{url}card/", **fill({}))
    assert done.headers["Location"] == "https://b.example/x"
    sandbox.control("advance", seconds=3600)
    assert browser.get(url).status_code == 404
