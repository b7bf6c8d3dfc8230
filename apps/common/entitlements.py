"""What a tenant may have of something: declared here by every app, and asked where it is used up.

The registry and the gate need no tables, so they sit below the apps that ask, as access.py does; what a
tenant has is known by the billing app (docs/adr/0032-entitlements-below-the-apps.md). Where nobody knows,
or a plan says nothing, the declared default holds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.database import execute_with_next
from apps.common.errors import FieldError, PlatformError
from apps.common.tenancy import HasRef, TenantRef, current_tenant, tenant_context

# From how much of a limit on people are told that it comes near.
NEAR_PERCENT = 80


class Kind(StrEnum):
    BOOLEAN = "boolean"
    LIMIT = "limit"
    METERED = "metered"


# As choices of a field.
KINDS = [(one.value, one.value) for one in Kind]


class Period(StrEnum):
    """After which a metered one begins at nought again: the calendar's month (UTC), or the tenant's own."""

    MONTH = "month"
    BILLING = "billing"


PERIODS = [(one.value, one.value) for one in Period]


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Something that plans give or limit.

    code: `app.thing`, the app's own; never renamed, because plans store it. default: what a tenant has
    whose plan says nothing: whether, or how many; None: any number. unit: of a number, for people, in the
    plural. rows: those that a limit counts, all of them together; called inside the tenant. None: a number
    that counts nothing, which the app asks for by `limit`.
    period: of a metered one. order: smaller is shown earlier. Checked at start-up: apps/billing/checks.py.
    """

    code: str
    label: str | Promise
    description: str | Promise
    kind: Kind
    default: int | None = None
    unit: str | Promise = ""
    rows: Callable[[TenantRef], Sequence[QuerySet[Any]]] | None = None
    period: Period | None = None
    order: int = 50

    @property
    def app(self) -> str:
        return self.code.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Granted:
    """value: how many, or whether (1 or 0); None: any number. is_soft: more is let through, and noted."""

    value: int | None
    is_soft: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What a tenant has of one entitlement, and has used. used: None where nothing is counted."""

    entitlement: Entitlement
    granted: Granted
    used: int | None = None

    @property
    def limit(self) -> int | None:
        return None if self.entitlement.kind is Kind.BOOLEAN else self.granted.value

    @property
    def is_included(self) -> bool:
        return self.granted.value is None or self.granted.value > 0

    @property
    def percent(self) -> int:
        """Of the limit, at most 100."""
        if not self.limit or self.used is None:
            return 100 if self.used else 0
        return min(100, 100 * self.used // self.limit)

    @property
    def state(self) -> str:
        """ok, near, full or over."""
        if self.limit is None or self.used is None:
            return "ok"
        if self.used > self.limit:
            return "over"
        if not self.limit:
            return "ok"
        if self.used == self.limit:
            return "full"
        return "near" if _is_near(self.used, self.limit) else "ok"


class EntitlementExceeded(PlatformError):
    """The plan does not include it, or no more of it. `errors` has the entitlement's code as its code.

    402, so that a program can tell it from a missing permission: no role helps, another plan does.
    """

    status = 402
    code = "entitlement_exceeded"
    title = _("Your plan does not include this")
    default_detail = _("The workspace's plan does not include this, or no more of it.")

    def __init__(self, entitlement: str, detail: str | Promise) -> None:
        super().__init__(detail, errors=[FieldError(entitlement, detail)])
        self.entitlement = entitlement


class Source(Protocol):
    """What the billing app knows."""

    def granted(self, tenant: TenantRef) -> Mapping[str, Granted]:
        """By code, where a plan or an exception says something. No statement while it is remembered."""

    def used(self, tenant: TenantRef, metered: Sequence[Entitlement]) -> Mapping[str, int]:
        """In the present period. One statement."""

    def record(
        self, tenant: TenantRef, entitlement: Entitlement, granted: Granted, amount: int, key: str
    ) -> int | None:
        """Count once by key; what is used then, None where the key was counted before. One statement.

        Raises EntitlementExceeded, and has counted nothing.
        """

    def refusal(self, tenant: TenantRef, entitlement: Entitlement, granted: Granted) -> str:
        """Why not, and which plan helps."""

    def crossed(
        self,
        tenant: TenantRef,
        entitlement: Entitlement,
        granted: Granted,
        used: int,
        *,
        is_over: bool,
    ) -> None:
        """It has just come near its limit, or gone over a soft one."""


_declared: dict[str, Entitlement] = {}
# Declared again with another meaning: the first declaration stands, and a check reports it.
_conflicting: list[Entitlement] = []
_source: Source | None = None


def register_entitlements(entitlements: Iterable[Entitlement]) -> None:
    """Declare an app's entitlements, from its AppConfig.ready(). A code belongs to one declaration."""
    _conflicting.extend(one for one in entitlements if _declared.setdefault(one.code, one) != one)


