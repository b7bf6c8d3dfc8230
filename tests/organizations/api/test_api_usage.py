"""Who sees who calls the API."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.api.limits import REQUESTS
from apps.common.rate_limits import window_start_s
from apps.organizations import selectors_api_usage
from apps.organizations.models import Member, Organization
from apps.organizations.services import binding_create
from apps.roles.models import ApiKey
from apps.tenants.models import Tenant
from tests.api.client import statements
from tests.conftest import Entitle
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db
PATH = "tenant/api-usage/"


def test_by_member_and_key(
    entitle: Entitle,
    owner: Actor,
    api: Any,
    bearer: Any,
    alice: Person,
    bob: Person,
    bob_member: Member,
) -> None:
    entitle({REQUESTS: 4})
    made = make_key(owner, "Import")
    key, member = by_key(made.text), bearer(bob)
    for _ in range(6):
        key.get("members/")
    member.get("members/")
    found = api(alice).get(PATH)
    assert found.status_code == 200
    body = found.json()
    assert body["limit"] == 4
    assert (body["workspace_limit"], body["workspace_remaining"]) == (40, 34)
    assert body["requests"] == 6
    assert body["others"] == 0
    by_name = {one["name"]: one for one in body["callers"]}
    assert body["callers"][0]["name"] == "Import"
    refused_at = by_name["Import"].pop("refused_at")
    assert refused_at is not None
    assert by_name["Import"] == {
        "kind": "api_key",
        "id": str(made.key.id),
        "name": "Import",
        "requests": 4,
        "remaining": 0,
        "refused": 2,
    }
    assert by_name["Bob Baker"] == {
        "kind": "member",
        "id": str(bob_member.id),
        "name": "Bob Baker",
        "requests": 1,
        "remaining": 3,
        "refused": 0,
        "refused_at": None,
    }
    assert by_name["Alice Archer"]["requests"] == 1


def test_who_may(api: Any, alice: Person, bob: Person, charlie: Person) -> None:
    assert api(alice).get(PATH).status_code == 200
    refused = api(bob).get(PATH)
    assert refused.status_code == 403
    assert "tenants.view_settings" in refused.json()["detail"]
    assert api(charlie).get(PATH).status_code == 404
    assert api(None).get(PATH).status_code == 401


def test_members_whom_one_may_not_see_have_no_name(owner: Actor, bearer: Any, bob: Person) -> None:
    key = by_key(make_key(owner, "Watcher", ["tenants.view_settings"]).text)
    bearer(bob).get("members/")
    found = {one["kind"]: one for one in key.get(PATH).json()["callers"]}
    assert (found["member"]["id"], found["member"]["name"]) == (None, "")
    assert found["api_key"]["name"] == "Watcher"


def test_gone_ones(owner: Actor, api: Any, alice: Person, bearer: Any, bob: Person) -> None:
    made = make_key(owner, "Import")
    by_key(made.text).get("members/")
    ApiKey.objects.filter(id=made.key.id).delete()
    (gone,) = [one for one in api(alice).get(PATH).json()["callers"] if one["kind"] == "api_key"]
    assert (gone["id"], gone["name"], gone["requests"]) == (str(made.key.id), "", 1)


def test_any_number(entitle: Entitle, api: Any, alice: Person) -> None:
    entitle({REQUESTS: None})
    body = api(alice).get(PATH).json()
    assert (body["limit"], body["workspace_limit"], body["workspace_remaining"]) == (
        None,
        None,
        None,
    )
    assert body["callers"][0]["remaining"] is None
    assert body["callers"][0]["requests"] == 1


def test_only_those_with_the_most_are_shown(
    api: Any, bearer: Any, alice: Person, bob: Person, monkeypatch: Any
) -> None:
    monkeypatch.setattr(selectors_api_usage, "SHOWN", 1)
    client = bearer(bob)
    client.get("members/")
    client.get("members/")
    body = api(alice).get(PATH).json()
    assert [one["name"] for one in body["callers"]] == ["Bob Baker"]
    assert (body["others"], body["requests"]) == (1, 3)


def test_the_window(api: Any, alice: Person) -> None:
    body = api(alice).get(PATH).json()
    assert body["since"][-4:] == ":00Z"
    assert window_start_s() % 900 == 0


def test_statements(api: Any, alice: Person) -> None:
    client = api(alice)
    client.get(PATH)
    with statements(at_most=4):
        client.get(PATH)


def test_another_workspace_is_not_in_it(
    api: Any, alice: Person, charlie: Person, globex: Tenant
) -> None:
    api(charlie, globex).get("members/")
    api(alice).get("members/")
    assert [one["name"] for one in api(alice).get(PATH).json()["callers"]] == ["Alice Archer"]


def test_an_administrator_sees_it(
    api: Any,
    owner: Actor,
    role: Callable[..., Any],
    bob: Person,
    bob_member: Member,
    root: Organization,
) -> None:
    binding_create(
        actor=owner,
        member_id=bob_member.id,
        role_id=role("admin").id,
        organization_id=root.id,
    )
    assert api(bob).get(PATH).status_code == 200
