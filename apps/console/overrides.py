"""Which tenant has which plan, and what tenants have besides, over the whole platform."""

from collections.abc import Sequence

from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.billing.models import EntitlementOverride, TenantPlan
from apps.common.entitlements import Granted
from apps.console import rendering as r
from apps.console.pages import Cell, ConsolePage, Facts, Section
from apps.console.plan_terms import granted_words


class TenantPlanAdmin(ConsolePage):
    empty_text = "No tenant has a plan: nothing is limited. See manage.py billing assign --missing."
    list_display = ("tenant", "plan_version", "comp", "since_when", "actor")
    list_display_links = ("tenant",)
    list_filter = ("plan_version__plan", "is_comp")
    list_select_related = ("tenant", "plan_version__plan")
    search_fields = ("tenant__slug", "tenant__name")
    search_help_text = "Address or name of the tenant"
    ordering = ("-since",)

    @display(description="Charge", ordering="is_comp")
    def comp(self, held: TenantPlan) -> SafeString:
        return comp_badge(held)

    @display(description="Since", ordering="since")
    def since_when(self, held: TenantPlan) -> SafeString:
        return r.when(held.since)

    def title(self, obj: TenantPlan) -> str:
        return f"{obj.tenant}: {obj.plan_version}"

    def badges(self, obj: TenantPlan) -> Sequence[SafeString]:
        return (comp_badge(obj),)

    def sections(self, obj: TenantPlan) -> Sequence[Section]:
        return [
            Facts(
                "Facts",
                [
                    ("Tenant", r.link_to(obj.tenant)),
                    ("Plan", r.link_to(obj.plan_version.plan)),
                    ("Version", f"v{obj.plan_version.number}"),
                    ("Since", r.exact(obj.since)),
                    ("Periods begin as", r.exact(obj.period_anchor_at)),
                    ("Assigned by", obj.actor),
                    ("Reason", obj.reason or r.NONE),
                ],
            )
        ]


class OverrideAdmin(ConsolePage):
    empty_text = (
        "Every tenant has what its plan says. Set an override on the plan page of a tenant."
    )
    list_display = ("tenant", "code", "value_words", "state", "expires", "actor")
    list_display_links = ("tenant",)
    list_filter = ("code",)
    list_select_related = ("tenant",)
    search_fields = ("tenant__slug", "code", "reason", "actor")
    search_help_text = "Tenant, entitlement, reason or who set it"
    ordering = ("-id",)

    @display(description="Value", ordering="value")
    def value_words(self, one: EntitlementOverride) -> Cell:
        return override_words(one)

    @display(description="State")
    def state(self, one: EntitlementOverride) -> SafeString:
        return override_badge(one)

    @display(description="Expires", ordering="expires_at")
    def expires(self, one: EntitlementOverride) -> SafeString:
        return r.when(one.expires_at)

    def title(self, obj: EntitlementOverride) -> str:
        return f"{obj.code} of {obj.tenant}"

    def badges(self, obj: EntitlementOverride) -> Sequence[SafeString]:
        return (override_badge(obj),)

    def sections(self, obj: EntitlementOverride) -> Sequence[Section]:
        return [
            Facts(
                "Facts",
                [
                    ("Tenant", r.link_to(obj.tenant)),
                    ("Entitlement", r.code(obj.code)),
                    ("Value", override_words(obj)),
                    ("Expires", r.exact(obj.expires_at)),
                    ("Set", r.exact(obj.updated_at)),
                    ("Set by", obj.actor),
                    ("Reason", obj.reason),
                ],
            )
        ]


def comp_badge(held: TenantPlan) -> SafeString:
    return (
        r.badge("Free of charge", "info")
        if held.is_comp
        else r.badge("Paid as the plan says", "quiet")
    )


def override_badge(one: EntitlementOverride) -> SafeString:
    if one.expires_at is not None and one.expires_at <= timezone.now():
        return r.badge("Expired", "quiet")
    return r.badge("In force", "good")


def override_words(one: EntitlementOverride) -> Cell:
    words = granted_words(one.code, Granted(one.value, one.is_soft))
    return f"{words} (soft)" if one.is_soft else words
