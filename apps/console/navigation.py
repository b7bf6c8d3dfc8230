"""The sidebar and the frame, for unfold's settings (`config/settings/console.py`)."""

import os
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Page:
    """icon: a Material Symbols name, from the font that unfold brings."""

    title: str
    icon: str
    url_name: str


OVERVIEW = Page("Overview", "monitoring", "admin:index")
GROUPS: dict[str, list[Page]] = {
    "Tenants": [
        Page("Tenants", "domain", "admin:tenants_tenant_changelist"),
        Page("Domains", "language", "admin:tenants_domain_changelist"),
        Page("E-mail domains", "alternate_email", "admin:accounts_emaildomain_changelist"),
        Page("Migrations", "upgrade", "admin:tenants_migrationrun_changelist"),
    ],
    "People": [
        Page("People", "person", "admin:accounts_person_changelist"),
        Page("Memberships", "badge", "admin:accounts_tenantmembership_changelist"),
        Page("Identity providers", "passkey", "admin:accounts_identityprovider_changelist"),
        Page("External identities", "link", "admin:accounts_externalidentity_changelist"),
        Page("Browser sessions", "devices", "admin:accounts_browsersession_changelist"),
        Page("API sessions", "terminal", "admin:accounts_tokensession_changelist"),
        Page("Provisioning tokens", "sync_lock", "admin:accounts_scimtoken_changelist"),
        Page("Signing keys", "key", "admin:accounts_signingkey_changelist"),
        Page("Permissions", "verified_user", "admin:permissions"),
    ],
    "Billing": [
        Page("Revenue", "payments", "admin:revenue"),
        Page("Subscriptions", "autorenew", "admin:billing_subscription_changelist"),
        Page("Plans", "sell", "admin:billing_plan_changelist"),
        Page("Add-ons", "add_shopping_cart", "admin:billing_addon_changelist"),
        Page("Packs of credits", "toll", "admin:billing_creditpack_changelist"),
        Page("Plans of tenants", "assignment_ind", "admin:billing_tenantplan_changelist"),
        Page("Overrides", "tune", "admin:billing_entitlementoverride_changelist"),
        Page("Webhook inbox", "move_to_inbox", "admin:billing_stripeevent_changelist"),
    ],
    "Messages": [
        Page("Providers", "outgoing_mail", "admin:providers"),
        Page("Suppressed addresses", "block", "admin:messaging_suppression_changelist"),
    ],
    "Product": [
        Page("Onboarding", "flag", "admin:onboarding"),
        Page("Features", "bar_chart", "admin:features"),
        Page("Flags", "toggle_on", "admin:flags"),
        Page("Surveys", "reviews", "admin:adoption_survey_changelist"),
    ],
    "Events": [
        Page("Streams", "conversion_path", "admin:streams"),
        Page("Outbox", "outbox", "admin:events_outboxevent_changelist"),
        Page("Handlings", "checklist", "admin:events_handling_changelist"),
        Page("Dead tasks", "assignment_late", "admin:events_deadtask_changelist"),
        Page("Schedules", "schedule", "admin:schedules_schedule_changelist"),
        Page("Audit log", "receipt_long", "admin:trail_platformentry_changelist"),
    ],
}
# Environments by the settings module's name, and unfold's colours for them.
ENVIRONMENTS = {"production": "danger", "local": "info"}


def pages() -> list[Page]:
    return [OVERVIEW, *(page for group in GROUPS.values() for page in group)]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"title": None, "items": [_item(request, OVERVIEW)]},
        *(
            {"title": title, "separator": True, "items": [_item(request, page) for page in group]}
            for title, group in GROUPS.items()
        ),
    ]


def _item(request: HttpRequest, page: Page) -> dict[str, Any]:
    link = reverse(page.url_name)
    here = request.path == link if page is OVERVIEW else request.path.startswith(link)
    return {"title": page.title, "icon": page.icon, "link": link, "active": here}


def environment(_request: HttpRequest) -> list[str]:
    """The badge in the header: which installation this is, before one suspends a tenant in it."""
    name = os.environ["DJANGO_SETTINGS_MODULE"].rpartition(".")[2]
    return [name.capitalize(), ENVIRONMENTS.get(name, "warning")]


def account_links(_request: HttpRequest) -> list[dict[str, str]]:
    return [{"title": "Your workspaces", "link": reverse("workspaces")}]


def icon(_request: HttpRequest) -> str:
    return static("img/mark.svg")


def favicon(_request: HttpRequest) -> str:
    return static("img/favicon.svg")


def stylesheet(_request: HttpRequest) -> str:
    return static("console/console.css")


def script(_request: HttpRequest) -> str:
    return static("console/console.js")
