"""What operations cost, and an estimate of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.common.errors import InvalidInput
from apps.credits.operations import Operation, Rate, operations, price
from apps.credits.permissions import VIEW_CREDITS
from apps.portal.http import WorkspaceRequest, require, workspace_page


@dataclass(frozen=True, slots=True)
class TierLine:
    """Units from to; to: None for all further ones."""

    first: int
    last: int | None
    microcredits: int


@dataclass(frozen=True, slots=True)
class RateLine:
    operation: Operation
    rate: Rate
    following: Rate | None

    @property
    def tiers(self) -> list[TierLine]:
        lines, first = [], 1
        for tier in self.rate.tiers:
            lines.append(TierLine(first, tier.up_to, tier.microcredits))
            first = (tier.up_to or 0) + 1
        return lines


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """What operations cost; `?operation=` and `?quantity=` estimate one. No statement."""
    require(request.actor, VIEW_CREDITS)
    now = timezone.now()
    known = operations()
    lines = [
        RateLine(
            one,
            one.rate(now),
            next((rate for rate in one.rates if rate.since > now), None),
        )
        for one in known.values()
    ]
    context: dict[str, Any] = {
        "lines": lines,
        "chosen": request.GET.get("operation", ""),
        "quantity": request.GET.get("quantity", "")[:20],
    }
    if "quantity" in request.GET and known:
        context |= _estimate(context["chosen"], context["quantity"], now)
    return render(request, "portal/credits/rates.html", context)


def _estimate(code: str, quantity: str, now: datetime) -> dict[str, Any]:
    """Of a form that was sent: `estimate` (microcredits) with its operation, or what is wrong with it."""
    text = quantity.replace(" ", "").replace(",", "")
    try:
        if not (text.isascii() and text.isdecimal()):
            return {"problem": _("Give a whole number, as 1500.")}
        found = price(code, int(text), now)
    except InvalidInput as error:
        return {"problem": str(error.errors[0].detail)}
    return {
        "estimate": found.amount_microcredits,
        "units": int(text),
        "priced": operations()[code],
    }