def set_entitlement_source(source: Source | None) -> None:
    """Called once by the billing app."""
    global _source  # noqa: PLW0603 - set once at start
    _source = source


def entitlements() -> Mapping[str, Entitlement]:
    """Every declared one by its code, in the order that they are shown in."""
    ordered = sorted(_declared.items(), key=lambda item: (item[1].order, item[0]))
    return MappingProxyType(dict(ordered))


def conflicting_entitlements() -> tuple[Entitlement, ...]:
    return tuple(_conflicting)


def entitlement(code: str) -> Entitlement:
    found = _declared.get(code)
    if found is None:
        raise ImproperlyConfigured(f"entitlement {code} is not declared")
    return found


def granted(tenant: TenantRef | HasRef, code: str) -> Granted:
    """What the tenant has. No statement while it is remembered; one round trip to Redis."""
    return _granted(entitlement(code), _known(_ref(tenant)))


def has(tenant: TenantRef | HasRef, code: str) -> bool:
    """Whether the tenant's plan includes it at all."""
    value = granted(tenant, code).value
    return value is None or value > 0


def limit(tenant: TenantRef | HasRef, code: str) -> int | None:
    """How many at most; None: any number, also where the limit is soft."""
    found = granted(tenant, code)
    return None if found.is_soft else found.value


def check(
    tenant: TenantRef | HasRef,
    code: str,
    *,
    adding: int = 1,
    rows: Sequence[QuerySet[Any]] | None = None,
    is_locked: bool = False,
) -> None:
    """Let through or raise EntitlementExceeded, in the transaction that adds.

    No statement where there is no limit, and for a boolean. Else others that add to the same wait until the
    transaction ends, and what is there is counted: one round trip. rows: what to count instead of what is
    declared. is_locked: the caller has a lock already that all who add take.
    """
    one, has_of_it, ref = entitlement(code), granted(tenant, code), _ref(tenant)
    if has_of_it.value is None:
        return
    if one.kind is Kind.BOOLEAN:
        if not has_of_it.value:
            raise _refused(ref, one, has_of_it)
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(f"{code} is checked with what it limits")
    if not is_locked:
        execute_with_next(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"entitlement {ref.id} {code}"],
        )
    before = _used(ref, one, rows)
    if before + adding > has_of_it.value and not has_of_it.is_soft:
        raise _refused(ref, one, has_of_it)
    _notice(ref, one, has_of_it, before, before + adding)


def room(
    tenant: TenantRef | HasRef, code: str, *, rows: Sequence[QuerySet[Any]] | None = None
) -> int | None:
    """How many more there may be now; None: any number. Locks nothing.

    One statement where there is a limit.
    """
    at_most = limit(tenant, code)
    if at_most is None:
        return None
    return max(0, at_most - _used(_ref(tenant), entitlement(code), rows))


def require(tenant: TenantRef | HasRef, code: str, total: int) -> None:
    """For what is no number of rows, as a depth: raises EntitlementExceeded above a hard limit.

    No statement.
    """
    at_most = limit(tenant, code)
    if at_most is not None and total > at_most:
        raise _refused(_ref(tenant), entitlement(code), Granted(at_most))


