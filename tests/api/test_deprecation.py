"""What something better replaced: told to whoever uses it, and noted for operators."""

import datetime as dt
from typing import Any

import pytest
from rest_framework.response import Response
from structlog.testing import capture_logs

from apps.accounts.models import Person
from apps.common.api.deprecation import Deprecation
from apps.organizations.api.v1.views_groups import GroupView
from apps.organizations.models import Organization
from apps.roles.models import Role
from tests.api.client import Api
from tests.api.schema import document

pytestmark = pytest.mark.django_db
HEADERS = {
    # 2026-11-30 and 2027-06-30, 00:00 UTC.
    "Deprecation": "@1795996800",
    "Sunset": "Wed, 30 Jun 2027 00:00:00 GMT",
    "Link": (
        '</api/v1/role-bindings/>; rel="successor-version", </api/docs/>; rel="deprecation"; type="text/html"'
    ),
}


@pytest.fixture
def client(api: Any, alice: Person) -> Api:
    made: Api = api(alice)
    return made


@pytest.fixture
def path(client: Api) -> str:
    return f"groups/{client.post('groups/', {'name': 'x'}).json()['id']}/"


def told(response: Any) -> dict[str, str]:
    return {name: response[name] for name in HEADERS if name in response}


def test_who_sends_a_deprecated_field_is_told(
    client: Api, path: str, root: Organization, alice: Person
) -> None:
    role = Role.objects.get(code="member")
    with capture_logs() as logs:
        mapped = client.patch(path, {"role_id": str(role.id), "organization_id": str(root.id)})
    assert (mapped.status_code, told(mapped)) == (200, HEADERS)
    noted = [one for one in logs if one["event"] == "api.deprecated_used"]
    assert [one["deprecated"] for one in noted] == [
        "GroupView role_id",
        "GroupView organization_id",
    ]
    assert {(one["actor_kind"], one["person_id"]) for one in noted} == {("person", str(alice.id))}


def test_also_where_the_input_is_refused(client: Api, path: str) -> None:
    refused = client.patch(path, {"role_id": "x"})
    assert (refused.status_code, told(refused)) == (400, HEADERS)


def test_who_does_not_is_not(client: Api, path: str) -> None:
    with capture_logs() as logs:
        for response in (client.patch(path, {"name": "y"}), client.get(path)):
            assert (response.status_code, told(response)) == (200, {})
        client.patch(path, ["role_id"])
    assert not [one for one in logs if one["event"] == "api.deprecated_used"]


def test_the_document_says_so() -> None:
    schemas = document()["components"]["schemas"]
    for name, fields in {
        "Group": {"role", "organization"},
        "PatchedGroupUpdateRequest": {"role_id", "organization_id"},
    }.items():
        found = schemas[name]["properties"]
        assert {one for one in found if found[one].get("deprecated")} == fields
        for one in fields:
            assert "use `/api/v1/role-bindings/`" in found[one]["description"]


def test_an_operation(client: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    deprecation = Deprecation(dt.date(2026, 1, 1), dt.date(2027, 1, 1), "/api/v1/other/")
    monkeypatch.setattr(GroupView, "deprecated", {"GET": deprecation})
    monkeypatch.setattr(GroupView, "get", lambda *args, **kwargs: Response({}))
    with capture_logs() as logs:
        answer = client.client.get(f"/api/v1/{path}")
    assert answer["Deprecation"] == "@1767225600"
    assert [one["deprecated"] for one in logs if one["event"] == "api.deprecated_used"] == [
        "GroupView GET"
    ]


def test_clients_have_half_a_year() -> None:
    with pytest.raises(ValueError, match="180 days"):
        Deprecation(dt.date(2026, 1, 1), dt.date(2026, 6, 29), "/")
