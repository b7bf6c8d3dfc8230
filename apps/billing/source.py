"""What tenants have, for the gate in apps/common/entitlements.py.

Each process remembers what it read of a tenant while the tenant's epoch is the one from before
(docs/adr/0020-authorization-epochs.md), until the next exception expires, and for a minute at most.
"""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts import epochs
from apps.billing.events import LimitExceeded, LimitNeared
from apps.billing.models import TenantPlan, UsageCounter
from apps.billing.periods import period_start
from apps.billing.selectors import plan_that_gives_more
from apps.billing.usage import OverLimit, usage_record
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.entitlements import Entitlement, EntitlementExceeded, Granted, Kind, inside
from apps.common.outages import REDIS_OUTAGES
from apps.common.tenancy import TenantRef
from apps.events.services import publish
from apps.tenants.selectors import tenant_by_id

log = structlog.get_logger(__name__)

ACTOR = Actor.system("billing")
MAX_AGE_S = 60
MAX_ENTRIES = 10_000

# The plan's, the add-ons', and the exceptions, of which one is all there is for its code.
READ = """
SELECT 'plan', e.code, e.value, e.is_soft, 1, NULL::timestamptz
FROM public.billing_tenantplan t
JOIN public.billing_planentitlement e ON e.plan_version_id = t.plan_version_id
WHERE t.tenant_id = %(tenant_id)s
UNION ALL
SELECT 'add_on', e.code, e.value, e.is_soft, t.quantity, NULL
FROM public.billing_tenantaddon t JOIN public.billing_planentitlement e ON e.add_on_id = t.add_on_id
WHERE t.tenant_id = %(tenant_id)s
UNION ALL
SELECT 'override', code, value, is_soft, 1, expires_at
FROM public.billing_entitlementoverride
WHERE tenant_id = %(tenant_id)s AND (expires_at IS NULL OR expires_at > %(now)s)
UNION ALL
SELECT 'anchor', p.code, NULL, false, 1, t.period_anchor_at
FROM public.billing_tenantplan t
JOIN public.billing_planversion v ON v.id = t.plan_version_id
JOIN public.billing_plan p ON p.id = v.plan_id
WHERE t.tenant_id = %(tenant_id)s
"""


def epoch_of(tenant_id: uuid.UUID) -> str:
    """Of what a tenant has. Who changes it calls epochs.change(epoch_of(...)) in the transaction."""
    return f"epoch:entitlements:{tenant_id}"


@dataclass(slots=True)
class Known:
    """epoch: from before it was read. good_until: when the next exception expires."""

    epoch: str
    read_at_s: float
    granted: dict[str, Granted] = field(default_factory=dict)
    good_until: datetime | None = None
    anchor: datetime | None = None
    plan: str = ""

    def is_good(self, epoch: str) -> bool:
        return (
            self.epoch == epoch
            and time.monotonic() - self.read_at_s < MAX_AGE_S
            and (self.good_until is None or self.good_until > timezone.now())
        )


_lock = threading.Lock()
_entries: OrderedDict[uuid.UUID, Known] = OrderedDict()


def known_of(tenant: TenantRef) -> Known:
    """One round trip to Redis; one statement unless remembered. Without Redis, always the statement."""
    key = epoch_of(tenant.id)
    try:
        epoch = epochs.read(key)[key]
    except REDIS_OUTAGES as error:
        log.warning("billing.epochs_unavailable", error=str(error))
        return _read(tenant, epochs.CHANGING)
    with _lock:
        known = _entries.get(tenant.id)
    if known is not None and epoch != epochs.CHANGING and known.is_good(epoch):
        return known
    known = _read(tenant, epoch)
    if epoch != epochs.CHANGING:
        with _lock:
            _entries[tenant.id] = known
            if len(_entries) > MAX_ENTRIES:
                _entries.popitem(last=False)
    return known


def _read(tenant: TenantRef, epoch: str) -> Known:
    known = Known(epoch, time.monotonic())
    with inside(tenant), connection.cursor() as cursor:
        cursor.execute(READ, {"tenant_id": tenant.id, "now": timezone.now()})
        rows = cursor.fetchall()
    overridden = {code for kind, code, *_rest in rows if kind == "override"}
    for kind, code, value, is_soft, quantity, moment in rows:
        if kind == "anchor":
            known.anchor, known.plan = moment, code
        elif kind == "override":
            known.granted[code] = Granted(value, is_soft)
            if moment is not None and (known.good_until is None or moment < known.good_until):
                known.good_until = moment
        elif code not in overridden:
            known.granted[code] = _sum(known.granted.get(code), value, is_soft, quantity)
    return known


