"""Plans, add-ons and entitlements by API. Every answer is compared with the document."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.api import limits
from apps.organizations.models import Member
from apps.organizations.services import binding_create
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.billing.conftest import Assign
from tests.conftest import Entitle

pytestmark = pytest.mark.django_db


def test_plans_are_for_everybody(sold: None, api: Any, alice: Person, acme: Tenant) -> None:
    for client in (api(None), api(alice), api(None, None)):
        found = client.get("billing/plans/")
        assert found.status_code == 200
    body = found.json()
    assert (body["next"], body["previous"]) == (None, None)
    assert [one["code"] for one in body["results"]] == ["free", "starter", "business", "enterprise"]
    business = body["results"][2]
    assert (business["name"], business["version"], business["trial_days"]) == ("Business", 1, 14)
    assert business["credits_per_period_microcredits"] == 1_000_000_000
    assert business["credits_rollover_microcredits"] == 500_000_000
    assert business["prices"][0] == {
        "currency": "EUR",
        "interval": "month",
        "amount_minor": 1900,
        "is_per_seat": True,
    }
    seats = {one["code"]: one for one in business["entitlements"]}["organizations.seats"]
    assert seats == {
        "code": "organizations.seats",
        "label": "Seats",
        "description": "Active members and open invitations.",
        "kind": "limit",
        "unit": "seats",
        "period": None,
        "value": 100,
        "is_soft": True,
    }
    assert body["results"][3]["prices"] == []
    assert api(None).get("billing/plans/", page="2").status_code == 400


def test_add_ons(sold: None, api: Any) -> None:
    found = api(None, None).get("billing/add-ons/").json()["results"]
    assert [one["code"] for one in found] == ["seats_10", "single_sign_on"]
    assert found[1]["entitlements"][0]["value"] == 1


def test_a_few_statements(sold: None, api: Any, statements_of: Any) -> None:
    assert statements_of(lambda: api(None, None).get("billing/plans/")) == 3


def test_what_the_workspace_has(
    assign: Assign, entitle: Entitle, api: Any, alice: Person, acme: Tenant
) -> None:
    none = api(alice).get("billing/entitlements/").json()
    assert none["plan"] is None
    assign("starter")
    entitle({"organizations.seats": 2})
    body = api(alice).get("billing/entitlements/").json()
    assert (body["plan"]["code"], body["plan"]["version"], body["plan"]["is_comp"]) == (
        "starter",
        1,
        False,
    )
    found = {one["code"]: one for one in body["entitlements"]}
    assert next(iter(found)) == "organizations.seats"
    assert {name: found["organizations.seats"][name] for name in ("value", "used", "state")} == {
        "value": 2,
        "used": 2,
        "state": "full",
    }
    assert (found["tenants.exports"]["period"], found["tenants.exports"]["used"]) == ("month", 0)
    assert (
        found["accounts.single_sign_on"]["value"],
        found["accounts.single_sign_on"]["used"],
    ) == (
        0,
        None,
    )


@pytest.mark.parametrize(
    ("code", "status"), [("member", 403), ("auditor", 200), ("billing_admin", 200), ("admin", 200)]
)
def test_who_sees_it(
    code: str,
    status: int,
    sold: None,
    api: Any,
    owner: Any,
    bob: Person,
    bob_member: Member,
    root: Any,
    role: Any,
) -> None:
    if code != "member":
        given: Role = role(code)
        binding_create(
            actor=owner, member_id=bob_member.id, role_id=given.id, organization_id=root.id
        )
    assert api(bob).get("billing/entitlements/").status_code == status


def test_others_do_not_see_it(
    assign: Assign, api: Any, charlie: Person, acme: Tenant, globex: Tenant
) -> None:
    assign("starter")
    assert api(charlie).get("billing/entitlements/").status_code == 404
    assert api(None).get("billing/entitlements/").status_code == 401
    assert api(charlie, globex).get("billing/entitlements/").json()["plan"] is None
    assert api(charlie, None).get("billing/entitlements/").status_code == 400


@pytest.mark.parametrize(
    ("code", "path", "body"),
    [
        ("roles.custom_roles", "roles/", {"name": "Host", "permissions": []}),
        ("tenants.custom_domains", "tenant/domains/", {"domain": "app.example.com"}),
        ("organizations.provisioning", "scim-tokens/", {"label": "Entra"}),
        ("tenants.exports", "tenant/exports/", {}),
        (
            "roles.api_keys",
            "api-keys/",
            {"name": "Import", "permissions": ["organizations.view_member"]},
        ),
    ],
)
def test_refusals(
    entitle: Entitle, api: Any, alice: Person, acme: Tenant, code: str, path: str, body: Any
) -> None:
    entitle({code: 0})
    refused = api(alice).post(path, body)
    assert refused.status_code == 402, refused.content
    problem = refused.json()
    assert problem["code"] == "entitlement_exceeded"
    assert [one["code"] for one in problem["errors"]] == [code]
    assert "not included in your plan" in problem["detail"]
    entitle({code: 1})
    assert api(alice).post(path, body).status_code in (201, 202)


def test_a_plan_says_how_many_requests(assign: Assign, api: Any, alice: Person) -> None:
    assign("enterprise")
    limits.forget_all()
    assert api(alice).get("billing/entitlements/")["RateLimit-Limit"] == "8000"
