"""Filters, orders and pages: what PostgreSQL finds is what scim2-models would find in memory."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from scim2_models import ScimFilter

from apps.organizations.scim.resources import UserResource
from tests.organizations.scim.conftest import LIST, USER, Scim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ours")]
FAR = "0197c2a4-0000-7000-8000-000000000000"

FILTERS = [
    'userName eq "jane@acme.test"',
    'userName eq "JANE@acme.test"',
    'userName ne "jane@acme.test"',
    'userName sw "j"',
    'userName ew "@ACME.TEST"',
    'userName co "b@ac"',
    'userName gt "bob@acme.test"',
    'userName le "BOB@acme.test"',
    'displayName eq "jane doe"',
    'displayName gt "c"',
    'displayName ge "Bob Baker"',
    'displayName lt "BOB BAKER"',
    'displayName co "%"',
    'displayName co "_"',
    'name.familyName eq "doe"',
    "name.familyName pr",
    "not (name.familyName pr)",
    'name.givenName sw "Ja"',
    'name.formatted co "Baker"',
    "name pr",
    'externalId eq "E-1"',
    'externalId eq "e-1"',
    'externalId ne "e-1"',
    "externalId pr",
    "externalId eq null",
    "externalId ne null",
    "active eq true",
    "active eq false",
    "active ne true",
    'active eq "True"',
    'emails.value eq "jane@acme.test"',
    'emails eq "jane@acme.test"',
    'emails.value co "b@"',
    'emails[type eq "work" and value sw "jo"]',
    'emails[type eq "home"]',
    'emails[type ne "home" and primary eq true]',
    'emails[type eq "work"].value eq "jane@acme.test"',
    "emails pr",
    "groups pr",
    'groups.display eq "staff"',
    'groups[display co "aff"]',
    "userName pr and active eq true",
    'userName sw "j" and (active eq false or name.familyName pr)',
    'userName sw "j" or userName sw "b" and active eq false',
    'not (userName sw "j") and active eq true',
    f'id eq "{FAR}"',
    'id eq "nonsense"',
    f'id ne "{FAR}"',
    'meta.resourceType eq "user"',
    'meta.resourceType eq "Group"',
    'meta.lastModified gt "2020-01-01T00:00:00Z"',
    'meta.lastModified le "2020-01-01T00:00:00+02:00"',
    'meta.created lt "2020-01-01T00:00:00Z"',
    f'{USER}:userName eq "bob@acme.test"',
    'userName eq "x\\u0000"',
]


@pytest.fixture
def people(scim: Scim) -> Scim:
    jane = scim.user(
        "jane@acme.test", externalId="e-1", name={"givenName": "Jane", "familyName": "Doe"}
    )
    scim.user("joe@acme.test", externalId="e-2", displayName="Joe_100%", active=False)
    scim.user("jill@example.com", displayName="Jill")
    scim.group("Staff", jane["id"], scim.find("bob@acme.test")["id"])
    return scim


def test_the_database_finds_what_the_grammar_means(people: Scim) -> None:
    everybody = people.get("Users")[1]["Resources"]
    assert len(everybody) == 5
    wrong = []
    for text in FILTERS:
        expected = sorted(
            one["userName"]
            for one in everybody
            if ScimFilter[UserResource](text).match(UserResource.model_validate(one))
        )
        status, body = people.get("Users", filter=text)
        found = sorted(one["userName"] for one in body["Resources"]) if status == 200 else body
        if found != expected:
            wrong.append((text, expected, found))
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "userName",
        "userName eq",
        'userName is "x"',
        "userName eq x",
        'userName eq "x',
        'nickName eq "x"',
        'name.middleName eq "x"',
        "active gt true",
        'active eq "perhaps"',
        'meta.lastModified gt "yesterday"',
        'meta.lastModified gt "2020-01-01T00:00:00"',
        'meta.lastModified co "2020"',
        'meta.version eq "x"',
        'groups[display eq "a" and value eq "b"]',
        'groups[not (display eq "a")]',
        'id sw "0"',
        "(" * 200 + 'userName eq "x"' + ")" * 200 + ")",
        "not (" * 40 + 'userName eq "x"' + ")" * 40,
        "",
    ],
)
def test_bad_filters_are_refused(scim: Scim, text: str) -> None:
    status, body = scim.get("Users", filter=text)
    assert (status, body["scimType"]) == (400, "invalidFilter"), body


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sortBy": "userName"}, ["alice", "bob", "jane", "jill", "joe"]),
        (
            {"sortBy": "userName", "sortOrder": "descending"},
            ["joe", "jill", "jane", "bob", "alice"],
        ),
        ({"sortBy": "displayName"}, ["alice", "bob", "jane", "jill", "joe"]),
        ({"sortBy": "emails", "count": "2"}, ["alice", "bob"]),
        ({"sortBy": "externalId", "count": "2"}, ["jane", "joe"]),
        ({"sortBy": "userName", "startIndex": "2", "count": "2"}, ["bob", "jane"]),
        ({"sortBy": "userName", "startIndex": "0", "count": "1"}, ["alice"]),
        ({"sortBy": "userName", "startIndex": "-3", "count": "-1"}, []),
        ({"sortBy": "userName", "startIndex": "9"}, []),
        ({"startIndex": "99999999999999999999", "count": "99999999999999999999"}, []),
        ({"count": "0"}, []),
        ({"sortBy": "meta.resourceType", "count": "0"}, []),
    ],
)
def test_orders_and_pages(people: Scim, query: dict[str, str], expected: list[str]) -> None:
    status, body = people.get("Users", **query)
    assert status == 200, body
    assert [one["userName"].partition("@")[0] for one in body["Resources"]] == expected
    assert (body["schemas"], body["totalResults"], body["itemsPerPage"]) == (
        [LIST],
        5,
        len(expected),
    )


@pytest.mark.parametrize(
    ("query", "scim_type"),
    [
        ({"sortBy": "nickName"}, "invalidPath"),
        ({"sortBy": "groups"}, "invalidPath"),
        ({"sortBy": "name"}, "invalidPath"),
        ({"sortBy": "meta.version"}, "invalidPath"),
        ({"sortBy": "userName", "sortOrder": "sideways"}, "invalidValue"),
        ({"startIndex": "one"}, "invalidValue"),
        ({"count": "1.5"}, "invalidValue"),
        ({"attributes": "userName", "excludedAttributes": "name"}, "invalidValue"),
    ],
)
def test_bad_queries_are_refused(scim: Scim, query: dict[str, str], scim_type: str) -> None:
    status, body = scim.get("Users", **query)
    assert (status, body["scimType"]) == (400, scim_type), body


def test_a_search_by_post(people: Scim) -> None:
    search: dict[str, Any] = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'userName sw "j"',
        "sortBy": "userName",
        "attributes": ["userName"],
        "count": 2,
    }
    status, body = people.post("Users/.search", search)
    assert (status, body["totalResults"]) == (200, 3)
    assert [sorted(one) for one in body["Resources"]] == [["id", "schemas", "userName"]] * 2
    status, body = people.post("Groups/.search", {"filter": 'displayName eq "STAFF"'})
    assert [one["displayName"] for one in body["Resources"]] == ["Staff"]
    assert people.get("Users/.search")[0] == 405
    assert people.post("Users/.search", {"count": "many"})[0] == 400


def test_a_page_costs_the_same_for_one_and_for_many(people: Scim) -> None:
    """Tenant, token, root, count, rows, groups."""
    people.get("Users")
    costs = []
    for count in (1, 5):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            people.get("Users", count=count)
        costs.append(len(queries))
    assert costs == [6, 6], [one["sql"] for one in queries]


def test_at_most_200_come_at_once(scim: Scim, acme: Any) -> None:
    from apps.common.tenancy import tenant_context
    from apps.organizations.models import DirectoryUser

    with tenant_context(acme):
        DirectoryUser.objects.bulk_create(
            DirectoryUser(user_name=f"u{n:03}@acme.test", display_name=f"U {n}") for n in range(210)
        )
    assert scim.get("Users")[1]["itemsPerPage"] == 100
    _status, body = scim.get("Users", count=1000)
    assert (body["totalResults"], body["itemsPerPage"], len(body["Resources"])) == (212, 200, 200)
    _status, body = scim.get("Users", startIndex=201, count=1000)
    assert (body["startIndex"], len(body["Resources"])) == (201, 12)
