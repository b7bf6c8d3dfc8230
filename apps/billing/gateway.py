"""The one way to Stripe: a client with time limits and the pinned version, and its errors as ours."""

import math
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import stripe
import structlog
from django.conf import settings
from stripe import StripeClient

from apps.billing.errors import (
    PaymentDeclined,
    StripeNotConfigured,
    StripeObjectMissing,
    StripeRefused,
    StripeUnavailable,
)
from apps.common.breakers import Breaker, CircuitOpen
from apps.common.database import in_transaction
from apps.common.errors import Conflict, PlatformError
from apps.common.outbound import Upstream

log = structlog.get_logger(__name__)

BREAKER = Breaker("billing.stripe")
UPSTREAM = Upstream(
    "billing.stripe",
    total_s=30.0,
    connect_s=3.0,
    read_s=15.0,
    at_once=3,
    wait_s=1.0,
    is_trusted=True,
    needs_tls=False,
)
# With pauses of 0.5 to 5 seconds between them; safe, because everything that changes has a key.
MAX_RETRIES = 2
RETRY_AFTER_S = 5
# When the key is wrong, waiting helps little.
MISCONFIGURED_RETRY_AFTER_S = 60


def introduce() -> None:
    """Say at Stripe who asks, and do not send it how fast we found it."""
    stripe.set_app_info("wrapper-platform")
    stripe.enable_telemetry = False


def idempotency_key(act: str, of: uuid.UUID, *more: object) -> str:
    """By which Stripe knows the repetition of a request: what is done, to which row of ours.

    more: what tells two intended acts on one row apart, such as a version. Stripe remembers it for a day.
    """
    return ":".join(("wrapper", act, str(of), *map(str, more)))


@lru_cache(maxsize=4)
def _client(secret_key: str, api_base: str, version: str) -> StripeClient:
    return StripeClient(
        secret_key,
        stripe_version=version,
        base_addresses={"api": api_base, "files": api_base, "meter_events": api_base}
        if api_base != stripe.DEFAULT_API_BASE
        else None,
        max_network_retries=MAX_RETRIES,
        http_client=stripe.RequestsClient(session=UPSTREAM.lasting_session()),
    )


@contextmanager
def stripe_client() -> Iterator[StripeClient]:
    """For the block: Stripe. Not inside a transaction: its locks would last for as long as Stripe takes.

    Raises PaymentDeclined, StripeRefused, StripeObjectMissing, Conflict, StripeUnavailable.
    """
    if in_transaction():
        raise RuntimeError("Stripe is not asked inside a transaction")
    if not settings.STRIPE_SECRET_KEY:
        raise StripeNotConfigured(headers={"Retry-After": str(MISCONFIGURED_RETRY_AFTER_S)})
    client = _client(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_API_VERSION
    )
    try:
        with BREAKER.attempt(failures=(StripeUnavailable,), answers=(PlatformError,)):
            try:
                yield client
            except stripe.StripeError as error:
                raise translated(error) from error
    except CircuitOpen as error:
        wait_s = math.ceil(error.retry_after_s)
        raise StripeUnavailable(headers={"Retry-After": str(wait_s)}) from error


def is_live() -> bool:
    """Whether the key moves real money."""
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))


def get(path: str) -> tuple[str, int]:
    """Body and status of a GET of `/v1/...`: 200, or 404 for what is not there.

    Raises StripeRefused, StripeUnavailable. Not inside a transaction.
    """
    with stripe_client() as client:
        try:
            answer: Any = client.raw_request("get", path)
        except stripe.InvalidRequestError as error:
            if error.http_status != 404:
                raise
            return _text(error.http_body), 404
        return _text(answer.body), 200


def translated(error: stripe.StripeError) -> Exception:
    """An error of Stripe's library as one of ours. Its text never contains a key: Stripe masks them."""
    message = error.user_message or None
    match error:
        case stripe.CardError():
            return PaymentDeclined(message, code=error.code or None)
        case stripe.IdempotencyError():
            return Conflict(message, code="idempotency_conflict")
        case stripe.InvalidRequestError() if error.http_status == 404:
            return StripeObjectMissing(message)
        case stripe.InvalidRequestError():
            return StripeRefused(message, code=error.code or None)
    return _unavailable(error)


def _unavailable(error: stripe.StripeError) -> StripeUnavailable:
    """Away, too busy, or it does not know our key, where waiting helps little."""
    is_ours = isinstance(error, stripe.AuthenticationError | stripe.PermissionError)
    retry_after_s = MISCONFIGURED_RETRY_AFTER_S if is_ours else RETRY_AFTER_S
    log.error(
        "billing.stripe_unavailable",
        kind=type(error).__name__,
        status=error.http_status,
        stripe_request_id=error.request_id,
    )
    named = (error.headers or {}).get("retry-after", "")
    wait_s = int(named) if named.isdigit() else retry_after_s + random.randint(0, retry_after_s)  # noqa: S311
    return StripeUnavailable(headers={"Retry-After": str(wait_s)})


def _text(body: Any) -> str:
    return body.decode() if isinstance(body, bytes) else str(body or "")
