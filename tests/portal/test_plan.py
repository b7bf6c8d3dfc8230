"""The plan of a workspace, what is used of it, and the others."""

import pytest

from apps.accounts.models import Person
from apps.billing import catalogue
from apps.billing.models import Plan
from apps.billing.selectors import version_of
from apps.billing.services import catalogue_load, plan_assign
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.roles.services import role_create
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM, Entitle
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.django_db


def assign(tenant: Tenant, code: str, **kwargs: object) -> None:
    with system_connection():
        catalogue_load(actor=SYSTEM, plans=catalogue.PLANS, add_ons=catalogue.ADD_ONS)
        version = version_of(code)
    plan_assign(actor=SYSTEM, tenant_id=tenant.id, plan_version_id=version.id, **kwargs)  # type: ignore[arg-type]


def page(sign_in: SignIn, person: Person, tenant: Tenant, path: str) -> str:
    response = sign_in(person, tenant).get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_without_a_plan(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    html = page(sign_in, alice, acme, "/plan/")
    assert "No plan yet" in html
    assert "2 seats, no limit" in html
    # Of text messages, which have a limit without any plan.
    assert html.count('class="meter') == 1
    assert "No plans are on sale" in page(sign_in, alice, acme, "/plan/compare/")


def test_usage(sign_in: SignIn, alice: Person, acme: Tenant, entitle: Entitle) -> None:
    assign(acme, "starter", is_comp=True, reason="Friends of the house")
    entitle({"organizations.seats": 2, "organizations.depth": 1, "roles.custom_roles": 0})
    html = page(sign_in, alice, acme, "/plan/")
    assert "Starter" in html
    assert "Free of charge" in html
    assert "2 of 2 seats" in html
    assert html.count("All used") == 2
    assert "Nearly used up" not in html
    assert "Not included" in html
    assert "0 of 10 exports this month" in html
    # Why is for staff.
    assert "Friends of the house" not in html
    assert "You use more" not in html


def test_more_than_is_included(
    sign_in: SignIn, alice: Person, acme: Tenant, owner: Actor, entitle: Entitle
) -> None:
    entitle({"organizations.seats": 1}, is_soft=True)
    html = page(sign_in, alice, acme, "/plan/")
    assert "You use more than your plan includes" in html
    assert "<li>Seats: 2 of 1 seats</li>" in html
    assert "More than that is let through." in html
    assert '<rect width="100"' in html


def test_plans(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    assign(acme, "business")
    html = page(sign_in, alice, acme, "/plan/compare/")
    assert html.index("Free") < html.index("Starter") < html.index("Enterprise")
    assert '€19</span><span class="text-xs text-muted">for each seat and month' in html
    assert html.count("Current plan") == 1
    assert "On request" in html
    assert "100 and more" in html
    yearly = page(sign_in, alice, acme, "/plan/compare/?interval=year&currency=USD")
    assert '$210</span><span class="text-xs text-muted">for each seat and year' in yearly
    # What is not there is as if nothing was asked for.
    assert "€19" in page(sign_in, alice, acme, "/plan/compare/?interval=day&currency=XXX")


def test_a_plan_that_is_sold_on_other_terms(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    from apps.billing.declarations import Terms
    from apps.billing.services import version_draft, version_publish

    assign(acme, "business")
    with system_connection():
        version = version_of("business")
    draft = version_draft(actor=SYSTEM, plan_id=version.plan_id, terms=Terms())
    version_publish(actor=SYSTEM, plan_version_id=draft.id)
    html = page(sign_in, alice, acme, "/plan/compare/")
    assert "You keep the terms that you chose" in html
    assert "Current plan" not in html
    Plan.objects.filter(code="business").update(is_public=False)
    html = page(sign_in, alice, acme, "/plan/compare/")
    assert "You keep the terms" not in html
    assert "Business" not in html


def test_contact(
    sign_in: SignIn, alice: Person, bob: Person, acme: Tenant, settings: object
) -> None:
    assign(acme, "business")
    settings.SUPPORT_EMAIL = ""  # type: ignore[attr-defined]
    assert "Contact us" not in page(sign_in, alice, acme, "/plan/compare/")
    settings.SUPPORT_EMAIL = "sales@platform.test"  # type: ignore[attr-defined]
    html = page(sign_in, alice, acme, "/plan/compare/")
    assert html.count("Contact us about") == 2
    assert "mailto:sales@platform.test?subject=Enterprise%20for%20acme" in html


def test_who_may_see_it(
    sign_in: SignIn, alice: Person, bob: Person, charlie: Person, acme: Tenant
) -> None:
    for path in ("/plan/", "/plan/compare/"):
        assert sign_in(bob, acme).get(path).status_code == 403
        assert sign_in(charlie, acme).get(path).status_code == 404
        assert sign_in(alice, acme).post(path).status_code == 405
    assert 'href="/plan/"' not in sign_in(bob, acme).get("/").content.decode()
    assert 'href="/plan/"' in sign_in(alice, acme).get("/").content.decode()


def test_a_refusal_leads_to_the_plans(
    sign_in: SignIn, alice: Person, acme: Tenant, owner: Actor, entitle: Entitle
) -> None:
    assign(acme, "free")
    role_create(actor=owner, name="One", permission_codes=[])
    form = {"name": "Two", "description": "", "permissions": []}
    response = sign_in(alice, acme).post("/roles/new/", form)
    html = response.content.decode()
    assert "Custom roles: no more than the 1 that Free includes. Starter includes 5" in html
    entitle({"tenants.exports": 0})
    response = sign_in(alice, acme).post("/settings/export/")
    assert response.status_code in (302, 402)
