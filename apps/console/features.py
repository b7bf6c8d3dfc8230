"""Which features are used: over all tenants, and by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.adoption.registry import features
from apps.adoption.reports import FeatureFigures, features_report, tenant_features
from apps.adoption.rollup import WINDOW_DAYS
from apps.common.actors import Actor
from apps.console import rendering as r
from apps.console.acts import staff_actor
from apps.console.charts import Chart
from apps.console.pages import Cell, Section, Table
from apps.console.revenue import Notes
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant

ACTOR = Actor.system("console")
CHARTS = 6
NOTES = (
    (
        f"Tenants and people are different ones, in the last {WINDOW_DAYS} days (UTC). Uses by programs "
        "count as uses, and as nobody’s."
    ),
    "Added up each hour. What staff do for somebody is no use.",
)


@dataclass(frozen=True, slots=True)
class Uses(Section):
    """chart: uses of a feature by the day. words: for those who do not see it."""

    chart: Chart
    words: str
    kind: ClassVar[str] = "uses"


def features_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """context: of the console's frame. Two statements, one of which counts the tenants."""
    found = features_report(staff_actor(request))
    tenants = Tenant.objects.filter(status=TenantStatus.READY).count()
    known = features()
    used = {one.feature for one in found if one.uses}
    return TemplateResponse(
        request,
        "console/detail.html",
        {
            **context,
            "title": "Features",
            "heading": "Features",
            "lead": f"Which are used, of all {tenants:,} tenants that are ready.",
            "badges": [],
            "sections": [
                Table(
                    f"In the last {WINDOW_DAYS} days",
                    ("Feature", "Tenants", "People", "Uses", "Before"),
                    [_row(one, tenants) for one in found if one.uses or one.uses_before],
                    empty="Nothing that is counted was used yet.",
                ),
                *(
                    Uses(_label(one.feature), Chart(one.days), f"{one.uses:,} uses")
                    for one in found[:CHARTS]
                    if one.uses
                ),
                Table(
                    "Not used",
                    ("Feature", "Code"),
                    [
                        (str(one.label), r.code(code))
                        for code, one in known.items()
                        if code not in used
                    ],
                    empty="Every feature was used.",
                ),
                Notes("", NOTES),
            ],
            "acts": (),
        },
    )


def _label(code: str) -> str:
    known = features().get(code)
    return str(known.label) if known else code


def _row(one: FeatureFigures, tenants: int) -> Sequence[Cell]:
    share = f" ({round(100 * one.tenants / tenants)} %)" if tenants else ""
    return (
        _label(one.feature),
        f"{one.tenants:,}{share}",
        f"{one.people:,}",
        f"{one.uses:,}",
        f"{one.uses_before:,}",
    )


def tenant_features_table(tenant: Tenant) -> Table:
    """Two statements."""
    return Table(
        f"Features, in the last {WINDOW_DAYS} days",
        ("Feature", "People", "Uses", "Last used"),
        [
            (_label(one.feature), f"{one.people:,}", f"{one.uses:,}", f"{one.last:%Y-%m-%d}")
            for one in tenant_features(ACTOR, tenant.pk)
        ],
        empty="Nothing that is counted was used yet.",
    )
