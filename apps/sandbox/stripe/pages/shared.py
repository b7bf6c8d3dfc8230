"""What the hosted pages share: finding what they are about, under its account's lock; and where they lead."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from apps.sandbox.stripe import clock
from apps.sandbox.stripe.api import SANDBOX_PATH
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import CardError, StripeError
from apps.sandbox.stripe.models import StripeAccount, StripeObject
from apps.sandbox.stripe.registry import Json, load


@contextmanager
def opened(request: HttpRequest, kind: str, object_id: str) -> Iterator[tuple[Context, Json]]:
    """The object whose id, which nobody guesses, is in the address; what was due is done before."""
    load()
    with transaction.atomic():
        row = StripeObject.objects.filter(kind=kind, object_id=object_id, is_deleted=False).first()
        if row is None:
            raise Http404
        account = StripeAccount.objects.select_for_update().get(id=row.account_id)
        base = request.build_absolute_uri(SANDBOX_PATH)
        clock.catch_up(account, account.now, base=base)
        ctx = Context(account, account.api_version, account.now, base=base)
        found = ctx.get(kind, object_id)
        yield ctx.on_clock_of(found), found


def attempt(act: Callable[[], Json], *, keeps: bool = True) -> tuple[Json | None, str]:
    """What it made, or the message of its refusal. keeps: what a declined charge left stays."""
    error: CardError | None = None
    try:
        with transaction.atomic():
            try:
                return act(), ""
            except CardError as declined:
                if not keeps:
                    raise
                error = declined
    except StripeError as refused:
        return None, refused.message
    return None, error.message if error else ""


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    leads_to: str = "",
    status: int = 200,
) -> HttpResponse:
    """leads_to: where its form ends, which the content security policy must allow."""
    response = render(request, f"sandbox/stripe/{template}.html", context, status=status)
    if leads_to:
        parts = urlsplit(leads_to)
        response._csp_update = {"form-action": [f"{parts.scheme}://{parts.netloc}"]}  # type: ignore[attr-defined]
    return response


def with_query(url: str, **query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def pretty(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
