"""Feature flags: what is on for whom, apart from what is deployed.

Apps declare them in their `flags.py`; staff decide in the console; `is_on` asks. What was decided is kept by
the adoption app, a tenant's plan by billing, both layers above. Evaluated through OpenFeature
(https://openfeature.dev/specification), so that a product may also ask by its API, or put another provider
in our place (docs/adr/0045-feature-flags-by-openfeature.md).

Each process reads all rules at once, and again when a second has passed and something was changed.
"""

import hashlib
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn, Protocol

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from openfeature import api as openfeature
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import TypeMismatchError
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata

from apps.common.breakers import open_among
from apps.common.outages import OUTAGES
from apps.common.tenancy import HasRef, TenantRef, current_tenant

log = structlog.get_logger(__name__)

# What is decided takes effect everywhere within a second.
REFRESH_S = 0.8
BUCKETS = 10_000
DOMAIN = "wrapper"


class Mode(StrEnum):
    """What staff decided. AS_DECLARED: nothing. TARGETED: for some plans, and a share of the rest."""

    AS_DECLARED = "as_declared"
    OFF = "off"
    ON = "on"
    TARGETED = "targeted"


class By(StrEnum):
    """What a percentage is a share of."""

    TENANT = "tenant"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Flag:
    """code: `app.thing`, lasting. default: where staff decided nothing.

    degrades_with: name of a breaker, `sms.twilio`: while it is open, the flag is off whatever else holds.
    is_for_clients: programs may know of it, and list it. Checked at start-up: apps/adoption/checks.py.
    """

    code: str
    label: str | Promise
    description: str | Promise
    default: bool = False
    by: By = By.TENANT
    degrades_with: str = ""
    is_for_clients: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What staff decided on one. percent, plans: of TARGETED. on, off: tenants that have it otherwise."""

    mode: Mode = Mode.AS_DECLARED
    percent: int = 0
    plans: frozenset[str] = frozenset()
    on: frozenset[uuid.UUID] = frozenset()
    off: frozenset[uuid.UUID] = frozenset()


class Source(Protocol):
    def rules(self) -> Mapping[str, Rule]:
        """By code; those without one are as declared. No statement while it is remembered."""


class PlanSource(Protocol):
    def plan_of(self, tenant: TenantRef) -> str:
        """The plan's code; empty: none. One round trip to Redis while it is remembered."""

    def plans(self) -> Mapping[uuid.UUID, str]:
        """Of every tenant that has one. One statement, as the system."""


@dataclass(slots=True)
class _Kept:
    """What this process knows until it reads again. degraded: breakers that are open."""

    read_at_s: float
    rules: Mapping[str, Rule]
    degraded: frozenset[str]
    plans: dict[uuid.UUID, str] = field(default_factory=dict)


_declared: dict[str, Flag] = {}
_source: Source | None = None
_plan_source: PlanSource | None = None
_kept: _Kept | None = None
_reading = threading.Lock()
_NOBODY = Rule()


def declare_flags(*flags: Flag) -> None:
    """Called by an app's `flags.py`, when it is imported at the start. Raises ImproperlyConfigured."""
    for one in flags:
        if _declared.setdefault(one.code, one) != one:
            raise ImproperlyConfigured(f"the flag {one.code} is declared twice")


def flags() -> dict[str, Flag]:
    """Every declared one by its code."""
    return dict(sorted(_declared.items()))


def set_flag_source(source: Source) -> None:
    """Called once by the adoption app."""
    global _source  # noqa: PLW0603 - set once at start
    _source = source


def set_plan_source(source: PlanSource) -> None:
    """Called once by the billing app."""
    global _plan_source  # noqa: PLW0603 - set once at start
    _plan_source = source


def is_on(
    code: str,
    *,
    tenant: TenantRef | HasRef | None = None,
    person_id: uuid.UUID | None = None,
) -> bool:
    """Whether it is on for the tenant (the current one, if none is given) and the person.

    No statement and no round trip; once in REFRESH_S, two round trips to Redis, and one for each tenant whose
    plan matters. Without Redis one statement in that time; without a database, what was known, or the
    defaults. Raises ImproperlyConfigured for one that no app declares.
    """
    flag = _declared.get(code)
    if flag is None:
        raise ImproperlyConfigured(f"flag {code} is not declared")
    context = context_for(flag, tenant, person_id)
    return _client.get_boolean_value(code, flag.default, context)


def flags_on(
    *, tenant: TenantRef | HasRef | None = None, person_id: uuid.UUID | None = None
) -> list[str]:
    """Codes of those that programs may know of, and that are on."""
    return [
        code
        for code, one in flags().items()
        if one.is_for_clients and is_on(code, tenant=tenant, person_id=person_id)
    ]


