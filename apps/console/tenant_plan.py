"""A tenant's plan: what it has, what it has used, and what it has besides."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.billing.models import EntitlementOverride, TenantAddOn, TenantPlan
from apps.billing.selectors import plan_of
from apps.common.entitlements import Standing, standings
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.overrides import comp_badge, override_badge, override_words
from apps.console.pages import Cell, Facts, Section, Table
from apps.console.plan_terms import above_words, granted_words
from apps.console.tenant_acts_keys import has_schema
from apps.tenants.models import Tenant

TONES = {"ok": "good", "near": "warn", "full": "warn", "over": "bad"}


def plan_sections(tenant: Tenant) -> list[Section]:
    """Five statements, and two in the tenant."""
    held = plan_of(tenant.pk)
    overrides = EntitlementOverride.objects.filter(tenant=tenant).order_by("code")
    found: list[Section] = [Facts("Plan", _facts(held)), _add_ons(tenant)]
    if has_schema(tenant):
        with tenant_context(tenant):
            rows = [_row(one) for one in standings(tenant)]
        found.append(
            Table(
                "Usage", ("Entitlement", "Used", "Of", "State", "Above it"), rows, empty="Nothing."
            )
        )
    return [*found, _overrides(tenant, overrides)]


def _facts(held: TenantPlan | None) -> Sequence[tuple[str, Cell]]:
    if held is None:
        return [("Plan", "None: every entitlement is at its default")]
    return [
        ("Plan", r.link_to(held.plan_version.plan)),
        ("Version", f"v{held.plan_version.number}"),
        ("Charge", comp_badge(held)),
        ("Since", r.exact(held.since)),
        ("Assigned by", held.actor),
        ("Reason", held.reason or r.NONE),
    ]


def _add_ons(tenant: Tenant) -> Table:
    held = TenantAddOn.objects.filter(tenant=tenant).select_related("add_on").order_by("id")
    return Table(
        "Add-ons",
        ("Add-on", "Quantity", "Since"),
        [(r.link_to(one.add_on), one.quantity, r.when(one.since)) for one in held],
        empty="It has none.",
    )


def _row(one: Standing) -> Sequence[Cell]:
    words = granted_words(one.entitlement.code, one.granted)
    return (
        one.entitlement.code,
        r.NONE if one.used is None else f"{one.used:,}",
        words,
        r.badge(one.state.capitalize(), TONES[one.state]) if one.used is not None else r.NONE,
        above_words(one.entitlement.code, one.granted),
    )


def _overrides(tenant: Tenant, rows: QuerySet[EntitlementOverride]) -> Table:
    return Table(
        "Overrides",
        ("Entitlement", "Value", "State", "Expires", "By", "Reason", "Act"),
        [
            (
                one.code,
                override_words(one),
                override_badge(one),
                r.exact(one.expires_at),
                one.actor,
                one.reason,
                _withdraw_link(tenant, one.code),
            )
            for one in rows
        ],
        empty="It has what its plan and add-ons say.",
    )


def _withdraw_link(tenant: Tenant, code: str) -> SafeString:
    url = reverse("admin:tenants_tenant_withdraw_override", args=[tenant.pk])
    return format_html('<a class="c-link" href="{}?code={}">Withdraw</a>', url, code)
