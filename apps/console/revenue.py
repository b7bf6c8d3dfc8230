"""What the platform earns: by currency and plan, what is owed, who goes, and how it moves by the month."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.billing.enums import Standing
from apps.billing.life import GRACE_DAYS
from apps.billing.revenue import CHURN_DAYS, PAST_DUE, PAYING, Revenue, revenue
from apps.common.money import Money
from apps.console import rendering as r
from apps.console.acts import staff_actor
from apps.console.pages import Cell, Section, Table


@dataclass(frozen=True, slots=True)
class Stat:
    label: str
    value: str
    note: str
    url: str = ""
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Stats(Section):
    stats: Sequence[Stat]
    kind: ClassVar[str] = "stats"


@dataclass(frozen=True, slots=True)
class Notes(Section):
    """How the figures are made."""

    notes: Sequence[str]
    kind: ClassVar[str] = "notes"


NOTES = (
    "Monthly revenue is the price of each plan by its quantity; of a yearly price, a twelfth.",
    (
        f"Subscriptions count that are active, or whose payment failed less than {GRACE_DAYS} days ago; also "
        "those that are cancelled for the period’s end."
    ),
    "Not counted: add-ons, discounts, taxes, trials, and tenants whose plan is free of charge.",
    f"Churn: of the subscriptions that were paid for {CHURN_DAYS} days ago, those that have ended since.",
    (
        "New and lost are subscriptions that began to be paid for, or ended, in the month, at the price that "
        "they have now or had at their end. Changes of plan and of quantity are in neither."
    ),
)


def revenue_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """context: of the console's frame. Five statements."""
    found = revenue(staff_actor(request))
    return TemplateResponse(
        request,
        "console/detail.html",
        {
            **context,
            "title": "Revenue",
            "heading": "Revenue",
            "lead": "From subscriptions, as of now.",
            "badges": [],
            "sections": [
                Stats("Figures", [*_money_stats(found), *_tenant_stats(found)]),
                _plans(found),
                _moves(found),
                Notes("", NOTES),
            ],
            "acts": (),
        },
    )


def _money_stats(found: Revenue) -> list[Stat]:
    return [
        Stat(f"Monthly revenue, {a_month.currency}", str(a_month), f"{a_year} a year")
        for a_month, a_year in zip(found.a_month, found.a_year, strict=True)
    ]


def _tenant_stats(found: Revenue) -> list[Stat]:
    url = reverse("admin:billing_subscription_changelist")
    trials = found.standings.get(Standing.TRIAL, 0)
    of_churn = f"{found.churn.ended} of {found.churn.at_start} in {CHURN_DAYS} days"
    return [
        Stat(
            "Paying tenants",
            f"{found.tenants:,}",
            f"and {found.unpriced} at a price that is not in the catalogue"
            if found.unpriced
            else "Not counting trials",
            f"{url}?standing__in={','.join(PAYING)}",
        ),
        Stat("Trials", f"{trials:,}", "Nothing is paid yet", f"{url}?standing__exact=trial"),
        Stat(
            "Past due",
            f"{found.past_due:,}",
            f"{_amounts(found.owed)} owed" if found.owed else "Nothing is owed",
            f"{url}?standing__in={','.join(PAST_DUE)}",
            is_bad=found.past_due > 0,
        ),
        Stat("Churn", _percent(found.churn.per_mille), of_churn),
    ]


def _plans(found: Revenue) -> Table:
    return Table(
        "By plan",
        ("Plan", "Currency", "Tenants", "A month", "A year"),
        [
            (one.plan, one.a_year.currency, f"{one.tenants:,}", str(one.a_month), str(one.a_year))
            for one in found.plans
        ],
        empty="Nobody pays for a plan yet.",
    )


def _moves(found: Revenue) -> Table:
    return Table(
        "New and lost monthly revenue",
        ("Month", "Currency", "New", "Lost", "Net"),
        [
            (
                f"{one.month:%B %Y}",
                one.gained.currency,
                _or_none(one.gained),
                _or_none(one.lost),
                str(one.gained + one.lost * -1),
            )
            for one in found.moves
        ],
        empty="No subscription has begun or ended in the last 12 months.",
    )


def _or_none(money: Money) -> Cell:
    return str(money) if money.amount_minor else r.NONE


def _amounts(owed: Sequence[Money]) -> str:
    return ", ".join(map(str, owed))


def _percent(per_mille: int | None) -> str:
    return "–" if per_mille is None else f"{per_mille // 10}.{per_mille % 10} %"
