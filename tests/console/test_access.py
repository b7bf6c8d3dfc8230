"""Every address of the console, for everybody: the list is generated from the site itself."""

import re
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from apps.accounts.models import (
    BrowserSession,
    EmailDomain,
    ExternalIdentity,
    IdentityProvider,
    Person,
    ScimToken,
    TenantMembership,
    TokenSession,
)
from apps.accounts.signing_keys import signing_key_rotate
from apps.accounts.token_sessions import token_session_start
from apps.adoption.models import Survey
from apps.billing.models import (
    AddOn,
    CreditPack,
    EntitlementOverride,
    Plan,
    PlanVersion,
    StripeEvent,
    Subscription,
    TenantAddOn,
    TenantPlan,
)
from apps.common.tenancy import tenant_context
from apps.console.site import site
from apps.credits.models import Account, AdjustmentRequest, Grant
from apps.events.models import DeadTask, Handling, OutboxEvent
from apps.messaging.enums import Channel
from apps.messaging.models import Suppression
from apps.messaging.suppressions import suppression_add
from apps.organizations.models import Group, Organization, RoleBinding
from apps.schedules.models import Schedule
from apps.tenants.models import Domain, MigrationRun, Tenant
from apps.trail.chains import PLATFORM_CHAIN, entries_append
from tests.audit.conftest import new_entry
from tests.billing.rows import give_everything
from tests.conftest import SYSTEM, World
from tests.console.conftest import PUBLIC, browser_session, dead_letter, signed_in

# Not pages: staff get these answers.
NOT_PAGES = {"/console/login/": 302, "/console/logout/": 405, "/console/no/such/page/": 404}


