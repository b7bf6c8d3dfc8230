"""What it costs to verify a bearer token, and to know what somebody may do by token or on a page."""

import time
from collections.abc import Callable
from typing import Any

import jwt
from django.core.cache import caches
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from redis.connection import AbstractConnection
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts import authorizations, keys, tokens
from apps.accounts.api.authentication import BearerAuthentication
from apps.accounts.models import Person
from apps.accounts.token_sessions import token_session_revoke, token_session_start
from apps.common.actors import Actor
from apps.common.api.views import IsInTenant
from apps.common.errors import PlatformError
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug
from benchmarks.world import figure, fill_up_to, person

CALLS = 3000
PROOF = Proof(frozenset({"password"}), 1.0)


def run(tenants: int) -> None:
    fill_up_to(tenants)
    acme = tenant_by_slug("acme")
    if acme is None:
        raise RuntimeError("the demo's data is missing")
    bob = person("bob@acme.test")
    pair = token_session_start(person=bob, tenant_id=None, user_agent="bench", ip=None)
    with tenant_context(acme):
        _authenticate(acme, pair.access)
        _count(acme, pair.access)
        warm = _cpu(lambda: _authenticate(acme, pair.access))
        unseen = _cpu(lambda: _unseen(acme, pair.access))
        cold = _cpu(lambda: _cold(acme, pair.access), CALLS // 10)
        floor = _cpu(lambda: _floor(pair.access))
        page_warm = _cpu(lambda: _page(acme, bob))
        page_cold = _cpu(lambda: _page_cold(acme, bob), CALLS // 10)
        unremembered = _cpu(lambda: actor_for(bob), CALLS // 10)
    figure("bearer token and actor, CPU, warm, p50", _ms(warm), f"p99 {_ms(warm, 0.99)}")
    figure("the same, a token not seen before", _ms(unseen), f"p99 {_ms(unseen, 0.99)}")
    figure("the same in a cold process", _ms(cold), f"p99 {_ms(cold, 0.99)}")
    figure("jwt.decode and one MGET alone (the floor)", _ms(floor), f"p99 {_ms(floor, 0.99)}")
    figure("warm against the floor", f"{_p50(warm) / _p50(floor):.2f} times")
    figure("actor of a page, CPU, warm, p50", _ms(page_warm), f"p99 {_ms(page_warm, 0.99)}")
    figure("the same in a cold process", _ms(page_cold), f"p99 {_ms(page_cold, 0.99)}")
    figure("read by actor_for, not remembered", _ms(unremembered), "1 statement")
    token_session_revoke(actor=Actor.system("benchmarks"), session=pair.session)
    began_s = time.perf_counter()
    try:
        with tenant_context(acme):
            _authenticate(acme, pair.access)
    except PlatformError as error:
        took_ms = (time.perf_counter() - began_s) * 1000
        figure("next request after the revocation", error.code, f"{took_ms:.1f} ms")
    else:
        raise RuntimeError("a revoked sign-in was let in")


def _authenticate(tenant: Tenant, access: str) -> Any:
    """What the API does to a request before its view, after the tenant was found by its host."""
    request: Any = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {access}")
    request.tenant, request.tenant_missing = tenant, False
    drf_request = Request(request, authenticators=[BearerAuthentication()])
    IsInTenant().has_permission(drf_request, APIView())
    return request.actor


def _unseen(tenant: Tenant, access: str) -> None:
    tokens._verified.clear()
    _authenticate(tenant, access)


def _cold(tenant: Tenant, access: str) -> None:
    tokens._verified.clear()
    authorizations._entries.clear()
    _authenticate(tenant, access)


def _page(tenant: Tenant, bob: Person) -> None:
    """What a page of the workspace does to know its actor, after its session and person were read."""
    authorization = authorizations.page_authorization_of(
        person_id=bob.id, proof=PROOF, tenant_id=tenant.id
    )
    if authorization.actor is None:
        authorization.actor = actor_for(bob, authorization.proof)


def _page_cold(tenant: Tenant, bob: Person) -> None:
    authorizations._entries.clear()
    _page(tenant, bob)


def _floor(access: str) -> None:
    key = keys.key_set().public_keys[keys.key_set().kid]
    jwt.decode(access, key, algorithms=[keys.ALGORITHM], audience=tokens.AUDIENCE)
    caches["global"].get_many(["a", "b", "c", "d"])


def _count(tenant: Tenant, access: str) -> None:
    sent = []
    original = AbstractConnection.send_packed_command
    AbstractConnection.send_packed_command = lambda self, *args, **kw: (  # type: ignore[method-assign]
        sent.append(1),
        original(self, *args, **kw),
    )[1]
    try:
        with CaptureQueriesContext(connection) as captured:
            _authenticate(tenant, access)
    finally:
        AbstractConnection.send_packed_command = original  # type: ignore[method-assign]
    figure(
        "warm: round trips to Redis, SQL statements",
        f"{len(sent)}, {len(captured.captured_queries)}",
    )


def _cpu(call: Callable[[], object], times: int = CALLS) -> list[float]:
    """Seconds of this thread's CPU for each call."""
    samples = []
    for _ in range(times):
        began = time.thread_time()
        call()
        samples.append(time.thread_time() - began)
    return samples


def _p50(samples: list[float]) -> float:
    return sorted(samples)[len(samples) // 2]


def _ms(samples_s: list[float], share: float = 0.5) -> str:
    ordered = sorted(samples_s)
    return f"{ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000:.3f} ms"
