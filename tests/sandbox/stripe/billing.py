"""A shop with customers, for tests of subscriptions and invoices."""

from datetime import UTC, datetime
from typing import Any

import stripe

from tests.sandbox.stripe.conftest import BEGIN, Sandbox

DAY_S = 86_400


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


class Shop:
    """Prices are made as they are asked for. What is on the way between two calls: `events`."""

    def __init__(self, sandbox: Sandbox, **options: Any) -> None:
        self.sandbox, self.client = sandbox, sandbox.client(**options)
        self.v1 = self.client.v1
        self.product = self.v1.products.create({"name": "Business"}).id
        self.now = BEGIN

    def price(self, cents: int | None = None, *, every: str = "month", **more: Any) -> str:
        given: dict[str, Any] = {"currency": "usd", "product": self.product}
        given["recurring"] = {"interval": every} | more.pop("recurring", {})
        if cents is not None:
            given["unit_amount"] = cents
        return self.v1.prices.create(given | more).id  # type: ignore[arg-type]

    def customer(self, card: str | None = "pm_card_visa", **given: Any) -> str:
        made = self.v1.customers.create({"email": "alice@acme.test", "name": "Acme"} | given)  # type: ignore[arg-type]
        if card:
            self.card(made.id, card)
        return made.id

    def card(self, customer: str, card: str) -> str:
        """Attach a test card and make it the default."""
        method = self.v1.payment_methods.attach(card, {"customer": customer})
        settings = {"default_payment_method": method.id}
        self.v1.customers.update(customer, {"invoice_settings": settings})  # type: ignore[typeddict-item]
        return method.id

    def subscribe(self, customer: str, *prices: str, **given: Any) -> stripe.Subscription:
        items = given.pop("items", None) or [{"price": one} for one in prices]
        return self.v1.subscriptions.create({"customer": customer, "items": items} | given)  # type: ignore[arg-type]

    def pass_time(self, to: int | str) -> None:
        self.now = at(to) if isinstance(to, str) else to
        self.sandbox.control("advance", to=self.now)

    def invoices(self, **given: Any) -> list[stripe.Invoice]:
        """Oldest first."""
        return list(self.v1.invoices.list({"limit": 100} | given).auto_paging_iter())[::-1]  # type: ignore[arg-type]

    def invoice(self, found: stripe.Subscription, *expand: str) -> stripe.Invoice:
        """The latest of a subscription."""
        now = self.v1.subscriptions.retrieve(found.id)
        assert isinstance(now.latest_invoice, str)
        return self.v1.invoices.retrieve(now.latest_invoice, {"expand": list(expand)})

    def status(self, found: stripe.Subscription) -> str:
        return self.v1.subscriptions.retrieve(found.id).status

    def events(self, *types: str) -> list[stripe.Event]:
        """Oldest first; of these types, by their beginning."""
        found = list(self.v1.events.list({"limit": 100}).auto_paging_iter())[::-1]
        return [one for one in found if not types or one.type.startswith(types)]
