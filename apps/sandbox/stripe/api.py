"""The API's front: authentication, version, idempotency, parameters, the answer and the request log."""

import time
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from apps.sandbox.stripe import accounts, clock, idempotency, params, shapes, switches
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid, RateLimited, ServerError, StripeError
from apps.sandbox.stripe.models import StripeAccount, StripeKey, StripeRequest, random_id
from apps.sandbox.stripe.registry import Json, Route, find_route

log = structlog.get_logger(__name__)

SANDBOX_PATH = "/sandbox/stripe"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    status: int
    body: Json
    # Of the request that was answered first with this idempotency key.
    replayed: str = ""


@csrf_exempt
def api(request: HttpRequest, path: str) -> HttpResponse:
    """Everything below /v1/."""
    request_id = random_id("req_")[:18]
    key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
    account, version, given = None, shapes.CURRENT, {}
    try:
        account = accounts.account_of(request)
        version = _version(request, account)
        given = params.parse(_encoded(request))
        answer = _serve(request, Call(account, version, f"/v1/{path}", given, key, request_id))
    except StripeError as error:
        answer = Answer(error.status, error.body(request_id))
    except Exception:
        log.exception("sandbox.stripe_failed", path=path)
        failure = ServerError("An unknown error occurred")
        answer = Answer(failure.status, failure.body(request_id))
    if account is not None:
        StripeRequest.objects.create(
            account=account,
            request_id=request_id,
            method=str(request.method),
            path=f"/v1/{path}"[:500],
            api_version=version,
            params=params.lists(given),
            idempotency_key=key[:255],
            status=answer.status,
            error=answer.body.get("error"),
        )
    response = JsonResponse(answer.body, status=answer.status)
    response["Request-Id"] = request_id
    response["Stripe-Version"] = version
    if key:
        response["Idempotency-Key"] = key
    if answer.replayed:
        response["Idempotent-Replayed"] = "true"
        response["Original-Request"] = answer.replayed
    return response


@dataclass(frozen=True)
class Call:
    account: StripeAccount
    version: str
    path: str
    given: Json
    key: str
    request_id: str


def _version(request: HttpRequest, account: StripeAccount) -> str:
    if request.headers.get("Stripe-Account", account.id) != account.id:
        raise Invalid(
            "The sandbox's Stripe has no connected accounts: leave out the Stripe-Account header.",
            code="account_invalid",
        )
    return shapes.check_version(request.headers.get("Stripe-Version") or account.api_version)


def _encoded(request: HttpRequest) -> str:
    query = str(request.META.get("QUERY_STRING", ""))
    if request.method == "GET":
        return query
    if request.body and request.content_type != FORM:
        raise Invalid(f"Invalid request (check that your POST content type is {FORM}).", status=400)
    length = request.META.get("CONTENT_LENGTH")
    if length and len(request.body) != int(length):
        # Who asks died while sending: under its key, half of the request would stand for the whole.
        raise Invalid("Invalid request body: it ends before its Content-Length.")
    try:
        body = request.body.decode()
    except UnicodeDecodeError as error:
        raise Invalid("Invalid request body: it is not UTF-8.") from error
    return "&".join(part for part in (query, body) if part)


def _serve(request: HttpRequest, call: Call) -> Answer:
    found = find_route(str(request.method), call.path)
    if found is None:
        raise Invalid(
            f"Unrecognized request URL ({request.method}: {call.path}). Please see "
            "https://stripe.com/docs or we can help at https://support.stripe.com/.",
            status=404,
        )
    switches.count_request(call.account)
    failure = switches.take_failure(call.account, call.path)
    if failure and failure["kind"] == "error":
        raise ServerError("The sandbox was told to fail.")
    if failure and failure["kind"] == "rate_limit":
        raise RateLimited
    if failure and failure["kind"] == "timeout":
        time.sleep(failure["seconds"])
    base = request.build_absolute_uri(SANDBOX_PATH)
    if request.method == "GET":
        answer = _read(call, *found, base)
    else:
        digest = idempotency.fingerprint(str(request.method), call.path, request.body)
        answer = _write(call, *found, base, digest)
    if failure and failure["kind"] == "lost":
        raise ServerError("The sandbox was told to lose its answer.")
    return answer


def _read(call: Call, route: Route, names: dict[str, str], base: str) -> Answer:
    if clock.is_due(call.account):
        with transaction.atomic():
            account = StripeAccount.objects.select_for_update().get(id=call.account.id)
            clock.catch_up(account, account.now, base=base)
    with transaction.atomic():
        return Answer(200, _handle(call, call.account, route, names, base))


def _write(call: Call, route: Route, names: dict[str, str], base: str, digest: str) -> Answer:
    """One transaction that holds the account's lock; the answer is kept with what was done, or neither is."""
    with transaction.atomic():
        if call.key:
            first = idempotency.claim(call.account, call.key, digest)
            if first is not None:
                return Answer(first.status, first.body, replayed=first.request_id)
        account = StripeAccount.objects.select_for_update().get(id=call.account.id)
        clock.catch_up(account, account.now, base=base)
        try:
            # What is refused is undone here, and what was due before it stays.
            with transaction.atomic():
                answer = _outcome(call, account, route, names, base)
        except Invalid as error:
            # Nothing began, so nothing is kept for the key.
            return Answer(error.status, error.body(call.request_id))
        if call.key:
            StripeKey.objects.create(
                account=account,
                key=call.key,
                fingerprint=digest,
                status=answer.status,
                body=answer.body,
                request_id=call.request_id,
            )
    return answer


def _outcome(
    call: Call, account: StripeAccount, route: Route, names: dict[str, str], base: str
) -> Answer:
    try:
        return Answer(200, _handle(call, account, route, names, base))
    except StripeError as error:
        if not error.keeps_changes:
            raise
        ctx = _context(call, account, base)
        body = shapes.render(ctx, error.body(call.request_id))
        return Answer(error.status, body)


def _handle(
    call: Call, account: StripeAccount, route: Route, names: dict[str, str], base: str
) -> Json:
    ctx = _context(call, account, base)
    is_old = shapes.is_before(call.version, shapes.BASIL)
    checked: dict[str, Any] = params.check(
        call.given, route.params, route.old_params if is_old else ()
    )
    expand = checked.pop("expand", None) or []
    return dict(shapes.answer(ctx, route.handler(ctx, checked, **names), expand))


def _context(call: Call, account: StripeAccount, base: str) -> Context:
    return Context(
        account,
        call.version,
        now=account.now,
        path=call.path,
        base=base,
        request_id=call.request_id,
        idempotency_key=call.key or None,
    )
