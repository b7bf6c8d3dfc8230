"""From a look at everything to what is mended.

Listing tells who is suspect, cheaply: a hundred objects a request. What differs is told, and mended, of one
customer after another, by what Stripe says while the customer's lane is ours: nothing that changes meanwhile
is taken for a difference, and nothing newer is overwritten.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from apps.billing import gateway
from apps.billing.customers import billing_customer_follow
from apps.billing.enums import StripeEventState
from apps.billing.errors import StripeUnavailable
from apps.billing.events import Reconciled
from apps.billing.inbox import mirror
from apps.billing.inbox.fetching import Current, current_object
from apps.billing.inbox.lanes import lane_lock
from apps.billing.inbox.storing import stored
from apps.billing.models import BillingCustomer, StripeEvent, TenantPlan
from apps.billing.reconciling.catalogue import differences_of_catalogue
from apps.billing.reconciling.comparing import differences, differences_of_stranger
from apps.billing.reconciling.findings import Finding, Report
from apps.billing.reconciling.purchases import purchase_mend
from apps.billing.reconciling.sides import There, here_of, there_all, there_one
from apps.billing.services.purchases import purchase_take_over
from apps.billing.services.seats import seats_note_changed
from apps.billing.services.subscriptions import subscription_take_over
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.events.services import publish
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant

log = structlog.get_logger(__name__)

DAYS = 40
MAX_DAYS = 3660
AT_ONCE = 200
# A customer that is linked now has a subscription to take over, which has a plan.
ROUNDS = 3
# In which order things are mended: what others hang on first.
ORDER = ("customer", "subscription", "payment_intent", "charge", "invoice", "purchase")


@system_connection()
def reconcile(
    *, actor: Actor, tenant: Tenant | None = None, days: int = DAYS, is_dry_run: bool = False
) -> Report:
    """Compare all, or one tenant, and mend what can be; the report has what was mended too.

    days: how old invoices and payments are looked at. A dry run changes nothing. Not inside a transaction.
    Publishes billing.reconciled, and what mending does. Raises PermissionDenied, StripeRefused,
    StripeUnavailable.
    """
    require_platform(actor)
    since = timezone.now() - timedelta(days=days)
    if tenant is None:
        report, suspects = _survey(since)
    else:
        suspects = _customers_of(tenant)
        report = Report(findings=[] if suspects else _unpaid([tenant]))
    report.add(_customers(actor, suspects, since, is_dry_run=is_dry_run))
    report.checked = max(report.checked, len(suspects))
    if not is_dry_run:
        _publish(actor, report)
    return report


@system_connection()
def survey(*, actor: Actor, days: int = DAYS) -> list[str]:
    """The customers that customers_reconcile is to look at; as reconcile without it."""
    require_platform(actor)
    report, suspects = _survey(timezone.now() - timedelta(days=days))
    _publish(actor, report)
    return suspects


@system_connection()
def customers_reconcile(*, actor: Actor, stripe_ids: Sequence[str], days: int = DAYS) -> Report:
    """As reconcile, for some customers of Stripe."""
    require_platform(actor)
    since = timezone.now() - timedelta(days=days)
    report = _customers(actor, stripe_ids, since, is_dry_run=False)
    _publish(actor, report)
    return report


def _survey(since: datetime) -> tuple[Report, list[str]]:
    with gateway.stripe_client() as client:
        report = Report(findings=list(differences_of_catalogue(client)))
        there = there_all(client, since)
    # Rows are read after the lists: what is there without a row is not merely too new.
    suspects, known = [], set()
    linked = BillingCustomer.objects.filter(stripe_id__isnull=False).order_by("id")
    ids = [str(one) for one in linked.values_list("stripe_id", flat=True)]
    for start in range(0, len(ids), AT_ONCE):
        for stripe_id, here in here_of(ids[start : start + AT_ONCE], since).items():
            known.add(stripe_id)
            if any(differences(here, there.get(stripe_id, There()))):
                suspects.append(stripe_id)
    unlinked = set()
    for stripe_id, found in there.items():
        if stripe_id not in known and (strange := list(differences_of_stranger(found))):
            suspects.append(stripe_id)
            unlinked |= {one.tenant for one in strange if one.kind == "customer_unlinked"}
    report.checked = len(known | set(there))
    report.findings += _unpaid(Tenant.objects.exclude(slug__in=unlinked))
    return report, suspects


def _unpaid(tenants: Iterable[Tenant]) -> list[Finding]:
    """Those that never were at Stripe and have what costs. Of the others the comparison tells."""
    held = TenantPlan.objects.filter(
        tenant__in=tenants,
        is_comp=False,
        plan_version__prices__amount_minor__gt=0,
        tenant__cloned_from_id=None,
        tenant__billing_customer__stripe_id=None,
    ).exclude(tenant__status=TenantStatus.DELETING)
    rows = held.select_related("tenant", "plan_version__plan").order_by("id").distinct()
    return [
        Finding("plan_unpaid", one.tenant.slug, "plan", str(one.id), str(one), "none")
        for one in rows
    ]


def _customers_of(tenant: Tenant) -> list[str]:
    """The tenant's, or what Stripe has under its name: who asked for it may have died before the answer."""
    row = BillingCustomer.objects.filter(tenant=tenant).first()
    found = {row.stripe_id} if row and row.stripe_id else set()
    with gateway.stripe_client() as client:
        query: Any = {"query": f'metadata["tenant_id"]:"{tenant.id}"', "limit": 100}
        found |= {one.id for one in client.v1.customers.search(query).auto_paging_iter()}
    return sorted(found)


