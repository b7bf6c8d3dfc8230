"""Nobody gets what was learned from somebody else, and what is unusual goes to Django."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, host
from tests.gateway.conftest import MEMBERS, Answer, Process

pytestmark = pytest.mark.django_db

ROUNDS = 4
LISTS = (
    MEMBERS,
    "/api/v1/organizations/",
    "/api/v1/roles/",
    "/api/v1/role-bindings/",
    "/api/v1/invitations/",
    "/api/v1/api-keys/",
    "/api/v1/groups/",
    "/api/v1/tenant/domains/",
    "/api/v1/me/",
    "/api/v1/nothing/",
)


def same(one: Answer, other: Answer) -> None:
    """All but what is each answer's own."""
    assert one.status == other.status
    own = {"X-Request-ID", "Content-Length", "RateLimit", "RateLimit-Remaining", "RateLimit-Reset"}
    if one.status == 200:
        assert one.data == other.data
        assert {k: v for k, v in one.headers.items() if k not in own} == {
            k: v for k, v in other.headers.items() if k not in own
        }
    else:
        assert one.data["code"] == other.data["code"]
    assert one.headers["X-Request-ID"] != other.headers["X-Request-ID"]


@pytest.mark.parametrize("path", LISTS)
def test_everybody_gets_what_django_says(
    process: Process, token: Any, acme: Tenant, globex: Tenant, world: Any, path: str
) -> None:
    """People of both tenants and of none, on both hosts, in turn, again and again."""
    people = [
        (person, token(person)) for person in (world.alice, world.bob, world.charlie, world.staff)
    ]
    wanted = {
        (person.email, tenant.slug): process.without_gateway(host(tenant), access, path)
        for person, access in people
        for tenant in (acme, globex)
    }
    for _ in range(ROUNDS):
        for person, access in people:
            for tenant in (acme, globex):
                same(process.get(host(tenant), access, path), wanted[person.email, tenant.slug])


def test_a_tenants_people_are_seen_in_that_tenant_only(
    process: Process, token: Any, acme: Tenant, globex: Tenant, alice: Person, charlie: Person
) -> None:
    for person, own, other in ((alice, acme, globex), (charlie, globex, acme)):
        access = token(person)
        for _ in range(ROUNDS):
            assert process.get(host(other), access).status == 404
            answer = process.get(host(own), access)
            with tenant_context(own):
                there = {str(pk) for pk in Member.objects.values_list("id", flat=True)}
            assert {one["id"] for one in answer.data["results"]} <= there
        assert answer.by_gateway


def test_the_header_names_the_tenant_on_the_public_host(
    process: Process, token: Any, acme: Tenant, globex: Tenant, bob: Person
) -> None:
    access = token(bob)
    for _ in range(ROUNDS):
        answer = process.get(PUBLIC, access, HTTP_X_TENANT="acme")
        assert answer.status == 200
        assert process.get(PUBLIC, access, HTTP_X_TENANT="globex").status == 404
        assert process.get(PUBLIC, access, HTTP_X_TENANT="nobody").status == 404
        assert process.get(PUBLIC, access).status == 400
        both = process.get(host(acme), access, HTTP_X_TENANT="globex")
        assert (both.status, both.by_gateway) == (404, False)
    assert answer.by_gateway


def test_a_bound_token_is_good_in_its_tenant(
    process: Process, token: Any, acme: Tenant, globex: Tenant, bob: Person
) -> None:
    access = token(bob, acme)
    for _ in range(ROUNDS):
        answer = process.get(host(acme), access)
        assert answer.status == 200
        assert process.get(host(globex), access).status == 404
    assert answer.by_gateway


def test_a_token_is_all_of_it(process: Process, token: Any, acme: Tenant, bob: Person) -> None:
    access = token(bob)
    for _ in range(ROUNDS):
        assert process.get(host(acme), access).status == 200
    head, body, signature = access.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["exp"] += 3600
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    for text in (
        f"{head}.{forged}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        access + ".",
        access[:-1],
    ):
        for _ in range(ROUNDS):
            assert process.get(host(acme), text).status == 401


@pytest.mark.parametrize(
    "header",
    [
        {"HTTP_COOKIE": "session=x"},
        {"HTTP_ORIGIN": "https://elsewhere.example"},
        {"HTTP_IF_NONE_MATCH": '"x"'},
        {"HTTP_RANGE": "bytes=0-1"},
        {"CONTENT_LENGTH": "3"},
        {"REQUEST_METHOD": "HEAD"},
        {"REQUEST_METHOD": "DELETE"},
        {"HTTP_X_TENANT": "acme"},
    ],
    ids=lambda header: next(iter(header)) + header[next(iter(header))],
)
def test_what_is_unusual_goes_to_django(
    process: Process, token: Any, acme: Tenant, bob: Person, header: dict[str, str]
) -> None:
    access = token(bob)
    for _ in range(ROUNDS):
        process.get(host(acme), access)
    assert process.get(host(acme), access).by_gateway
    assert not process.get(host(acme), access, **header).by_gateway


@pytest.mark.parametrize(
    "query", ["page_size=1", "status=active", "q=b", "ordering=-name&page_size=2", "role=owner"]
)
def test_each_page_is_a_page_of_its_own(
    process: Process, token: Any, acme: Tenant, alice: Person, query: str
) -> None:
    access = token(alice)
    wanted = process.without_gateway(host(acme), access, query=query)
    for _ in range(ROUNDS):
        same(process.get(host(acme), access, query=query), wanted)
    assert process.get(host(acme), access, query=query).by_gateway
    assert process.get(host(acme), access, query="wrong=1").status == 400
    following = wanted.data["next"]
    if following:
        answer = process.get(host(acme), access, query=following.partition("?")[2])
        assert answer.data["previous"]
        assert answer.data["results"] != wanted.data["results"]


def test_other_types_are_refused_as_ever(
    process: Process, token: Any, acme: Tenant, bob: Person
) -> None:
    access = token(bob)
    for _ in range(ROUNDS):
        assert process.get(host(acme), access).status == 200
        assert process.get(host(acme), access, HTTP_ACCEPT="text/html").status == 406
        assert process.get(host(acme), access, HTTP_ACCEPT="application/json").status == 200


def test_switched_off_django_answers_all(
    process: Process, token: Callable[..., str], acme: Tenant, bob: Person, settings: Any
) -> None:
    settings.GATEWAY = False
    access = token(bob)
    for _ in range(ROUNDS):
        assert not process.get(host(acme), access).by_gateway
