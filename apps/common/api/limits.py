"""How many requests the API takes: of each caller, of a workspace as a whole, of an address without identity.

Counted when it is known who asks, before anything is read for them: what is refused counts as well.
docs/rate-limits.md has the rules.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import structlog
from allauth.core.internal.ratelimit import truncate_ip
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.common import entitlements
from apps.common.api.principals import MachinePrincipal
from apps.common.errors import PlatformError, RateLimited
from apps.common.gate import COUNTED, notes_of
from apps.common.origin import current_origin
from apps.common.outages import REDIS_OUTAGES
from apps.common.rate_limits import Admission, Limit, Spend, admit, admit_locally, note
from apps.common.tenancy import TenantRef

log = structlog.get_logger(__name__)

WINDOW_S = 900
# The entitlement, which the api app declares.
REQUESTS = "api.requests_per_15_minutes"
CALLER, WORKSPACE, ADDRESS = "api.caller", "api.workspace", "api.address"
WHOLE = "all"
# For so long a process works with what it has read of a plan.
REMEMBER_S = 5
MAX_REMEMBERED = 10_000
SAFE = ("GET", "HEAD", "OPTIONS")
WHO = {
    CALLER: _("You have sent too many requests. The next one is let through in %(n)d seconds."),
    WORKSPACE: _(
        "This workspace has sent too many requests. The next one is let through in %(n)d seconds."
    ),
    ADDRESS: _(
        "Too many requests came from your network address without a sign-in. The next one is let through in "
        "%(n)d seconds."
    ),
}


class Charge(NamedTuple):
    """What a request spends, for apps.common.rate_limits. No spends: nothing limits it.

    policy: the limits, as the draft's header has them. caller: as whom it is counted for people to see;
    empty: as nobody.
    """

    scope: str
    spends: tuple[Spend, ...]
    policy: str
    caller: str = ""

    @property
    def cost(self) -> int:
        return self.spends[0].cost if self.spends else 1


def _charge(scope: str, *spends: Spend, caller: str = "") -> Charge:
    policy = ", ".join(
        f'"{limit.name.partition(".")[2]}";q={limit.at_most};w={limit.window_s}'
        for limit, _key, _cost in spends
    )
    return Charge(scope, spends, policy, caller)


@lru_cache(maxsize=1024)
def _limit(name: str, requests: int) -> Limit:
    return Limit(name, requests, WINDOW_S)


def limits_in_workspace(requests: int) -> tuple[Limit, Limit]:
    """Of each caller, and of the workspace as a whole. requests: as requests_of says."""
    return _limit(CALLER, requests), _limit(WORKSPACE, requests * settings.API_WORKSPACE_FACTOR)


_remembered: dict[uuid.UUID, tuple[float, int | None]] = {}


def requests_of(tenant: TenantRef) -> int | None:
    """How many its callers may send in 15 minutes; None: any number.

    Nothing is asked where this process has read it within REMEMBER_S.
    """
    until_s, requests = _remembered.get(tenant.id, (0.0, None))
    if time.monotonic() < until_s:
        return requests
    requests = entitlements.limit(tenant, REQUESTS)
    if len(_remembered) >= MAX_REMEMBERED:
        _remembered.clear()
    _remembered[tenant.id] = (time.monotonic() + REMEMBER_S, requests)
    return requests


def forget_all() -> None:
    """What this process has read of plans."""
    _remembered.clear()
    charge_in_workspace.cache_clear()


@lru_cache(maxsize=MAX_REMEMBERED)
def charge_in_workspace(
    tenant_id: uuid.UUID, caller: str, requests: int | None, cost: int
) -> Charge:
    """caller: `member:<person's id>` or `key:<id>`. requests: as requests_of says."""
    if requests is None:
        return _charge(str(tenant_id), caller=caller)
    by_caller, by_workspace = limits_in_workspace(requests)
    spends = Spend(by_caller, caller, cost), Spend(by_workspace, WHOLE, cost)
    return _charge(str(tenant_id), *spends, caller=caller)


def charge_of_one(caller_id: object, cost: int) -> Charge:
    """In no workspace: as many as a plan gives that says nothing."""
    limit = _limit(CALLER, settings.API_REQUESTS_PER_15_MINUTES)
    return _charge(str(caller_id), Spend(limit, "", cost))


def charge_of_address(address: str, cost: int) -> Charge:
    """Of whoever is nobody, or shows what proves nothing: a network of IPv6 is one address.

    Whatever workspace they name: what is left would tell whether it exists.
    """
    return _charge_of_address(address, settings.API_REQUESTS_PER_15_MINUTES_BY_ADDRESS, cost)


@lru_cache(maxsize=1024)
def _charge_of_address(address: str, requests: int, cost: int) -> Charge:
    return _charge(truncate_ip(address), Spend(_limit(ADDRESS, requests), "", cost))


def charge_of(request: Request, cost: int) -> Charge:
    """Of a request whose sender was looked at."""
    user: Any = request.user
    if isinstance(user, MachinePrincipal):
        kind, caller_id = "key", user.actor.api_key_id
    elif user.is_authenticated:
        kind, caller_id = "member", user.pk
    else:
        return charge_of_address(current_origin().address, cost)
    tenant: Any = getattr(request._request, "tenant", None)
    if tenant is None:
        return charge_of_one(caller_id, cost)
    return charge_in_workspace(tenant.id, f"{kind}:{caller_id}", requests_of(tenant.ref), cost)


def admission_for(charge: Charge, *, is_safe: bool) -> Admission | None:
    """One round trip. None where nothing limits it, and for what only reads while Redis is away.

    What writes is counted by this process then.
    """
    is_open = is_safe or not charge.spends
    try:
        if charge.spends:
            return admit(charge.scope, charge.spends, caller=charge.caller)
        note(charge.scope, charge.caller)
    except REDIS_OUTAGES as error:
        log.warning("rate_limits.unavailable", reason=str(error), is_open=is_open)
        if not is_open:
            return admit_locally(charge.scope, charge.spends)
    return None


def headers_of(charge: Charge, admission: Admission) -> list[tuple[str, str]]:
    """Of every answer: the tightest limit by the fields that clients know, and all of them by the draft's.

    draft-ietf-httpapi-ratelimit-headers-10: RateLimit-Policy and RateLimit.
    """
    limit, remaining, reset_s, _retry_after_s = admission
    left, until = str(remaining), str(reset_s)
    return [
        ("RateLimit-Limit", str(limit.at_most)),
        ("RateLimit-Remaining", left),
        ("RateLimit-Reset", until),
        ("RateLimit-Policy", charge.policy),
        ("RateLimit", f'"{limit.name.partition(".")[2]}";r={left};t={until}'),
    ]


def refusal(admission: Admission) -> RateLimited:
    wait_s = admission.retry_after_s
    return RateLimited(wait_s, WHO[admission.limit.name] % {"n": wait_s})


class LimitedView(APIView):
    """Counts its requests, and says what is left with every answer."""

    # What a request spends, by method, where it is not 1.
    costs: ClassVar[Mapping[str, int]] = {}
    is_limited: ClassVar[bool] = True
    rate_limit_headers: Sequence[tuple[str, str]] = ()

    def perform_authentication(self, request: Request) -> None:
        if not self.is_limited:
            super().perform_authentication(request)
            return
        method = "GET" if request.method == "HEAD" else request.method
        cost = self.costs.get(method or "", 1)
        try:
            super().perform_authentication(request)
        except (PlatformError, APIException):
            self._count(request, charge_of_address(current_origin().address, cost))
            raise
        self._count(request, charge_of(request, cost))

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in self.rate_limit_headers:
            response[name] = value
        return response

    def _count(self, request: Request, charge: Charge) -> None:
        """Raises RateLimited."""
        http_request: Any = request._request
        meta = http_request.META
        notes = notes_of(meta)
        if notes:
            notes.caller, notes.cost = charge.caller, charge.cost
        admission: Admission | None = meta.pop(COUNTED, None)
        if admission is None:
            admission = admission_for(charge, is_safe=request.method in SAFE)
        if admission is None:
            return
        self.rate_limit_headers = headers_of(charge, admission)
        if not admission.is_admitted:
            # Whoever is in no workspace has a counter of their own, which the gateway does not know.
            if notes and (charge.caller or charge.spends[0].limit.name == ADDRESS):
                tenant = getattr(http_request, "tenant", None)
                notes.tenant, notes.is_refused = tenant and tenant.ref, True
            raise refusal(admission)
