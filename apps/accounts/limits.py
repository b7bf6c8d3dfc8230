"""allauth's rate limits, shared by pages and API: the same attempts count on both."""

import math
import time

from allauth.core.internal import ratelimit
from django.core.cache import caches
from django.http import HttpRequest

from apps.accounts.errors import RateLimited

APP = "allauth.account"


def consume(request: HttpRequest, action: str, *, key: str | None = None) -> None:
    """Count one attempt. Raises RateLimited with the seconds to wait."""
    if not ratelimit.consume(request, app=APP, action=action, key=key):
        raise RateLimited(retry_after_s(request, action, key=key))


def is_let_through(request: HttpRequest, action: str, *, key: str | None = None) -> bool:
    """Count one attempt; False when there were too many."""
    return bool(ratelimit.consume(request, app=APP, action=action, key=key))


def clear(request: HttpRequest, action: str, *, key: str) -> None:
    ratelimit.clear(request, app=APP, action=action, key=key)


def retry_after_s(request: HttpRequest, action: str, *, key: str | None = None) -> int:
    """Seconds until the next attempt is let through; at least 1."""
    now, wait_s = time.time(), 1.0
    for rate in ratelimit.get_rates(app=APP, action=action):
        cache_key = ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=key)
        history = caches["global"].get(cache_key, [])
        allowed, history = ratelimit.apply_rate(history, now, rate, dry_run=True)
        if not allowed:
            wait_s = max(wait_s, history[-1] + rate.duration - now)
    return math.ceil(wait_s)
