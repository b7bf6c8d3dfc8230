"""allauth's rate limits, shared by pages and API: the same attempts count on both."""

import math
import time

from allauth.core.internal import ratelimit
from django.http import HttpRequest

from apps.accounts.attempts import attempts
from apps.accounts.models import Person
from apps.common.errors import RateLimited

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
        history = attempts.get(cache_key, [])
        allowed, history = ratelimit.apply_rate(history, now, rate, dry_run=True)
        if not allowed:
            wait_s = max(wait_s, history[-1] + rate.duration - now)
    return math.ceil(wait_s)


def second_factor_key(person_id: object) -> str:
    """By which wrong codes of an account are counted; allauth's own, so that its pages count the same."""
    return f"mfa-auth-user-{person_id}"


def locked_for_s(person: Person) -> int:
    """Seconds for which no password or no code of this account is looked at; 0 if both are."""
    now = time.time()
    waits = [0.0]
    for rate, cache_key in _failed_sign_ins(person):
        history = attempts.get(cache_key, [])
        allowed, history = ratelimit.apply_rate(history, now, rate, dry_run=True)
        if not allowed:
            waits.append(history[-1] + rate.duration - now)
    return math.ceil(max(waits))


def unlock(person: Person) -> None:
    """Forget the wrong passwords and codes of an account. Those of a network address count on."""
    attempts.delete_many([cache_key for _rate, cache_key in _failed_sign_ins(person)])


def _failed_sign_ins(person: Person) -> list[tuple[ratelimit.Rate, str]]:
    """The limits that go by account, each with the key of its counter."""
    action = "login_failed"
    return [
        (rate, ratelimit.get_cache_key(HttpRequest(), app=APP, action=action, rate=rate, key=key))
        for rate in ratelimit.get_rates(app=APP, action=action)
        if rate.per == "key"
        for key in (person.email.lower(), second_factor_key(person.pk))
    ]
