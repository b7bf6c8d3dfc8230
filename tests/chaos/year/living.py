"""What tenants do in a year: by the platform's services, on Stripe's pages, and in Stripe's dashboard."""

import random
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import stripe
from django.apps import apps

from apps.accounts.models import Person
from apps.billing import gateway
from apps.billing.enums import Standing
from apps.billing.models import Subscription
from apps.billing.services import (
    checkout_begin,
    invoice_refund,
    plan_change,
    subscription_cancel,
    subscription_cancel_by_staff,
    subscription_keep,
    subscription_refresh,
)
from apps.common.errors import PlatformError
from apps.common.tenancy import tenant_context
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member, Organization
from apps.organizations.services import member_join, member_update_status
from apps.roles.selectors import role_by_code
from tests.billing.test_buying import Shop, pay
from tests.conftest import SYSTEM

DECLINED, FAILS_LATER, GOOD = "4000000000000002", "4000000000000341", "4242424242424242"
# In how many of the moments a tenant does something.
BUSY = 0.4


@dataclass
class Lives:
    """done: acts, and what they were refused with. people: who come and go in any of the tenants."""

    shops: list[Shop]
    people: list[Person]
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)

    def act(self) -> None:
        """Each tenant does one thing, or nothing."""
        for shop in self.shops:
            if self.chance.random() < BUSY:
                self._one(shop)

    def _one(self, shop: Shop) -> None:
        row = Subscription.objects.filter(tenant=shop.tenant).select_related("price").first()
        name = self.chance.choice(CHOICES[row.standing if row else ""])
        try:
            ACTS[name](self, shop, row)
        except (PlatformError, stripe.StripeError) as error:
            code = error.code or type(error).__name__
            self.done[f"{name}: {code}"] += 1
        else:
            self.done[name] += 1

    def buy(self, shop: Shop, _row: Subscription | None) -> None:
        self._checkout(shop, self.chance.choice([GOOD, GOOD, GOOD, FAILS_LATER]))

    def buy_declined(self, shop: Shop, _row: Subscription | None) -> None:
        self._checkout(shop, DECLINED, GOOD)

    def _checkout(self, shop: Shop, *numbers: str) -> None:
        price = shop.price(self.chance.choice(["starter", "business"]))
        with tenant_context(shop.tenant):
            page = checkout_begin(
                actor=shop.owner, tenant=shop.tenant, price_id=price.id, email=shop.alice.email
            )
        answers = [pay(page.url, number=number) for number in numbers]
        # A page whose card is declined is shown again.
        assert answers[-1].status_code < 500, answers[-1].text

    def upgrade(self, shop: Shop, _row: Subscription | None) -> None:
        self._change(shop, "business")

    def downgrade(self, shop: Shop, _row: Subscription | None) -> None:
        self._change(shop, "starter")

    def _change(self, shop: Shop, code: str) -> None:
        key, price = str(self.chance.getrandbits(60)), shop.price(code)
        with tenant_context(shop.tenant):
            plan_change(actor=shop.owner, tenant=shop.tenant, price_id=price.id, key=key)

    def cancel(self, shop: Shop, _row: Subscription | None) -> None:
        with tenant_context(shop.tenant):
            subscription_cancel(actor=shop.owner, tenant=shop.tenant)

    def keep(self, shop: Shop, _row: Subscription | None) -> None:
        with tenant_context(shop.tenant):
            subscription_keep(actor=shop.owner, tenant=shop.tenant)

    def join(self, shop: Shop, _row: Subscription | None) -> None:
        with tenant_context(shop.tenant):
            members = {one.person_id: one for one in Member.objects.all()}
            for person in self.people:
                member = members.get(person.id)
                if member is None:
                    role = role_by_code("member")
                    root = Organization.objects.get(depth=1)
                    member_join(actor=SYSTEM, person=person, organization=root, roles=[role])
                    return
                if member.status != MemberStatus.ACTIVE:
                    self._status(member, MemberStatus.ACTIVE)
                    return

    def leave(self, shop: Shop, _row: Subscription | None) -> None:
        with tenant_context(shop.tenant):
            some = Member.objects.filter(
                status=MemberStatus.ACTIVE, person_id__in=[one.id for one in self.people]
            )
            if (member := some.order_by("email").first()) is not None:
                self._status(member, MemberStatus.DEACTIVATED)

    def _status(self, member: Member, status: MemberStatus) -> None:
        member_update_status(actor=SYSTEM, member_id=member.id, status=status)

    def rename(self, shop: Shop, _row: Subscription | None) -> None:
        """In Stripe's portal."""
        number = self.chance.randrange(1000)
        with gateway.stripe_client() as client:
            client.v1.customers.update(
                shop.customer_id, {"name": f"Firm {number}", "email": f"pays{number}@acme.test"}
            )

    def new_card(self, shop: Shop, row: Subscription) -> None:
        self._card(shop, row, self.chance.choice(["pm_card_visa", "pm_card_mastercard"]))

    def bad_card(self, shop: Shop, row: Subscription) -> None:
        self._card(shop, row, "pm_card_chargeCustomerFail")

    def _card(self, shop: Shop, row: Subscription, token: str) -> None:
        with gateway.stripe_client() as client:
            method = client.v1.payment_methods.attach(token, {"customer": shop.customer_id})
            client.v1.customers.update(
                shop.customer_id, {"invoice_settings": {"default_payment_method": method.id}}
            )
            client.v1.subscriptions.update(row.stripe_id, {"default_payment_method": method.id})

    def pay_up(self, shop: Shop, row: Subscription) -> None:
        """Another card, and what is owed."""
        self._card(shop, row, "pm_card_visa")
        with gateway.stripe_client() as client:
            asked: Any = {"customer": shop.customer_id, "status": "open"}
            for invoice in client.v1.invoices.list(asked).data:
                client.v1.invoices.pay(invoice.id)

    def pause(self, _shop: Shop, row: Subscription) -> None:
        with gateway.stripe_client() as client:
            client.v1.subscriptions.update(
                row.stripe_id, {"pause_collection": {"behavior": "void"}}
            )

    def unpause(self, _shop: Shop, row: Subscription) -> None:
        with gateway.stripe_client() as client:
            client.v1.subscriptions.update(row.stripe_id, {"pause_collection": ""})

    def refund(self, shop: Shop, _row: Subscription) -> None:
        model: Any = apps.get_model("djstripe", "Invoice")
        paid = model.objects.filter(
            customer__id=shop.customer_id,
            stripe_data__status="paid",
            stripe_data__amount_paid__gt=0,
        )
        if (invoice := paid.order_by("-created", "-id").first()) is not None:
            invoice_refund(
                actor=SYSTEM,
                tenant_id=shop.tenant.id,
                invoice_id=invoice.id,
                amount_minor=self.chance.choice([None, 100, 300]),
                reason="An outage",
                key=uuid.UUID(int=self.chance.getrandbits(128)),
            )

    def staff_cancel(self, shop: Shop, _row: Subscription) -> None:
        subscription_cancel_by_staff(
            actor=SYSTEM,
            tenant_id=shop.tenant.id,
            is_at_once=self.chance.random() < 0.5,
            reason="Asked for by phone",
        )

    def refresh(self, shop: Shop, _row: Subscription) -> None:
        subscription_refresh(actor=SYSTEM, tenant_id=shop.tenant.id, reason="To be sure")


Act = Callable[[Lives, Shop, Any], None]
ACTS: dict[str, Act] = {
    name: act for name, act in vars(Lives).items() if callable(act) and name[0] != "_"
}
_ALIVE = [
    *("upgrade", "upgrade", "downgrade", "downgrade", "cancel", "keep", "join", "join", "join"),
    *("leave", "rename", "new_card", "bad_card", "bad_card", "pause", "refund", "refund"),
    *("staff_cancel", "refresh"),
]
_OWING = ["pay_up", "pay_up", "refresh", "leave", "rename", "staff_cancel"]
# By standing.
CHOICES: dict[str, list[str]] = {
    "": ["buy", "buy", "buy_declined", "join"],
    Standing.INCOMPLETE: ["buy"],
    Standing.TRIAL: _ALIVE,
    Standing.ACTIVE: _ALIVE,
    Standing.GRACE: _OWING,
    Standing.RESTRICTED: _OWING,
    Standing.SUSPENDED: ["pay_up", "rename"],
    Standing.PAUSED: ["unpause", "unpause", "join", "cancel"],
    Standing.ENDED: ["buy", "buy_declined", "leave"],
}