def context_for(
    flag: Flag, tenant: TenantRef | HasRef | None, person_id: uuid.UUID | None
) -> EvaluationContext:
    """What the provider decides by: tenant_id, person_id and, where it matters, plan."""
    ref = tenant.ref if tenant is not None and not isinstance(tenant, TenantRef) else tenant
    ref = ref or current_tenant()
    attributes: dict[str, Any] = {}
    if ref is not None:
        attributes["tenant_id"] = str(ref.id)
        if _state().rules.get(flag.code, _NOBODY).plans:
            attributes["plan"] = _plan_of(ref)
    if person_id is not None:
        attributes["person_id"] = str(person_id)
    return EvaluationContext(attributes.get(f"{flag.by}_id"), attributes)


def decided(
    flag: Flag, rule: Rule, context: EvaluationContext, degraded: frozenset[str] = frozenset()
) -> tuple[bool, Reason]:
    """Whether it is on, and why: what is away, then what was said of the tenant, then the rule."""
    tenant_id = str(context.attributes.get("tenant_id", ""))
    if flag.degrades_with in degraded:
        return False, Reason.DISABLED
    if tenant_id and (rule.on or rule.off):
        named = uuid.UUID(tenant_id)
        if named in rule.off or named in rule.on:
            return named in rule.on, Reason.TARGETING_MATCH
    if rule.mode is Mode.AS_DECLARED:
        return flag.default, Reason.DEFAULT
    if rule.mode is not Mode.TARGETED:
        return rule.mode is Mode.ON, Reason.STATIC
    if context.attributes.get("plan") in rule.plans:
        return True, Reason.TARGETING_MATCH
    key = context.targeting_key or ""
    return bool(key) and bucket(flag.code, key) < rule.percent * BUCKETS // 100, Reason.SPLIT


def bucket(code: str, key: str) -> int:
    """Where somebody stands, from 0 to BUCKETS - 1: always the same, and with each flag another.

    Who is below a percentage stays below a larger one.
    """
    digest = hashlib.blake2b(f"{code}:{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % BUCKETS


def plans() -> Mapping[uuid.UUID, str]:
    """As PlanSource has it; empty where nothing is sold."""
    return _plan_source.plans() if _plan_source is not None else {}


def degraded_now() -> frozenset[str]:
    """Breakers that flags are degraded with, and that are open, as this process knows it."""
    return _state().degraded


def forget() -> None:
    """Read anew at the next question: called where something was changed."""
    global _kept  # noqa: PLW0603 - one for the process
    _kept = None


def _plan_of(ref: TenantRef) -> str:
    known = _state().plans
    if ref.id not in known:
        known[ref.id] = _plan_source.plan_of(ref) if _plan_source is not None else ""
    return known[ref.id]


def _state() -> _Kept:
    """While one thread reads, the others go on with what is known."""
    global _kept  # noqa: PLW0603 - one for the process
    kept = _kept
    if kept is not None and time.monotonic() - kept.read_at_s < REFRESH_S:
        return kept
    if not _reading.acquire(blocking=kept is None):
        assert kept is not None  # noqa: S101 - else it had been waited for
        return kept
    try:
        if _kept is kept:
            _kept = _read(kept)
        return _kept or _read(kept)
    finally:
        _reading.release()


def _read(before: _Kept | None) -> _Kept:
    # From before it is read: what changes meanwhile is read the next time.
    now_s = time.monotonic()
    names = sorted({one.degrades_with for one in _declared.values() if one.degrades_with})
    try:
        rules = _source.rules() if _source is not None else {}
    except OUTAGES as error:
        log.warning("flags.unavailable", reason=str(error))
        rules = before.rules if before is not None else {}
    return _Kept(now_s, rules, open_among(names))


class Provider(AbstractProvider):
    """Our flags for OpenFeature. They are booleans, and no other type is asked for."""

    def get_metadata(self) -> Metadata:
        return Metadata(name=DOMAIN)

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        kept, flag = _state(), _declared[flag_key]
        rule = kept.rules.get(flag_key, _NOBODY)
        context = evaluation_context or EvaluationContext()
        value, reason = decided(flag, rule, context, kept.degraded)
        return FlagResolutionDetails(value, reason=reason, variant="on" if value else "off")

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        _no_boolean(flag_key)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        _no_boolean(flag_key)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        _no_boolean(flag_key)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Any,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[Any] | Mapping[str, Any]]:
        _no_boolean(flag_key)


def _no_boolean(code: str) -> NoReturn:
    raise TypeMismatchError(f"{code} is on or off")


openfeature.set_provider(Provider(), domain=DOMAIN)
_client = openfeature.get_client(domain=DOMAIN)
