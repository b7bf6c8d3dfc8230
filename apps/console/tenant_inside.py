"""Pages about what a tenant's own schema holds, which its page leads to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.safestring import SafeString

from apps.console import rendering as r
from apps.console.acts import Act
from apps.console.audit import AUDIT_ACTS, audit_sections
from apps.console.features import tenant_features_table
from apps.console.onboarding import onboarding_sections
from apps.console.pages import Section
from apps.console.roles import roles_table
from apps.console.surveys import tenant_answers_table
from apps.console.tenant_access import bindings_sections, groups_sections
from apps.console.tenant_acts_access import BINDING_ACTS, GROUP_ACTS, ORGANIZATION_ACTS
from apps.console.tenant_acts_credits import CREDIT_PAGE_ACTS
from apps.console.tenant_acts_keys import KEY_ACTS, api_keys_table, has_schema
from apps.console.tenant_acts_plan import PLAN_ACTS
from apps.console.tenant_acts_refund import REFUND_ACTS
from apps.console.tenant_api_usage import api_usage_sections
from apps.console.tenant_credits import credits_sections
from apps.console.tenant_invoices import invoices_table
from apps.console.tenant_members import IMPERSONATE_ACTS, members_sections
from apps.console.tenant_notifications import NOTIFICATION_ACTS, notifications_sections
from apps.console.tenant_organizations import organizations_sections
from apps.console.tenant_plan import plan_sections
from apps.tenants.models import Tenant

SEARCH_LENGTH = 100


@dataclass(frozen=True, slots=True)
class InsidePage:
    """path: the end of its address. fact: the label beside its link.

    sections: given the tenant and what is searched for. acts: those of the tenant that it offers, too.
    """

    path: str
    title: str
    fact: str
    sections: Callable[[Tenant, str], Sequence[Section]]
    acts: Sequence[Act] = ()

    @property
    def url_name(self) -> str:
        return f"tenants_tenant_{self.path.replace('-', '_')}"

    def link(self, tenant: Tenant) -> SafeString:
        return r.link(reverse(f"admin:{self.url_name}", args=[tenant.pk]), self.title)


def _in_schema(
    sections: Callable[[Tenant, str], Sequence[Section]],
) -> Callable[[Tenant, str], Sequence[Section]]:
    """Nothing while the tenant has no schema."""
    return lambda tenant, q: sections(tenant, q) if has_schema(tenant) else []


INSIDE_PAGES = (
    InsidePage("members", "Members", "People", _in_schema(members_sections), IMPERSONATE_ACTS),
    InsidePage(
        "organizations",
        "Organizations",
        "Tree",
        _in_schema(lambda tenant, _q: organizations_sections(tenant)),
        ORGANIZATION_ACTS,
    ),
    InsidePage("bindings", "Role holders", "Holders", _in_schema(bindings_sections), BINDING_ACTS),
    InsidePage("groups", "Groups", "Groups", _in_schema(groups_sections), GROUP_ACTS),
    InsidePage("roles", "Roles", "Access", lambda tenant, _q: [roles_table(tenant)]),
    InsidePage(
        "api-keys", "API keys", "Programs", lambda tenant, _q: [api_keys_table(tenant)], KEY_ACTS
    ),
    InsidePage(
        "api-usage",
        "API usage",
        "Requests",
        _in_schema(lambda tenant, _q: api_usage_sections(tenant)),
    ),
    InsidePage(
        "plan", "Plan and usage", "Plan", lambda tenant, _q: plan_sections(tenant), PLAN_ACTS
    ),
    InsidePage(
        "invoices", "Invoices", "Billing", lambda tenant, _q: [invoices_table(tenant)], REFUND_ACTS
    ),
    InsidePage(
        "credits",
        "Credits",
        "Credits",
        _in_schema(lambda tenant, _q: credits_sections(tenant)),
        CREDIT_PAGE_ACTS,
    ),
    InsidePage(
        "notifications",
        "Notifications",
        "Notifications",
        _in_schema(notifications_sections),
        NOTIFICATION_ACTS,
    ),
    InsidePage(
        "onboarding",
        "Onboarding",
        "Setup",
        _in_schema(lambda tenant, _q: onboarding_sections(tenant)),
    ),
    InsidePage(
        "feedback",
        "Features and feedback",
        "Use",
        lambda tenant, _q: [tenant_features_table(tenant), tenant_answers_table(tenant)],
    ),
    InsidePage(
        "audit", "Audit log", "Audit", lambda tenant, _q: audit_sections(tenant), AUDIT_ACTS
    ),
)
