"""Versions of plans: drafted, published, retired. A published one is never changed."""

import uuid
from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.declarations import PriceTerms, Terms, terms_validate
from apps.billing.enums import Interval
from apps.billing.events import PlanChanged, PlanVersionChanged
from apps.billing.models import AddOn, Plan, PlanEntitlement, PlanVersion, Price
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.entitlements import Granted
from apps.common.errors import Conflict, NotFound
from apps.events.services import publish


@system_connection()
@transaction.atomic
def version_draft(*, actor: Actor, plan_id: uuid.UUID, terms: Terms) -> PlanVersion:
    """The next version of a plan, which nobody can have yet. Locks the catalogue.

    Publishes billing.plan_version_changed. Raises PermissionDenied, NotFound, InvalidInput, Conflict
    (there is a draft already).
    """
    require_platform(actor)
    catalogue_locked()
    plan = Plan.objects.filter(id=plan_id).first()
    if plan is None:
        raise NotFound
    if plan.versions.filter(published_at=None).exists():
        raise Conflict(
            _("%s has a draft already. Publish or discard it first.") % plan, code="draft_exists"
        )
    version = version_make(plan, terms_validate(terms))
    _publish(actor, version, "drafted")
    return version


@system_connection()
@transaction.atomic
def version_publish(*, actor: Actor, plan_version_id: uuid.UUID) -> PlanVersion:
    """Sell a draft from now on; who has an older version keeps it. Locks the catalogue.

    Publishes billing.plan_version_changed. Raises PermissionDenied, NotFound, Conflict (no draft).
    """
    version = _version(actor, plan_version_id)
    if version.published_at is not None:
        raise Conflict(_("%s is published already.") % version, code="published")
    version.published_at = timezone.now()
    version.save(update_fields=["published_at", "updated_at"])
    _publish(actor, version, "published")
    return version


@system_connection()
@transaction.atomic
def version_retire(*, actor: Actor, plan_version_id: uuid.UUID) -> PlanVersion:
    """Sell a version no longer; the one before, that is not retired, is sold again. Locks the catalogue.

    Who has it keeps it. Publishes billing.plan_version_changed. Raises PermissionDenied, NotFound,
    Conflict (not published, or new tenants would begin without a plan).
    """
    version = _version(actor, plan_version_id)
    if version.state != "published":
        raise Conflict(_("%s is not on sale.") % version, code="not_published")
    others = version.plan.versions.filter(published_at__isnull=False, retired_at=None)
    if version.plan.is_default and not others.exclude(id=version.id).exists():
        raise Conflict(
            _("New tenants begin with %s. Publish another version first.") % version.plan,
            code="default_plan",
        )
    version.retired_at = timezone.now()
    version.save(update_fields=["retired_at", "updated_at"])
    _publish(actor, version, "retired")
    return version


@system_connection()
@transaction.atomic
def version_discard(*, actor: Actor, plan_version_id: uuid.UUID) -> None:
    """Delete a draft. Publishes billing.plan_version_changed. Raises PermissionDenied, NotFound, Conflict."""
    version = _version(actor, plan_version_id)
    if version.published_at is not None:
        raise Conflict(_("%s is published: retire it instead.") % version, code="published")
    _publish(actor, version, "discarded")
    version.delete()


@system_connection()
@transaction.atomic
def plan_retire(*, actor: Actor, plan_id: uuid.UUID) -> Plan:
    """Sell a plan no longer. Who has it keeps it. Locks the catalogue. Publishes billing.plan_changed.

    Raises PermissionDenied, NotFound, Conflict (retired already, or new tenants begin with it).
    """
    require_platform(actor)
    catalogue_locked()
    plan = Plan.objects.filter(id=plan_id).first()
    if plan is None:
        raise NotFound
    if plan.retired_at is not None:
        raise Conflict(_("%s is retired already.") % plan, code="plan_retired")
    if plan.is_default:
        raise Conflict(_("New tenants begin with %s.") % plan, code="default_plan")
    plan.retired_at = timezone.now()
    plan.save(update_fields=["retired_at", "updated_at"])
    publish(
        PlanChanged(plan_id=plan.id, code=plan.code, change="retired"), actor=actor, tenant_id=None
    )
    return plan


def catalogue_locked() -> None:
    """Changes of the catalogue wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('billing catalogue', 0))")


def version_make(plan: Plan, terms: Terms) -> PlanVersion:
    """The next version, unpublished, with all its parts."""
    latest = plan.versions.aggregate(latest=Max("number"))["latest"] or 0
    version = PlanVersion.objects.create(
        plan=plan,
        number=latest + 1,
        trial_days=terms.trial_days,
        credits_per_period_microcredits=terms.credits_per_period_microcredits,
        credits_rollover_microcredits=terms.credits_rollover_microcredits,
    )
    parts_make(terms, plan_version=version)
    return version


def parts_make(
    terms: Terms, *, plan_version: PlanVersion | None = None, add_on: AddOn | None = None
) -> None:
    owner = {"plan_version": plan_version, "add_on": add_on}
    Price.objects.bulk_create(
        Price(
            **owner,
            currency=one.currency,
            interval=one.interval,
            amount_minor=one.amount_minor,
            is_per_seat=one.is_per_seat,
        )
        for one in terms.prices
    )
    PlanEntitlement.objects.bulk_create(
        PlanEntitlement(**owner, code=code, value=one.value, is_soft=one.is_soft)
        for code, one in terms.entitlements.items()
    )


def terms_of(
    prices: Iterable[Price], entitlements: Iterable[PlanEntitlement], version: PlanVersion | None
) -> Terms:
    """As they are stored, in an order that two can be compared in."""
    return terms_sorted(
        Terms(
            tuple(
                PriceTerms(one.currency, Interval(one.interval), one.amount_minor, one.is_per_seat)
                for one in prices
            ),
            {one.code: Granted(one.value, one.is_soft) for one in entitlements},
            version.trial_days if version else 0,
            version.credits_per_period_microcredits if version else 0,
            version.credits_rollover_microcredits if version else 0,
        )
    )


def terms_sorted(terms: Terms) -> Terms:
    return Terms(
        tuple(sorted(terms.prices, key=lambda one: (one.currency, one.interval))),
        dict(sorted(terms.entitlements.items())),
        terms.trial_days,
        terms.credits_per_period_microcredits,
        terms.credits_rollover_microcredits,
    )


def _version(actor: Actor, plan_version_id: uuid.UUID) -> PlanVersion:
    require_platform(actor)
    catalogue_locked()
    version = PlanVersion.objects.select_related("plan").filter(id=plan_version_id).first()
    if version is None:
        raise NotFound
    return version


def _publish(actor: Actor, version: PlanVersion, change: str) -> None:
    plan = version.plan
    publish(
        PlanVersionChanged(plan_id=plan.id, code=plan.code, number=version.number, change=change),
        actor=actor,
        tenant_id=None,
    )