def record(tenant: TenantRef | HasRef, code: str, *, key: str, amount: int = 1) -> bool:
    """Count what is metered, once for each key; False: it was counted before. One statement, in a
    transaction.

    Raises EntitlementExceeded above a hard limit, and has counted nothing.
    """
    one, has_of_it, ref = entitlement(code), granted(tenant, code), _ref(tenant)
    if one.kind is not Kind.METERED:
        raise ImproperlyConfigured(f"{code} is not metered")
    if amount < 1 or not 1 <= len(key) <= 100:
        raise ValueError("amount is 1 or more, a key 1 to 100 characters")
    if _source is None:
        return True
    with inside(ref):
        used = _source.record(ref, one, has_of_it, amount, key)
    if used is None:
        return False
    _notice(ref, one, has_of_it, used - amount, used)
    return True


def standings(tenant: TenantRef | HasRef) -> list[Standing]:
    """Of all that is declared, in their order. Two statements."""
    ref, all_of_them = _ref(tenant), list(entitlements().values())
    counted = {one.code: one.rows(ref) for one in all_of_them if one.rows is not None}
    with inside(ref):
        used = dict(zip(counted, _count(list(counted.values())), strict=True))
        metered = [one for one in all_of_them if one.kind is Kind.METERED]
        if metered and _source is not None:
            used |= _source.used(ref, metered)
    known = _known(ref)
    return [Standing(one, _granted(one, known), used.get(one.code)) for one in all_of_them]


def _known(ref: TenantRef) -> Mapping[str, Granted]:
    """By code, where something is said. One round trip."""
    return _source.granted(ref) if _source is not None else {}


def _granted(one: Entitlement, known: Mapping[str, Granted]) -> Granted:
    default = None if one.default is None else int(one.default)
    return known.get(one.code) or Granted(default)


def _used(ref: TenantRef, one: Entitlement, rows: Sequence[QuerySet[Any]] | None) -> int:
    with inside(ref):
        if one.kind is Kind.METERED:
            return _source.used(ref, [one]).get(one.code, 0) if _source else 0
        if rows is None:
            rows = one.rows(ref) if one.rows else ()
        return _count([rows])[0]


def _count(groups: Sequence[Sequence[QuerySet[Any]]]) -> list[int]:
    """How many rows there are in each group. One statement."""
    sums: list[str] = []
    parameters: list[Any] = []
    for group in groups:
        parts = ["0"]
        for rows in group:
            text, values = rows.order_by().query.sql_with_params()
            parts.append(f"(SELECT count(*) FROM ({text}) counted)")  # noqa: S608 - Django's own SQL
            parameters.extend(values)
        sums.append(" + ".join(parts))
    if not sums:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(sums)}", parameters)
        return list(cursor.fetchone())


def _notice(ref: TenantRef, one: Entitlement, has_of_it: Granted, before: int, after: int) -> None:
    """Each threshold is crossed by one addition, because those that add wait for each other."""
    at_most = has_of_it.value
    if _source is None or not at_most:
        return
    if has_of_it.is_soft and before <= at_most < after:
        _source.crossed(ref, one, has_of_it, after, is_over=True)
    elif not _is_near(before, at_most) and _is_near(after, at_most):
        _source.crossed(ref, one, has_of_it, after, is_over=False)


def _is_near(used: int, at_most: int) -> bool:
    return 100 * used >= NEAR_PERCENT * at_most


def _refused(ref: TenantRef, one: Entitlement, has_of_it: Granted) -> EntitlementExceeded:
    detail: str | Promise = EntitlementExceeded.default_detail
    if _source is not None:
        detail = _source.refusal(ref, one, has_of_it)
    return EntitlementExceeded(one.code, detail)


def _ref(tenant: TenantRef | HasRef) -> TenantRef:
    return tenant if isinstance(tenant, TenantRef) else tenant.ref


def inside(ref: TenantRef) -> Any:
    """The tenant, entered unless it is."""
    return nullcontext() if current_tenant() == ref else tenant_context(ref)
