"""Idempotency keys (https://docs.stripe.com/api/idempotent_requests): one answer a key, for 24 hours."""

import hashlib
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from apps.sandbox.stripe.errors import IdempotencyError, Invalid
from apps.sandbox.stripe.models import StripeAccount, StripeKey

KEPT_FOR = timedelta(hours=24)
MAX_LENGTH = 255


def fingerprint(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def claim(account: StripeAccount, key: str, digest: str) -> StripeKey | None:
    """The answer to the first request with this key, if it had one. Holds the key until the transaction ends.

    Raises IdempotencyError where the first request was another one, or is still being answered.
    """
    if len(key) > MAX_LENGTH:
        raise Invalid(f"Idempotency keys can have up to {MAX_LENGTH} characters.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"{account.id} {key}"]
        )
        is_ours = cursor.fetchone()[0]
    if not is_ours:
        raise IdempotencyError(
            "There is currently another in-progress request using this Idempotent Key (that probably means "
            "you submitted twice, and the other request is still going through): "
            f"{key}. Please try again later.",
            code="idempotency_key_in_use",
            status=409,
        )
    found = StripeKey.objects.filter(account=account, key=key).first()
    if found is not None and found.created_at < timezone.now() - KEPT_FOR:
        found.delete()
        return None
    if found is not None and found.fingerprint != digest:
        raise IdempotencyError(
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            f"with. Try using a key other than '{key}' if you meant to execute a different request."
        )
    return found
