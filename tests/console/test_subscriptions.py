from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Person
from apps.billing import catalogue
from apps.billing.models import BillingCustomer, Subscription
from apps.billing.selectors import price_of
from apps.billing.services import catalogue_load
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.console.conftest import tenant_rows

LIST = "/console/billing/subscription/"


@pytest.fixture(autouse=True)
def _catalogue(acme: Tenant) -> None:
    catalogue_load(actor=SYSTEM, plans=catalogue.PLANS, add_ons=catalogue.ADD_ONS)


def subscribed(tenant: Tenant, code: str = "starter", **fields: Any) -> Subscription:
    BillingCustomer.objects.create(tenant=tenant, stripe_id=f"cus_{tenant.slug}")
    return Subscription.objects.create(
        **{
            "tenant": tenant,
            "stripe_id": f"sub_{tenant.slug}",
            "status": "active",
            "standing": "active",
            "price": price_of(code, "month", "EUR"),
            "quantity": 3,
            "period_ends_at": timezone.now(),
            **fields,
        }
    )


def text(console: Client, path: str) -> str:
    response = console.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list(console: Client, acme: Tenant) -> None:
    row = subscribed(acme)
    html = text(console, LIST)
    assert f"{row.price.money} × 3 a month" in html  # type: ignore[union-attr]
    assert "Starter v1" in html
    assert "c-badge-good" in html


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("?standing__exact=grace", {"globex"}),
        ("?q=sub_acme", {"acme"}),
        ("?q=cus_globex", {"globex"}),
        ("?q=Acme", {"acme"}),
        ("?q=nobody", set()),
    ],
)
def test_filters(
    console: Client, acme: Tenant, globex: Tenant, query: str, slugs: set[str]
) -> None:
    rows = {
        "acme": subscribed(acme),
        "globex": subscribed(globex, "business", standing="grace", status="past_due"),
    }

    def shown(query: str) -> set[str]:
        html = text(console, LIST + query)
        return {slug for slug, row in rows.items() if f"{LIST}{row.pk}/" in html}

    assert shown(query) == slugs
    plan = price_of("business", "month", "EUR").plan_version.plan  # type: ignore[union-attr]
    assert shown(f"?price__plan_version__plan__id__exact={plan.pk}") == {"globex"}


def test_the_list_costs_the_same_for_many(console: Client, alice: Person) -> None:
    counts = []
    for more in (3, 20):
        for tenant in tenant_rows(more, alice):
            subscribed(tenant)
        with CaptureQueriesContext(connection) as captured:
            text(console, LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_page_leads_to_tenant_and_events(console: Client, acme: Tenant) -> None:
    row = subscribed(acme, next_price=price_of("business", "month", "EUR"))
    html = text(console, f"{LIST}{row.pk}/")
    assert f'href="/console/tenants/tenant/{acme.pk}/">acme</a>' in html
    assert 'href="/console/billing/stripeevent/?q=cus_acme"' in html
    assert "Business v1" in html
    assert "Stripe has made none." in html
    assert f"{LIST}{row.pk}/cancel_now/" in html


def test_what_has_ended_is_not_cancelled(console: Client, acme: Tenant) -> None:
    row = subscribed(acme, status="canceled", standing="ended")
    html = text(console, f"{LIST}{row.pk}/")
    assert f"{LIST}{row.pk}/refresh/" in html
    assert "cancel_now" not in html
    assert console.get(f"{LIST}{row.pk}/cancel_at_end/").status_code == 302


def test_acts_need_a_reason(console: Client, acme: Tenant) -> None:
    row = subscribed(acme)
    for act in ("refresh", "cancel_at_end", "cancel_now"):
        response = console.post(f"{LIST}{row.pk}/{act}/", {"reason": " "})
        assert response.status_code == 200
        assert "Say why: others will ask." in response.content.decode()
