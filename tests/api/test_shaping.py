"""`?fields=` and `?expand=`: on every list and versioned object, or refused; never ignored."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.organizations.models import Member
from tests.api.schema import document
from tests.api.test_document import operations

pytestmark = pytest.mark.django_db


def takes(operation: dict[str, Any], name: str) -> bool:
    return name in {one["name"] for one in operation.get("parameters", [])}


def test_only_what_is_asked_for(api: Any, alice: Person, bob: Person) -> None:
    listed = api(alice).client.get("/api/v1/members/?fields=id,name").json()
    assert [sorted(one) for one in listed["results"]] == [["id", "name"]] * 2
    assert {one["name"] for one in listed["results"]} == {"Alice Archer", "Bob Baker"}
    refused = api(alice).get("members/", fields="id,nmae")
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "fields")
    assert "Name some of these" in refused.json()["detail"]
    assert "further_organizations" in refused.json()["detail"]


@pytest.mark.parametrize("fields", ["", ",", "id,", "ID"])
def test_what_names_no_field(api: Any, alice: Person, fields: str) -> None:
    assert api(alice).get("members/", fields=fields).status_code == 400


def test_of_one_object_with_the_version_of_the_whole(
    api: Any, alice: Person, alice_member: Member
) -> None:
    client = api(alice)
    path = f"/api/v1/members/{alice_member.id}/"
    whole, part = client.get(path), client.client.get(path, {"fields": "email"})
    assert part.json() == {"email": "alice@acme.test"}
    assert part["ETag"] == whole["ETag"]
    same = client.client.get(path, {"fields": "email"}, headers={"If-None-Match": whole["ETag"]})
    assert same.status_code == 304
    assert client.get(path, fields="x").status_code == 400


def test_every_operation_that_says_so_takes_fields(api: Any, alice: Person) -> None:
    """Of lists without parameters in their path: with one of their fields, and with none of them."""
    client = api(alice)
    seen = 0
    for path, method, operation in operations():
        if method != "get" or "{" in path or not takes(operation, "fields"):
            continue
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        component = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if "results" in component["properties"]:
            item = component["properties"]["results"]["items"]["$ref"].rpartition("/")[2]
            component = document()["components"]["schemas"][item]
        name = min(component["properties"])
        found = client.get(path, fields=name)
        assert found.status_code in (200, 402, 404), (path, found.content)
        if found.status_code == 200 and "results" in found.json():
            assert all([*one] == [name] for one in found.json()["results"]), path
        assert client.get(path, fields="nothing_like_it").status_code in (400, 402, 404), path
        seen += found.status_code == 200
    assert seen > 20


def test_an_operation_that_does_not_take_it_refuses(api: Any, alice: Person) -> None:
    client = api(alice)
    for path in ("credits/usage/", "notifications/unread-count/", "onboarding/"):
        refused = client.get(path, fields="id")
        assert (refused.status_code, refused.json()["code"]) == (400, "unknown_parameter"), path
    assert client.post("groups/?fields=id", {"name": "x"}).status_code == 201
    refused = client.get("members/", expand="organization")
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "expand")
