"""Who is at which version, and what a run did."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.tenants.enums import MigrationStatus as S
from apps.tenants.fleet.manifest import GONE
from apps.tenants.fleet.plan import TEMPLATE_WAVE
from apps.tenants.fleet.scan import Place, Scan
from apps.tenants.models import MigrationRun, MigrationTarget, Tenant
from apps.tenants.schemas import Key, known_migrations

CURRENT = "current"
# What to type when a run did not reach its end.
RESUME = "manage.py migrate_tenants --resume"


def names(migrations: Iterable[Key]) -> list[str]:
    return [f"{app}.{name}" for app, name in sorted(migrations)]


def by_version(places: Iterable[Place]) -> list[dict[str, Any]]:
    """Tenants by what they lack, the current ones first, then by number.

    What a newer release applied besides does not make a tenant another version.
    """
    groups: dict[tuple[Key, ...], list[str]] = {}
    for place in places:
        groups.setdefault(place.missing, []).append(place.slug)
    return [
        {
            "version": CURRENT if not missing else "lacks " + ", ".join(names(missing)),
            "missing": names(missing),
            "count": len(slugs),
            "tenants": sorted(slugs),
        }
        for missing, slugs in sorted(groups.items(), key=lambda item: (item[0], -len(item[1])))
    ]


def template_missing(scan: Scan) -> list[str]:
    return names(known_migrations() - (scan.template or frozenset()))


def wave_counts(run: MigrationRun) -> QuerySet[MigrationTarget, Any]:
    """How many schemas of each wave are in which state, in the order of waves."""
    return (
        run.targets.order_by("wave")
        .values("wave")
        .annotate(
            total=Count("id"),
            done=Count("id", filter=Q(status=S.DONE)),
            failed=Count("id", filter=Q(status=S.FAILED)),
            gone=Count("id", filter=Q(status=S.DONE, error=GONE)),
        )
    )


def run_facts(run: MigrationRun) -> dict[str, Any]:
    """A run from its manifest, whole: with what was done before it was resumed. Three statements."""
    waves = list(wave_counts(run))
    failed = list(run.targets.filter(status=S.FAILED))
    slugs = dict(
        Tenant.objects.filter(id__in=[t.tenant_id for t in failed]).values_list("id", "slug")
    )
    finished_at = run.finished_at
    return {
        "id": str(run.id),
        "status": run.status,
        "version": run.version,
        "by": run.actor,
        "started_at": run.created_at.isoformat(),
        "finished_at": finished_at.isoformat() if finished_at else None,
        "waves": waves,
        "migrated": sum(w["done"] - w["gone"] for w in waves if w["wave"] != TEMPLATE_WAVE),
        "gone": sum(w["gone"] for w in waves),
        "failed": [
            {
                "tenant": slugs.get(target.tenant_id),
                "schema": target.schema_name,
                "wave": target.wave,
                "attempts": target.attempts,
                "error": target.error,
            }
            for target in failed
        ],
    }
