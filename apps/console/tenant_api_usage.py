"""Who calls a tenant's API, what is left to them, and who was refused."""

from collections.abc import Sequence

from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.pages import Cell, Facts, Section, Table
from apps.organizations.selectors_api_usage import API_KEY, CallerUsage, api_usage_of_all
from apps.tenants.models import Tenant


def api_usage_sections(tenant: Tenant) -> list[Section]:
    """Two statements, in the tenant."""
    with tenant_context(tenant):
        usage = api_usage_of_all()
    each = f"{usage.limit:,} of each caller" if usage.limit is not None else "Any number"
    facts: list[tuple[str, Cell]] = [
        ("Limit in 15 minutes", each),
        ("Requests", f"{usage.requests:,} since {r.exact(usage.since)}"),
    ]
    if usage.workspace_limit is not None:
        left = f"{usage.workspace_remaining:,} of {usage.workspace_limit:,}"
        facts.append(("Left to the tenant", left))
    return [
        Facts("API usage", facts),
        Table(
            "Callers",
            ("Caller", "Kind", "Requests", "Left", "Refused", "Last refused"),
            [_row(one) for one in usage.callers],
            empty="Nobody calls the API now, and nobody was refused since yesterday.",
            more=f"{usage.others:,} more have sent fewer." if usage.others else "",
        ),
    ]


def _row(one: CallerUsage) -> Sequence[Cell]:
    return (
        one.name or r.NONE,
        "API key" if one.kind == API_KEY else "Member",
        f"{one.requests:,}",
        r.NONE if one.remaining is None else f"{one.remaining:,}",
        r.badge(f"{one.refused:,}", "bad") if one.refused else "0",
        r.when(one.refused_at),
    )
