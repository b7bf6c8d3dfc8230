"""The workspace's credits: how many there are, how long they last, and what was used lately."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from apps.common.access import allows
from apps.credits.enums import GrantSource
from apps.credits.forecast import forecast
from apps.credits.permissions import BUY_CREDITS, VIEW_CREDITS
from apps.credits.selectors_pages import balance_for, expiring_for, used_by_day
from apps.portal.charts import chart_of
from apps.portal.http import WorkspaceRequest, require, workspace_page

CHART_DAYS = 30
EXPIRING_DAYS = 30
EXPIRING_SHOWN = 5
EMPTY = "empty"


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """What there is, how long it lasts, what was used lately, and what expires soon. Three statements.

    htmx asks again with `?seen=` when the balance is said to have changed; the answer is empty if nothing
    that is shown there did, and the whole page anew once there are credits at all.
    """
    require(request.actor, VIEW_CREDITS)
    now = timezone.now()
    today = now.astimezone(UTC).date()
    balance = balance_for(request.actor)
    months = Months.before(today)
    used = used_by_day(request.actor, months.last_begins, today)
    days = [today - timedelta(days=number) for number in range(CHART_DAYS - 1, -1, -1)]
    expiring = expiring_for(request.actor, now, EXPIRING_DAYS, EXPIRING_SHOWN)
    shown = {
        "balance": balance,
        "forecast": forecast(balance.total, used, today=today),
        "used_this_month": sum(one for day, one in used.items() if day >= months.begins),
        "used_last_month": sum(one for day, one in used.items() if day < months.begins),
        "used_by_then": sum(one for day, one in used.items() if day <= months.same_day),
        "used_shown": sum(used.get(day, 0) for day in days),
        "is_empty": not (balance.total or balance.held or used),
        "buy_url": _buy_url(request),
    }
    shown["seen"] = _seen(shown)
    if request.htmx:
        return _balance(request, shown)
    context = {
        **shown,
        "chart": chart_of(
            days, {day: {0: amount} for day, amount in used.items()}, [_("Used")], ""
        ),
        "days": [(day, used[day]) for day in reversed(days) if used.get(day)],
        "expiring": [{**one, "source": GrantSource(one["source"]).label} for one in expiring],
        "expiring_days": EXPIRING_DAYS,
    }
    return render(request, "portal/credits/index.html", context)


def _seen(shown: Mapping[str, Any]) -> str:
    """What stands for all that is shown; EMPTY before the first credits."""
    return EMPTY if shown["is_empty"] else f"{zlib.crc32(repr(shown).encode()):08x}"


def _balance(request: WorkspaceRequest, shown: Mapping[str, Any]) -> HttpResponse:
    seen = request.GET.get("seen")
    if seen == shown["seen"]:
        return HttpResponse(status=204)
    if EMPTY in (seen, shown["seen"]):
        return HttpResponseClientRefresh()
    return render(request, "portal/credits/_balance.html", shown)


@dataclass(frozen=True, slots=True)
class Months:
    """Where this month and the last begin; same_day: of the last one, as far as this one has come."""

    begins: date
    last_begins: date
    same_day: date

    @classmethod
    def before(cls, today: date) -> "Months":
        begins = today.replace(day=1)
        end = begins - timedelta(days=1)
        return cls(begins, end.replace(day=1), end.replace(day=min(today.day, end.day)))


def _buy_url(request: WorkspaceRequest) -> str:
    """Where credits are bought, for who may; else empty."""
    if not allows(request.actor, BUY_CREDITS):
        return ""
    try:
        return reverse("credits-buy")
    except NoReverseMatch:
        return ""
