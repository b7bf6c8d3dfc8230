import json

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.console import site as site_module
from apps.console.navigation import environment
from apps.tenants.models import Tenant


def policy(client: Client, path: str) -> dict[str, str]:
    header = client.get(path)["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


def test_the_policy_is_relaxed_for_the_console_only(console: Client, anonymous: Client) -> None:
    relaxed, strict = policy(console, "/console/"), policy(anonymous, "/accounts/login/")
    trusted = {name: strict.pop(name) for name in ("require-trusted-types-for", "trusted-types")}
    assert trusted == {"require-trusted-types-for": "'script'", "trusted-types": "default"}
    assert relaxed == {
        **strict,
        "script-src": "'self' 'unsafe-eval'",
        "style-src-attr": "'unsafe-inline'",
    }
    assert strict["script-src"] == "'self'"
    assert "style-src-attr" not in strict


@pytest.mark.parametrize(
    "path", ["/console/", "/console/tenants/tenant/", "/console/events/outboxevent/"]
)
def test_pages_have_no_inline_script_or_style(console: Client, path: str) -> None:
    html = console.get(path).content.decode()
    assert "<style" not in html
    assert all('src="' in tag.split(">")[0] for tag in html.split("<script")[1:])


def test_signing_in_leads_back(anonymous: Client, console: Client) -> None:
    assert anonymous.get("/console/login/")["Location"] == "/accounts/login/?next=/console/"
    assert console.get("/console/login/")["Location"] == "/console/"


def test_a_filtered_list_survives_the_sign_in(anonymous: Client) -> None:
    response = anonymous.get("/console/tenants/tenant/?status__exact=failed")
    wanted = "/accounts/login/?next=/console/tenants/tenant/%3Fstatus__exact%3Dfailed"
    assert response["Location"] == wanted


def test_log_out(console: Client) -> None:
    assert console.get("/console/logout/").status_code == 405
    response = console.post("/console/logout/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
    assert console.get("/console/").status_code == 302


def test_pages_are_never_cached(console: Client) -> None:
    assert "no-store" in console.get("/console/")["Cache-Control"]


def test_acts_need_the_csrf_token(staff: Person, acme: Tenant) -> None:
    client = Client(HTTP_HOST="localhost:8000", enforce_csrf_checks=True)
    client.force_login(staff)
    response = client.post(f"/console/tenants/tenant/{acme.pk}/suspend/", {"reason": "x"})
    assert response.status_code == 403
    acme.refresh_from_db()
    assert acme.status == "ready"


def test_search_finds_tenants_people_and_pages(
    console: Client, django_assert_max_num_queries: object
) -> None:
    html = console.get("/console/search/?extended=1&s=GLOBEX").content.decode()
    assert "Tenant, Globex, ready" in html
    assert "charlie@globex.test" in html
    assert "alice@acme.test" not in html
    assert "/console/events/handling/" in console.get("/console/search/?s=handl").content.decode()


@pytest.mark.parametrize("term", ["", "   ", "zzzz", "%", "\\", "'" * 300, "<script>"])
def test_search_finds_nothing(console: Client, term: str) -> None:
    response = console.get("/console/search/", {"s": term})
    assert response.status_code == 200
    assert "<script>" not in response.content.decode()
    assert "globex" not in response.content.decode()


def test_environment_badge(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, badge in {
        "config.settings.production": ["Production", "danger"],
        "config.settings.local": ["Local", "info"],
        "config.settings.staging": ["Staging", "warning"],
    }.items():
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", name)
        assert environment(None) == badge  # type: ignore[arg-type]


def test_other_apps_admins_are_not_shown() -> None:
    """The registry is the console's own: what a library registers does not become editable."""
    shown = {model._meta.label for model in site_module.site._registry}
    assert shown == {
        "tenants.Tenant",
        "tenants.Domain",
        "tenants.MigrationRun",
        "accounts.Person",
        "accounts.TenantMembership",
        "adoption.Survey",
        "accounts.BrowserSession",
        "accounts.TokenSession",
        "accounts.SigningKey",
        "accounts.EmailDomain",
        "accounts.IdentityProvider",
        "accounts.ExternalIdentity",
        "accounts.ScimToken",
        "billing.Subscription",
        "billing.Plan",
        "billing.AddOn",
        "billing.CreditPack",
        "billing.TenantPlan",
        "billing.EntitlementOverride",
        "events.OutboxEvent",
        "events.Handling",
        "events.DeadTask",
        "messaging.Suppression",
        "schedules.Schedule",
        "billing.StripeEvent",
        "trail.PlatformEntry",
    }


def test_payloads_are_escaped(console: Client, acme: Tenant) -> None:
    from tests.console.conftest import dead_letter

    handling = dead_letter(acme)
    html = console.get(f"/console/events/outboxevent/{handling.event_id}/").content.decode()
    assert "&lt;Renamed&gt;" in html
    assert "<Renamed>" not in html
    assert json.dumps("tenant_id") not in html  # quotes are escaped too
