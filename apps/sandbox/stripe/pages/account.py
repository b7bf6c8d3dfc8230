"""The account's page: its clock, what it holds, events and deliveries, requests, what is to go wrong."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.sandbox.stripe import accounts, clock, courier, switches
from apps.sandbox.stripe.models import (
    StripeAccount,
    StripeDelivery,
    StripeObject,
    StripeRequest,
)
from apps.sandbox.stripe.pages.shared import pretty

DAY_S = 24 * 3600
STEPS = (("1 hour", 3600), ("1 day", DAY_S), ("1 week", 7 * DAY_S), ("31 days", 31 * DAY_S))
MAX_STEP_S = 400 * DAY_S
PAGE_SIZE = 25
VIEWS = ("events", "objects", "requests")


class FailureForm(forms.Form):
    kind = forms.ChoiceField(label="How", choices=list(switches.FAILURES.items()))
    times = forms.IntegerField(label="How many requests", min_value=1, max_value=1000, initial=1)
    path = forms.CharField(
        label="Path",
        max_length=200,
        required=False,
        help_text="Of those that begin so, for example /v1/subscriptions; empty for all.",
    )


class AdvanceForm(forms.Form):
    until = forms.DateTimeField(
        label="Until",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(
    request: HttpRequest,
    failure: FailureForm | None = None,
    advance: AdvanceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    found = accounts.demo_account()
    view = request.GET.get("view", "events")
    if view not in VIEWS:
        raise Http404
    now = datetime.fromtimestamp(found.now, UTC)
    rows = StripeObject.objects.filter(account=found, is_deleted=False)
    kinds = rows.values("kind").annotate(number=Count("id")).order_by("kind")
    context = {
        "account": found,
        "advance": advance or AdvanceForm(initial={"until": now}),
        "counts": [one for one in kinds if one["kind"] != "event"],
        "failure": failure or FailureForm(),
        "failures": found.switches.get("failures", []),
        "kind": request.GET.get("kind", ""),
        "now": now,
        "page": Paginator(_rows(request, found, view), PAGE_SIZE).get_page(request.GET.get("page")),
        "rate_limit": found.switches.get("rate_limit_per_s", 0),
        "steps": STEPS,
        "view": view,
    }
    return render(request, "sandbox/stripe/account.html", context, status=status)


def _rows(request: HttpRequest, found: StripeAccount, view: str) -> Any:
    if view == "requests":
        return StripeRequest.objects.filter(account=found)
    if view == "events":
        return StripeObject.objects.filter(account=found, kind="event").order_by("-id")
    rows = StripeObject.objects.filter(account=found).exclude(kind="event")
    kind = request.GET.get("kind", "")
    return rows.filter(kind=kind) if kind else rows


@require_safe
def stored(request: HttpRequest, object_id: str) -> HttpResponse:
    """An object as it is kept; an event with its deliveries."""
    found = accounts.demo_account()
    row = StripeObject.objects.filter(account=found, object_id=object_id).first()
    if row is None:
        raise Http404
    context = {
        "deliveries": StripeDelivery.objects.filter(account=found, event_id=object_id),
        "events": _events_about(found, row),
        "row": row,
        "text": pretty(row.data),
    }
    return render(request, "sandbox/stripe/object.html", context)


def _events_about(found: StripeAccount, row: StripeObject) -> list[StripeObject]:
    if row.kind == "event":
        return []
    about = {"data": {"object": {"id": row.object_id}}}
    rows = StripeObject.objects.filter(account=found, kind="event", data__contains=about)
    return list(rows.order_by("-id")[:PAGE_SIZE])


@require_POST
def advance(request: HttpRequest) -> HttpResponse:
    """`seconds`, `until` a moment (UTC), or `run`: time that stands still goes on."""
    found = accounts.demo_account()
    if "run" in request.POST:
        clock.thaw(found.id)
        messages.success(request, "The clock runs.")
        return redirect("sandbox_stripe")
    seconds = request.POST.get("seconds", "")
    form = AdvanceForm(request.POST)
    if seconds.isdigit():
        to = found.now + int(seconds)
    elif form.is_valid():
        to = int(form.cleaned_data["until"].timestamp())
    else:
        return _page(request, advance=form, status=422)
    if not 0 <= to - found.now <= MAX_STEP_S:
        form.is_valid()
        form.add_error("until", "The clock goes forward, by at most 400 days at once.")
        return _page(request, advance=form, status=422)
    done = clock.advance(found.id, to)
    messages.success(request, f"The clock is ahead; {done} things were due.")
    return redirect("sandbox_stripe")


@require_POST
def fail(request: HttpRequest) -> HttpResponse:
    """What is to go wrong; `clear`: nothing any more."""
    found = accounts.demo_account()
    if "clear" in request.POST:
        switches.clear(found.id)
        messages.success(request, "Nothing goes wrong on purpose.")
        return redirect("sandbox_stripe")
    form = FailureForm(request.POST)
    if not form.is_valid():
        return _page(request, failure=form, status=422)
    data = form.cleaned_data
    switches.failure_add(found.id, data["kind"], data["times"], data["path"])
    messages.success(request, "The next requests go wrong.")
    return redirect("sandbox_stripe")


@require_POST
def resend(request: HttpRequest, event_id: str) -> HttpResponse:
    """All deliveries of an event again."""
    found = accounts.demo_account()
    deliveries = StripeDelivery.objects.filter(account=found, event_id=event_id)
    if not deliveries:
        raise Http404
    courier.resend(deliveries)
    messages.success(request, "It is on its way again.")
    return redirect("sandbox_stripe_object", event_id)
