"""What Stripe has no call for: an account's time, what goes wrong, deliveries. With the account's secret key.

POST /sandbox/stripe/control/<action>/ with a form or JSON; answers JSON. The page's buttons do the same.
"""

import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.sandbox.stripe import accounts, clock, courier, disputes, switches
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import StripeError
from apps.sandbox.stripe.models import StripeAccount, StripeDelivery, random_id
from apps.sandbox.stripe.registry import load

Given = dict[str, Any]


def _advance(account: StripeAccount, given: Given) -> Given:
    """`seconds`, or `to` as a time in seconds. `freeze`: time stands still there."""
    to = int(given["to"]) if "to" in given else account.now + int(given["seconds"])
    done = clock.advance(account.id, to, freeze=bool(given.get("freeze")))
    return {"now": to, "done": done}


def _thaw(account: StripeAccount, given: Given) -> Given:
    clock.thaw(account.id)
    return {"now": account.now}


def _fail(account: StripeAccount, given: Given) -> Given:
    switches.failure_add(
        account.id,
        str(given["kind"]),
        int(given.get("times", 1)),
        str(given.get("path", "")),
        float(given.get("seconds", 5)),
    )
    return {}


def _rate_limit(account: StripeAccount, given: Given) -> Given:
    switches.rate_limit_set(account.id, int(given["per_s"]))
    return {}


def _billing(account: StripeAccount, given: Given) -> Given:
    """`after_retries`, `retry_days`: what becomes of subscriptions that are not paid."""
    now = switches.billing(account)
    days = [int(day) for day in given.get("retry_days", now["retry_days"])]
    switches.billing_set(account.id, str(given.get("after_retries", now["after_retries"])), days)
    return {}


def _clear(account: StripeAccount, given: Given) -> Given:
    switches.clear(account.id)
    return {}


def _deliver(account: StripeAccount, given: Given) -> Given:
    return {"sent": courier.deliver_due()}


def _dispute(account: StripeAccount, given: Given) -> Given:
    """The customer of a `charge` goes to their bank. `reason`: Stripe's word for why."""
    load()
    with transaction.atomic():
        locked = StripeAccount.objects.select_for_update().get(id=account.id)
        ctx = Context(locked, locked.api_version, locked.now)
        charge = ctx.get("charge", str(given["charge"]))
        made = disputes.open_(ctx, charge, str(given.get("reason", "fraudulent")))
    return {"id": made["id"]}


def _resend(account: StripeAccount, given: Given) -> Given:
    """All deliveries of an event."""
    found = StripeDelivery.objects.filter(account=account, event_id=str(given["event"]))
    courier.resend(found)
    return {"deliveries": found.count()}


ACTIONS: dict[str, Callable[[StripeAccount, Given], Given]] = {
    "advance": _advance,
    "thaw": _thaw,
    "fail": _fail,
    "rate-limit": _rate_limit,
    "billing": _billing,
    "clear": _clear,
    "deliver": _deliver,
    "dispute": _dispute,
    "resend": _resend,
}


@csrf_exempt
@require_POST
def control(request: HttpRequest, action: str) -> HttpResponse:
    try:
        account = accounts.account_of(request)
    except StripeError as error:
        return JsonResponse(error.body(random_id("req_")), status=error.status)
    if action not in ACTIONS:
        return JsonResponse({"error": f"one of {', '.join(ACTIONS)}"}, status=404)
    try:
        given = (
            json.loads(request.body)
            if request.content_type == "application/json"
            else request.POST.dict()
        )
        return JsonResponse(ACTIONS[action](account, given))
    except StripeError as error:
        return JsonResponse(error.body(random_id("req_")), status=error.status)
    except (ValueError, TypeError, KeyError) as error:
        return JsonResponse({"error": f"{type(error).__name__}: {error}"}, status=400)
