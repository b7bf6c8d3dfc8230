"""The workspace's plan: how much of it is used, and which others there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.billing.enums import Interval
from apps.billing.life import WITH_PLAN
from apps.billing.models import PlanVersion, Price
from apps.billing.permissions import MANAGE_BILLING, VIEW_BILLING
from apps.billing.selectors import (
    add_ons_paid_for,
    holding_for,
    plan_of,
    plans_public,
    subscription_for,
)
from apps.billing.services.changing import renewal_at
from apps.billing.services.pausing import pause_problem
from apps.common.access import allows, authorize
from apps.common.entitlements import Entitlement, Kind, Standing, entitlements
from apps.portal.http import WorkspaceRequest, workspace_page

STANDING_TONES = {
    "trial": "accent",
    "active": "success",
    "grace": "warning",
    "restricted": "danger",
    "suspended": "danger",
}
TONES = {"ok": "accent", "near": "warning", "full": "warning", "over": "danger"}


@dataclass(frozen=True, slots=True)
class Row:
    """What is used of something, in words that say all that the bar says."""

    standing: Standing

    @property
    def tone(self) -> str:
        return TONES[self.standing.state]

    @property
    def badge(self) -> str:
        one = self.standing
        if one.state == "over":
            return _("Over the limit")
        if one.state == "full":
            return _("All used") if one.limit else ""
        return _("Nearly used up") if one.state == "near" else ""

    @property
    def words(self) -> str:
        one, unit = self.standing, self.standing.entitlement.unit
        if one.used is None:
            return _("No limit") if one.limit is None else f"{one.limit:,} {unit}"
        if one.limit is None:
            return _("%(used)s %(unit)s, no limit") % {"used": f"{one.used or 0:,}", "unit": unit}
        if not one.limit and not one.used:
            return _("Not included")
        words = _("%(used)s of %(limit)s %(unit)s")
        if one.entitlement.kind is Kind.METERED:
            words = _("%(used)s of %(limit)s %(unit)s this month")
        return words % {"used": f"{one.used or 0:,}", "limit": f"{one.limit:,}", "unit": unit}


@dataclass(frozen=True, slots=True)
class Line:
    """value: how much of it; empty: whether, as is_given says."""

    label: str
    value: str
    is_given: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A plan as it is offered. price: None where it is on request."""

    version: PlanVersion
    price: Price | None
    lines: Sequence[Line]
    is_current: bool

    @property
    def can_buy(self) -> bool:
        """Whether it is at Stripe."""
        return self.price is not None and bool(self.price.stripe_price_id)

    @property
    def is_free(self) -> bool:
        """Had by cancelling what is paid for."""
        return self.price is not None and self.price.amount_minor == 0

    @property
    def amount(self) -> str:
        return self.price.money.format(whole=True) if self.price else _("On request")

    @property
    def what_for(self) -> str:
        """What the amount pays for; empty where there is none to pay."""
        if self.price is None or self.price.amount_minor == 0:
            return ""
        is_yearly = self.price.interval == Interval.YEAR
        if self.price.is_per_seat:
            return _("for each seat and year") if is_yearly else _("for each seat and month")
        return _("a year") if is_yearly else _("a month")


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    holding = holding_for(request.actor)
    row = holding.subscription
    context = {
        "holding": holding,
        "row": row,
        "tone": STANDING_TONES.get(row.standing, "") if row else "",
        "renews_at": renewal_at(row) if row else None,
        "can_pause": row is not None and not pause_problem(row),
        "add_ons": add_ons_paid_for(request.tenant.id) if row and row.is_live else [],
        "can_change_add_ons": row is not None
        and row.standing in WITH_PLAN
        and row.next_price is None
        and row.unpaid_since is None,
        "is_bought": request.GET.get("bought") == "yes",
        "can_manage": allows(request.actor, MANAGE_BILLING),
        "rows": [Row(one) for one in holding.limited],
        "over": [Row(one) for one in holding.over],
    }
    return render(request, "portal/plan/index.html", context)


@require_safe
@workspace_page
def compare(request: WorkspaceRequest) -> HttpResponse:
    """What is sold. `interval` and `currency` choose among the prices that there are."""
    authorize(request.actor, VIEW_BILLING)
    row = subscription_for(request.actor)
    versions, held = plans_public(), plan_of(request.tenant.id)
    prices = [price for version in versions for price in version.prices.all()]
    currency = _chosen(request.GET.get("currency"), sorted({one.currency for one in prices}))
    interval = _chosen(request.GET.get("interval"), Interval.values)
    context: dict[str, Any] = {
        "cards": [
            _card(version, currency, interval, held is not None and held.plan_version == version)
            for version in versions
        ],
        "held": held,
        "row": row,
        "is_subscribed": row is not None and row.is_live,
        # One that is not shown to everybody is sold to nobody else, and says nothing of its terms.
        "is_older": held is not None
        and held.plan_version.plan.is_public
        and held.plan_version not in versions,
        "currencies": sorted({one.currency for one in prices}),
        "currency": currency,
        "intervals": Interval.choices,
        "interval": interval,
        "can_manage": allows(request.actor, MANAGE_BILLING),
    }
    return render(request, "portal/plan/compare.html", context)


def _chosen(wanted: str | None, there: Sequence[str]) -> str:
    """What is asked for, if it is there; else the first."""
    return wanted if wanted and wanted in there else next(iter(there), "")


def _card(version: PlanVersion, currency: str, interval: str, is_current: bool) -> Card:
    price = next(
        (
            one
            for one in version.prices.all()
            if (one.currency, one.interval) == (currency, interval)
        ),
        None,
    )
    rows = {one.code: one for one in version.planentitlements.all()}
    lines = [
        _line(one, rows[code].value, rows[code].is_soft)
        for code, one in entitlements().items()
        if code in rows
    ]
    return Card(version, price, lines, is_current)


def _line(one: Entitlement, value: int | None, is_soft: bool) -> Line:
    label = str(one.label)
    if one.kind is Kind.BOOLEAN or value == 0:
        return Line(label, "", bool(value))
    if value is None:
        return Line(label, _("Unlimited"), True)
    words = "%(n)s"
    if one.kind is Kind.METERED:
        words = _("%(n)s a month")
    elif is_soft:
        words = _("%(n)s and more")
    return Line(label, words % {"n": f"{value:,}"}, True)
