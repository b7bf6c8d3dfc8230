"""The hosted page of an invoice, and its PDF."""

import re
import zlib
from typing import Any

import pytest
import requests

from tests.sandbox.stripe.billing import Shop, at
from tests.sandbox.stripe.browser import Browser
from tests.sandbox.stripe.conftest import Sandbox

STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    return Shop(sandbox)


def opened(shop: Shop, **given: Any) -> Any:
    """An invoice of a subscription that its customer is to pay."""
    customer = shop.customer(None, **given)
    found = shop.subscribe(customer, shop.price(4900), payment_behavior="default_incomplete")
    return found, shop.invoice(found)


def text_of(pdf: bytes) -> str:
    """What is written on it; each piece is in parentheses."""
    found = [zlib.decompress(stream) for stream in STREAM.findall(pdf) if stream[:1] == b"\x78"]
    return " ".join(re.findall(r"\(((?:\\.|[^()])*)\)", b" ".join(found).decode("latin-1")))


def test_an_invoice_is_paid_on_its_page(shop: Shop) -> None:
    found, invoice = opened(shop)
    browser = Browser()
    page = browser.get(invoice.hosted_invoice_url)
    for text in (
        invoice.number,
        "$49.00",
        "31 Jan 2026",
        "1 × Business (at $49.00 / month)",
        "alice@acme.test",
    ):
        assert text in page.text
    done = browser.pay(invoice.hosted_invoice_url)
    assert (done.status_code, done.headers["Location"]) == (302, invoice.hosted_invoice_url)
    assert (shop.status(found), shop.invoice(found).status) == ("active", "paid")
    after = browser.get(invoice.hosted_invoice_url)
    assert "Paid" in after.text
    assert "Card number" not in after.text


def test_a_card_that_is_declined_and_one_that_asks(shop: Shop) -> None:
    found, invoice = opened(shop)
    browser, url = Browser(), invoice.hosted_invoice_url
    declined = browser.pay(url, "4000000000000341")
    assert declined.status_code == 422
    assert "Your card was declined." in declined.text
    assert browser.pay(url, "4000000000009995").status_code == 422
    assert browser.pay(url, "1234").status_code == 422
    assert browser.post(url).status_code == 422
    assert shop.status(found) == "incomplete"
    asked = browser.pay(url, "4000002760003184")
    bank = asked.headers["Location"]
    refused = browser.post(bank, outcome="fail").headers["Location"]
    assert "unable to authenticate" in browser.get(refused).text
    bank = browser.pay(url, "4000002760003184").headers["Location"]
    done = browser.post(bank, outcome="complete").headers["Location"]
    assert done.startswith(url)
    assert "Paid" in browser.get(done).text
    assert shop.status(found) == "active"


def test_who_does_not_know_the_address_sees_nothing(shop: Shop) -> None:
    _, invoice = opened(shop)
    base = f"{shop.sandbox.url}/sandbox/stripe/i/{invoice.id}"
    for url in (f"{base}/x/", f"{base}/x/pdf/", base.replace("in_", "in_x") + "/x/"):
        assert requests.get(url, timeout=30).status_code == 404
    item: Any = {"customer": invoice.customer, "amount": 100, "currency": "usd"}
    shop.v1.invoice_items.create(item)
    given: Any = {"customer": invoice.customer, "pending_invoice_items_behavior": "include"}
    draft = shop.v1.invoices.create(given)
    assert (draft.hosted_invoice_url, draft.invoice_pdf) == (None, None)
    url = f"{shop.sandbox.url}/sandbox/stripe/i/{draft.id}//"
    assert requests.get(url, timeout=30).status_code == 404


def test_a_pdf_says_what_is_owed(shop: Shop) -> None:
    address = {"line1": "Straße 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
    vat: Any = {"display_name": "VAT", "percentage": "19", "inclusive": False}
    rate = shop.v1.tax_rates.create(vat).id
    customer = shop.customer(name="Acme Straße & Söhne", address=address)
    found = shop.subscribe(customer, shop.price(10_000, currency="eur"), default_tax_rates=[rate])
    invoice = shop.invoice(found)
    got = requests.get(str(invoice.invoice_pdf), timeout=30)
    assert got.headers["Content-Type"] == "application/pdf"
    assert got.headers["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert got.content.startswith(b"%PDF-")
    text = text_of(got.content)
    for part in (
        str(invoice.number),
        "31 Jan 2026",
        "10115 Berlin",
        "EUR 119.00",
        "EUR 19.00",
        r"1 x Business \(at EUR 100.00 / month\)",
    ):
        assert part in text
    wished: Any = {"invoice": invoice.id, "amount": 5950, "credit_amount": 5950}
    note = shop.v1.credit_notes.create(wished)
    printed = text_of(requests.get(note.pdf, timeout=30).content)
    assert note.number in printed
    assert "EUR 59.50" in printed


def test_a_long_invoice_has_several_pages(shop: Shop) -> None:
    customer = shop.customer()
    for number in range(45):
        item: Any = {"customer": customer, "amount": 100, "currency": "usd"}
        shop.v1.invoice_items.create(item | {"description": f"Item {number} " + "long " * 20})
    given: Any = {"customer": customer, "pending_invoice_items_behavior": "include"}
    invoice = shop.v1.invoices.finalize_invoice(shop.v1.invoices.create(given).id)
    pdf = requests.get(str(invoice.invoice_pdf), timeout=30).content
    assert pdf.count(b"/Type /Page\n") >= 3
    assert "Item 44" in text_of(pdf)


def test_addresses_of_renewals_are_whole(shop: Shop) -> None:
    """Though no request made them."""
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(2000))
    shop.pass_time(at("2026-02-28T14:00:00"))
    url = str(shop.invoice(found).hosted_invoice_url)
    assert re.match(r"https?://[^/]+/sandbox/stripe/i/in_", url)