def _customers(
    actor: Actor, stripe_ids: Iterable[str], since: datetime, *, is_dry_run: bool
) -> Report:
    report = Report()
    for stripe_id in stripe_ids:
        report.checked += 1
        waits = StripeEvent.objects.filter(lane=stripe_id, state=StripeEventState.PENDING)
        with lane_lock(stripe_id) as is_mine:
            if not is_mine or waits.exists():
                report.waiting.append(stripe_id)
                continue
            report.findings += _customer(actor, stripe_id, since, is_dry_run=is_dry_run)
    return report


def _customer(actor: Actor, stripe_id: str, since: datetime, *, is_dry_run: bool) -> list[Finding]:
    """What differed, and whether it does no more. Under the lane's lock."""
    found: dict[tuple[str, str], Finding] = {}
    tried: set[tuple[str, str]] = set()
    for _round in range(ROUNDS + 1):
        left = _differences(stripe_id, since)
        found = {one.key: one for one in left} | found
        todo = [one for one in left if one.is_mendable and one.key not in tried]
        if is_dry_run or not todo:
            break
        tried |= {one.key for one in todo}
        for kind, object_id in _objects(todo):
            _mend(actor, kind, object_id, stripe_id)
    if not is_dry_run and any(one.kind == "seats" for one in left):
        tenant_id = BillingCustomer.objects.get(stripe_id=stripe_id).tenant_id
        seats_note_changed(actor=actor, tenant_id=tenant_id)
    still = {one.key for one in left}
    for one in found.values():
        one.is_mended = one.key not in still
    return list(found.values())


def _differences(stripe_id: str, since: datetime) -> list[Finding]:
    with gateway.stripe_client() as client:
        there = there_one(client, stripe_id, since)
    here = here_of([stripe_id], since).get(stripe_id)
    return list(differences_of_stranger(there) if here is None else differences(here, there))


def _objects(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Each once. Of subscriptions those that there is a row of before those that take its place."""
    named = {
        (ORDER.index(one.object_type), one.kind == "subscription_missing", one.object_id): one
        for one in findings
    }
    return list(
        dict.fromkeys((named[key].object_type, named[key].object_id) for key in sorted(named))
    )


def _mend(actor: Actor, kind: str, object_id: str, customer_id: str) -> None:
    """As the inbox does it. What fails is left, and the report says so; the next one may well succeed."""
    try:
        if kind == "purchase":
            purchase_mend(actor, object_id)
            return
        current = current_object(kind, object_id, customer_id)
        stored(lambda: _take_over(actor, current, customer_id))
    except StripeUnavailable:
        raise
    except Exception:
        # Whatever dj-stripe raises means the same. Without the connection the lock is gone.
        if connection.connection is None or connection.connection.closed:
            raise
        log.exception("billing.not_mended", kind=kind, stripe_id=object_id, customer=customer_id)


def _take_over(actor: Actor, current: Current, customer_id: str) -> None:
    kind, found = current.object["object"], current.object
    if current.is_gone:
        mirror.mark_deleted(kind, found["id"])
        return
    mirror.store(found)
    row = BillingCustomer.objects.filter(stripe_id=customer_id).first()
    if kind in ("invoice", "payment_intent", "charge") and row is not None:
        purchase_take_over(actor=actor, tenant_id=row.tenant_id, found=found)
    if kind == "customer":
        billing_customer_follow(actor=actor, found=found)
    if kind == "subscription" and row is not None:
        subscription_take_over(actor=actor, tenant_id=row.tenant_id, found=found)


@transaction.atomic
def _publish(actor: Actor, report: Report) -> None:
    left = report.left
    kinds = " ".join(f"{kind}={count}" for kind, count in report.counts.items())
    publish(
        Reconciled(
            place="stripe",
            checked=report.checked,
            mended=len(report.findings) - len(left),
            left=len(left),
            kinds=kinds,
        ),
        actor=actor,
        tenant_id=None,
    )
    for one in left:
        log.warning(
            "billing.not_reconciled",
            kind=one.kind,
            tenant=one.tenant,
            stripe_id=one.object_id,
            here=one.here,
            there=one.there,
        )