def routes(
    patterns: list[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, str | None]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route, pattern.name


def address(route: str, objects: dict[str, Any]) -> str:
    route = route.replace(
        "^(?P<app_label>tenants|accounts|billing|adoption|events|schedules|messaging|trail)/$",
        "tenants/",
    )
    route = route.replace("(?P<url>.*)$", "no/such/page/")
    route = route.replace("<str:code>", "notifications.sms_codes")
    if "<uuid:object_id>" in route:
        model = "/".join(route.split("/")[:2])
        route = route.replace("<uuid:object_id>", str(objects[model].pk))
    assert not re.search(r"[<(^$]", route), f"no address for {route}"
    return f"/console/{route}"


def platform_entry() -> uuid.UUID:
    """The id that its page is found by."""
    entry = new_entry(1)
    entries_append(PLATFORM_CHAIN, [entry])
    return entry.event_id


@pytest.fixture
def addresses(world: World) -> list[str]:
    handling = dead_letter(world.acme)
    give_everything(world.acme)
    provider = IdentityProvider.objects.create(
        tenant=world.acme, name="Acme ID", issuer="https://id.acme.test", algorithms=["RS256"]
    )
    objects = {
        "tenants/tenant": world.acme,
        "tenants/domain": Domain.objects.get(tenant=world.acme),
        "tenants/migrationrun": MigrationRun.objects.create(version="x", actor="system:tests"),
        "accounts/person": world.bob,
        "accounts/tenantmembership": TenantMembership.objects.filter(tenant=world.acme).first(),
        "accounts/browsersession": browser_session(world.bob),
        "accounts/tokensession": token_session_start(
            person=world.bob, tenant_id=None, user_agent="curl/8.5.0", ip=None
        ).session,
        "accounts/emaildomain": EmailDomain.objects.create(
            tenant=world.acme, domain="acme.test", token="t0k3n"
        ),
        "accounts/identityprovider": provider,
        "accounts/externalidentity": ExternalIdentity.objects.create(
            provider=provider, tenant=world.acme, issuer="x", subject="1", person=world.bob
        ),
        "accounts/scimtoken": ScimToken.objects.create(tenant=world.acme, label="x"),
        "accounts/signingkey": signing_key_rotate(actor=SYSTEM),
        "adoption/survey": Survey.objects.create(
            code="tests.survey", kind="nps", question="?", trigger="on_page", page="members"
        ),
        "billing/subscription": Subscription.objects.get(),
        "billing/plan": Plan.objects.get(),
        "billing/addon": AddOn.objects.get(),
        "billing/creditpack": CreditPack.objects.get(),
        "billing/tenantplan": TenantPlan.objects.get(),
        "billing/entitlementoverride": EntitlementOverride.objects.get(),
        "events/outboxevent": handling.event,
        "events/handling": handling,
        "trail/platformentry": SimpleNamespace(pk=platform_entry()),
        "events/deadtask": DeadTask.objects.create(task="tests.refused", reason="no tenant"),
        "schedules/schedule": Schedule.objects.create(name="events-prune", next_at=timezone.now()),
        "messaging/suppression": suppression_add(
            actor=SYSTEM, channel=Channel.EMAIL, address="dana@example.com", note="x"
        ),
        "billing/stripeevent": StripeEvent.objects.create(
            stripe_id="evt_1",
            type="invoice.paid",
            is_live=False,
            occurred_at=timezone.now(),
            lane="cus_1",
            payload='{"data": {"object": {}}}',
            state="dead",
        ),
    }
    found = [address(route, objects) for route, _name in routes(site.get_urls())]
    assert len(found) == len(set(found)) >= 30
    return found


def state() -> list[Any]:
    """Everything that an act of the console can change."""
    with tenant_context(Tenant.objects.get(slug="acme")):
        inside = [
            list(model.objects.order_by("id").values())
            for model in (Organization, RoleBinding, Group, Account, Grant, AdjustmentRequest)
        ]
    return [
        *inside,
        list(Tenant.objects.order_by("id").values()),
        list(Domain.objects.order_by("id").values()),
        list(EmailDomain.objects.order_by("id").values()),
        list(ScimToken.objects.order_by("id").values()),
        list(Person.objects.order_by("id").values("id", "is_active", "is_staff", "password")),
        list(BrowserSession.objects.exclude(person__is_staff=True).order_by("id").values()),
        list(TokenSession.objects.order_by("id").values()),
        list(Handling.objects.order_by("id").values()),
        list(DeadTask.objects.order_by("id").values()),
        *(
            list(model.objects.order_by("id").values())
            for model in (Plan, PlanVersion, TenantPlan, TenantAddOn, EntitlementOverride)
        ),
        list(Schedule.objects.order_by("id").values()),
        list(Survey.objects.order_by("id").values()),
        list(StripeEvent.objects.order_by("id").values()),
        list(Suppression.objects.order_by("id").values()),
        list(Subscription.objects.order_by("id").values()),
        # Visitors' own sign-ins begin and end.
        OutboxEvent.objects.exclude(name__startswith="accounts.session_").count(),
    ]


def test_staff_open_every_page(console: Client, addresses: list[str]) -> None:
    for url in addresses:
        response = console.get(url)
        expected = NOT_PAGES.get(url)
        if expected is None and response.status_code == 302:
            # An act that the object's state does not allow leads back to the object.
            assert response["Location"].startswith("/console/"), url
            assert url.startswith(response["Location"]), url
        else:
            assert response.status_code == (expected or 200), url


def test_the_signed_out_are_sent_to_the_platforms_sign_in(
    anonymous: Client, addresses: list[str]
) -> None:
    before = state()
    for url in addresses:
        following = "/console/" if url in ("/console/login/", "/console/logout/") else url
        wanted = f"/accounts/login/?next={following}"
        for response in (anonymous.get(url), anonymous.post(url, {"reason": "x", "slug": "acme"})):
            assert (response.status_code, response["Location"]) == (302, wanted), url
    assert state() == before


@pytest.mark.parametrize("who", ["owner", "member"])
def test_people_who_are_not_staff_find_nothing(
    who: str, world: World, addresses: list[str]
) -> None:
    client = signed_in(world.alice if who == "owner" else world.bob)
    before = state()
    for url in addresses:
        assert client.get(url).status_code == 404, url
        assert client.post(url, {"reason": "x", "slug": "acme"}).status_code == 404, url
    assert state() == before


def test_inactive_staff_are_signed_out(console: Client, staff: Person) -> None:
    Person.objects.filter(id=staff.id).update(is_active=False)
    response = console.get("/console/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/console/")


def test_former_staff_find_nothing(console: Client, staff: Person) -> None:
    Person.objects.filter(id=staff.id).update(is_staff=False)
    assert console.get("/console/").status_code == 404


def test_tenant_hosts_have_no_console(world: World, staff: Person, addresses: list[str]) -> None:
    client = Client(HTTP_HOST="acme.localhost:8000")
    client.force_login(staff)
    before = state()
    for url in addresses:
        assert client.get(url).status_code == 404, url
        assert client.post(url, {"reason": "x", "slug": "acme"}).status_code == 404, url
    assert state() == before


def test_unknown_hosts_have_no_console(staff: Person) -> None:
    client = Client(HTTP_HOST="nobody.localhost:8000")
    client.force_login(staff)
    assert client.get("/console/").status_code == 404


@pytest.mark.parametrize("path", ["not-a-uuid/", "01900000-0000-7000-8000-000000000000/"])
@pytest.mark.parametrize(
    "model", ["tenants/tenant", "accounts/person", "events/handling", "events/outboxevent"]
)
def test_objects_that_do_not_exist(console: Client, model: str, path: str) -> None:
    assert console.get(f"/console/{model}/{path}").status_code == 404


def test_there_are_no_forms_over_models(console: Client, world: World) -> None:
    for path in ("add/", f"{world.acme.pk}/change/", f"{world.acme.pk}/history/"):
        assert console.get(f"/console/tenants/tenant/{path}").status_code == 404
    assert console.get(f"/console/accounts/person/{world.bob.pk}/password/").status_code == 404


def test_public_host_is_needed_by_name(staff: Person) -> None:
    client = Client(HTTP_HOST=PUBLIC)
    client.force_login(staff)
    assert client.get("/console/").status_code == 200
