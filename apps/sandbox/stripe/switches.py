"""What is to go wrong, for those who want to see how a client bears it. Kept with the account.

failures: the next so many requests fail, in one of the ways of FAILURES; `path` narrows to those that begin
with it. rate_limit_per_s: what is above it gets 429; 0 for no limit.
"""

import time
from typing import Any, TypedDict

from django.core.cache import caches
from django.db import transaction

from apps.sandbox.stripe.errors import RateLimited
from apps.sandbox.stripe.models import StripeAccount

# What a client sees, and whether the request took effect.
FAILURES = {
    "error": "500; nothing was done",
    "lost": "500; it was done, and only the answer is lost",
    "timeout": "no answer for some seconds; it is done",
    "rate_limit": "429; nothing was done",
}
MAX_TIMEOUT_S = 60
# What becomes of a subscription whose invoice was tried for the last time.
AFTER_RETRIES = ("canceled", "unpaid", "past_due")
RETRY_DAYS = [1, 3, 5, 7]


class Failure(TypedDict):
    kind: str
    times: int
    path: str
    seconds: float


def failure_add(
    account_id: str, kind: str, times: int = 1, path: str = "", seconds: float = 5
) -> None:
    """Raises ValueError."""
    if kind not in FAILURES or not 1 <= times <= 1000 or not 0 <= seconds <= MAX_TIMEOUT_S:
        raise ValueError(f"a failure is one of {', '.join(FAILURES)}, 1 to 1000 times")
    added = Failure(kind=kind, times=times, path=path, seconds=seconds)
    _change(account_id, lambda switches: switches.setdefault("failures", []).append(added))


def rate_limit_set(account_id: str, per_s: int) -> None:
    _change(account_id, lambda switches: switches.update(rate_limit_per_s=max(per_s, 0)))


class Billing(TypedDict):
    """retry_days: after the first attempt."""

    after_retries: str
    retry_days: list[int]


def billing(account: StripeAccount) -> Billing:
    """The account's settings for payments of subscriptions that fail; Stripe has them in its dashboard."""
    chosen = account.switches.get("billing", {})
    return Billing(
        after_retries=chosen.get("after_retries", AFTER_RETRIES[0]),
        retry_days=chosen.get("retry_days", RETRY_DAYS),
    )


def billing_set(account_id: str, after_retries: str, retry_days: list[int]) -> None:
    """Raises ValueError."""
    if after_retries not in AFTER_RETRIES:
        raise ValueError(f"after_retries is one of {', '.join(AFTER_RETRIES)}")
    if retry_days != sorted(set(retry_days)) or any(not 1 <= one <= 60 for one in retry_days):
        raise ValueError("retry_days rise, each from 1 to 60")
    chosen = Billing(after_retries=after_retries, retry_days=retry_days)
    _change(account_id, lambda switches: switches.update(billing=chosen))


def clear(account_id: str) -> None:
    _change(account_id, lambda switches: switches.clear())


def take_failure(account: StripeAccount, path: str) -> Failure | None:
    """The failure that this request is to suffer, counted down."""
    if not any(path.startswith(one["path"]) for one in account.switches.get("failures", ())):
        return None
    taken: list[Failure] = []

    def take(switches: Any) -> None:
        for one in switches.get("failures", []):
            if path.startswith(one["path"]) and one["times"] > 0:
                one["times"] -= 1
                taken.append(one)
                break
        switches["failures"] = [one for one in switches.get("failures", []) if one["times"] > 0]

    _change(account.id, take)
    return taken[0] if taken else None


def count_request(account: StripeAccount) -> None:
    """Raises RateLimited."""
    limit = account.switches.get("rate_limit_per_s", 0)
    if not limit:
        return
    key = f"sandbox:stripe:rate:{account.id}:{int(time.time())}"
    cache = caches["global"]
    cache.add(key, 0, 5)
    if cache.incr(key) > limit:
        raise RateLimited


def _change(account_id: str, change: Any) -> None:
    with transaction.atomic():
        account = StripeAccount.objects.select_for_update().get(id=account_id)
        change(account.switches)
        account.save(update_fields=["switches"])