def _sum(before: Granted | None, value: int | None, is_soft: bool, quantity: int) -> Granted:
    """Limits add up; any number stays any number. Soft is what one of them makes soft."""
    if before is None:
        return Granted(None if value is None else value * quantity, is_soft)
    if value is None or before.value is None:
        return Granted(None, False)
    return Granted(before.value + value * quantity, before.is_soft or is_soft)


class BillingPlans:
    """See apps.common.flags.PlanSource."""

    def plan_of(self, tenant: TenantRef) -> str:
        return known_of(tenant).plan

    @system_connection()
    def plans(self) -> Mapping[uuid.UUID, str]:
        return dict(TenantPlan.objects.values_list("tenant_id", "plan_version__plan__code"))


class BillingSource:
    """See apps.common.entitlements.Source."""

    def granted(self, tenant: TenantRef) -> Mapping[str, Granted]:
        return known_of(tenant).granted

    def used(self, tenant: TenantRef, metered: Sequence[Entitlement]) -> Mapping[str, int]:
        starts = {one.code: self._start(tenant, one) for one in metered}
        rows = UsageCounter.objects.filter(
            tenant_id=tenant.id, code__in=starts, period_start__in=set(starts.values())
        ).values_list("code", "period_start", "used")
        found = dict.fromkeys(starts, 0)
        found.update({code: used for code, start, used in rows if starts[code] == start})
        return found

    def record(
        self, tenant: TenantRef, entitlement: Entitlement, granted: Granted, amount: int, key: str
    ) -> int | None:
        try:
            return usage_record(
                tenant_id=tenant.id,
                code=entitlement.code,
                key=key,
                amount=amount,
                period_start=self._start(tenant, entitlement),
                at_most=None if granted.is_soft else granted.value,
            )
        except OverLimit as error:
            detail = self.refusal(tenant, entitlement, granted)
            raise EntitlementExceeded(entitlement.code, detail) from error

    def refusal(self, tenant: TenantRef, entitlement: Entitlement, granted: Granted) -> str:
        """Three statements: it is refused, so they cost nobody anything."""
        with inside(tenant):
            mine = TenantPlan.objects.filter(tenant_id=tenant.id).select_related(
                "plan_version__plan"
            )
            plan = mine.first()
        said = _said(entitlement, granted, plan.plan_version.plan.name if plan else "")
        better = plan_that_gives_more(entitlement, granted.value or 0)
        if better is None:
            return _("%(said)s Ask us for more.") % {"said": said}
        found = tenant_by_id(tenant.id)
        return _("%(said)s %(plan)s includes %(more)s: %(link)s") % {
            "said": said,
            "plan": better.plan.name,
            "more": _more(entitlement, better.value),
            "link": found.url("/plan/compare/") if found else "",
        }

    def crossed(
        self,
        tenant: TenantRef,
        entitlement: Entitlement,
        granted: Granted,
        used: int,
        *,
        is_over: bool,
    ) -> None:
        event: type[Any] = LimitExceeded if is_over else LimitNeared
        publish(
            event(tenant_id=tenant.id, code=entitlement.code, used=used, limit=granted.value or 0),
            actor=ACTOR,
            tenant_id=tenant.id,
        )

    def _start(self, tenant: TenantRef, one: Entitlement) -> datetime:
        return period_start(one.period, timezone.now(), known_of(tenant).anchor)


def _said(one: Entitlement, granted: Granted, plan: str) -> str:
    said = {"label": one.label, "plan": plan or _("your plan"), "n": f"{granted.value or 0:,}"}
    if one.kind is Kind.BOOLEAN or granted.value == 0:
        return _("%(label)s: not included in %(plan)s.") % said
    if one.kind is Kind.METERED:
        return _("%(label)s: the %(n)s a month that %(plan)s includes are used up.") % said
    return _("%(label)s: no more than the %(n)s that %(plan)s includes.") % said


def _more(one: Entitlement, value: int | None) -> str:
    if one.kind is Kind.BOOLEAN:
        return _("it")
    return _("any number") if value is None else f"{value:,}"
