"""Domains, and the addresses of tenants, as staff see and change them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.tenants.models import Domain, Tenant
from apps.tenants.services import tenant_readdress
from tests.conftest import SYSTEM, World
from tests.console.conftest import messages_of
from tests.tenants.conftest import MakeDomain, make_domain
from tests.zone import Zone

__all__ = ["make_domain"]

LIST = "/console/tenants/domain/"
NAME = "work.acme.test"
Published = Callable[[], list[tuple[str, str]]]


def url(domain: Domain, act: str = "") -> str:
    return f"{LIST}{domain.pk}/{act}/" if act else f"{LIST}{domain.pk}/"


def names(console: Client, query: str = "") -> list[str]:
    listed = console.get(f"{LIST}?{query}").context["cl"].result_list
    return [domain.domain for domain in listed]


def offered(console: Client, domain: Domain) -> set[str]:
    return {item["act"].name for item in console.get(url(domain)).context["acts"]}


@pytest.fixture
def several(world: World, make_domain: MakeDomain) -> dict[str, Domain]:
    tenant_readdress(actor=SYSTEM, tenant_id=world.acme.id, slug="acme-works")
    make_domain(world.acme, "claim.test", check_code="missing", check_error="Add it.")
    make_domain(world.acme, "gone.test", verified=True, check_code="other_value")
    make_domain(world.acme, "down.test", verified=True, check_code="no_answer")
    make_domain(world.globex, "proven.test", verified=True, check_code="found")
    make_domain(world.globex, "vouched.test", verified=True, token="")
    return {domain.domain: domain for domain in Domain.objects.select_related("tenant")}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "",
            (
                "acme-works.localhost acme.localhost claim.test down.test globex.localhost gone.test "
                "proven.test vouched.test"
            ),
        ),
        (
            "state=verified",
            "acme-works.localhost down.test globex.localhost proven.test vouched.test",
        ),
        ("state=waiting", "claim.test"),
        ("state=proof_missing", "gone.test"),
        ("state=redirects", "acme.localhost"),
        ("kind=subdomain", "acme-works.localhost globex.localhost"),
        ("kind=old", "acme.localhost"),
        ("kind=own", "claim.test down.test gone.test proven.test vouched.test"),
        ("kind=own&state=verified", "down.test proven.test vouched.test"),
        ("state=nonsense&kind=nonsense&q=globex", "globex.localhost proven.test vouched.test"),
    ],
)
def test_filters(console: Client, several: dict[str, Domain], query: str, expected: str) -> None:
    assert names(console, query) == expected.split()


def test_the_filter_says_what_the_page_does(console: Client, several: dict[str, Domain]) -> None:
    for domain in several.values():
        assert domain.domain in names(console, f"state={domain.state.value}"), domain


def test_the_list_takes_as_many_statements_for_twenty_as_for_three(
    console: Client, acme: Tenant, globex: Tenant, make_domain: MakeDomain
) -> None:
    make_domain(acme, NAME)
    console.get(LIST)
    with CaptureQueriesContext(connection) as three:
        assert len(names(console)) == 3
    for number in range(17):
        make_domain(acme, f"d{number}.acme.test")
    with CaptureQueriesContext(connection) as twenty:
        assert len(names(console)) == 20
    assert len(three) == len(twenty) <= 7


def test_what_is_offered(console: Client, several: dict[str, Domain]) -> None:
    assert {name: offered(console, domain) for name, domain in several.items()} == {
        "acme-works.localhost": set(),
        "acme.localhost": {"remove"},
        "claim.test": {"check", "verify", "remove"},
        "gone.test": {"check", "verify", "primary", "remove"},
        "down.test": {"check", "verify", "primary", "remove"},
        "globex.localhost": set(),
        "proven.test": {"check", "verify", "primary", "remove"},
        "vouched.test": {"primary", "remove"},
    }


def test_a_domains_page(console: Client, several: dict[str, Domain]) -> None:
    page = console.get(url(several["claim.test"])).content.decode()
    for text in (
        "Waiting for proof",
        "_wrapper-challenge.claim.test",
        "wrapper-verify=t0k3n",
        "No record found",
        "Add it.",
    ):
        assert text in page
    assert "_wrapper-challenge" not in console.get(url(several["vouched.test"])).content.decode()


def test_check(
    console: Client, acme: Tenant, make_domain: MakeDomain, zone: Zone, published: Published
) -> None:
    domain = make_domain(acme, NAME)
    assert console.get(url(domain, "check")).status_code == 200
    assert zone.asked == []
    response = console.post(url(domain, "check"))
    assert (response.status_code, response["Location"]) == (302, url(domain))
    assert messages_of(response)[0].startswith(f"The name {NAME} does not exist in DNS.")
    zone.prove(domain)
    assert messages_of(console.post(url(domain, "check")))[-1] == f"{NAME} has its record."
    domain.refresh_from_db()
    assert domain.verified_at is not None
    assert published() == [("tenants.domain_verified", "staff@platform.test")]


def test_verify_by_hand(
    console: Client, acme: Tenant, make_domain: MakeDomain, published: Published
) -> None:
    domain = make_domain(acme, NAME)
    refused = console.post(url(domain, "verify"), {"reason": " "})
    assert "reason" in refused.context["form"].errors
    domain.refresh_from_db()
    assert (domain.verified_at, published()) == (None, [])
    console.post(url(domain, "verify"), {"reason": "Contract 12"})
    domain.refresh_from_db()
    assert domain.verified_at is not None
    entry = acme.history.first()
    assert entry is not None
    assert (entry.actor, entry.reason) == ("staff@platform.test", f"{NAME}, by hand: Contract 12")


def test_in_use(
    console: Client, acme: Tenant, globex: Tenant, make_domain: MakeDomain, published: Published
) -> None:
    make_domain(globex, NAME, verified=True)
    domain = make_domain(acme, NAME)
    response = console.post(url(domain, "verify"), {"reason": "x"})
    assert "in use by another workspace" in messages_of(response)[0]
    domain.refresh_from_db()
    assert (domain.verified_at, published()) == (None, [])


def test_primary(console: Client, acme: Tenant, make_domain: MakeDomain) -> None:
    domain = make_domain(acme, NAME, verified=True)
    console.post(url(domain, "primary"))
    acme.refresh_from_db()
    assert acme.primary_host == NAME
    assert "primary" not in offered(console, domain)


def test_remove_wants_a_reason_and_the_name(
    console: Client, acme: Tenant, make_domain: MakeDomain, published: Published
) -> None:
    domain = make_domain(acme, NAME, verified=True)
    Tenant.objects.filter(id=acme.id).update(primary_host=NAME)
    page = console.get(url(domain, "remove")).content.decode()
    assert "Links lead to the subdomain instead." in page
    for data in (
        {"reason": "Sold", "domain": "acme.test"},
        {"reason": "", "domain": NAME},
        {},
    ):
        response = console.post(url(domain, "remove"), data)
        assert response.context["form"].errors
    assert Domain.objects.filter(pk=domain.pk).exists()
    assert published() == []
    response = console.post(url(domain, "remove"), {"reason": "Sold", "domain": NAME})
    assert (response.status_code, response["Location"]) == (302, LIST)
    assert not Domain.objects.filter(pk=domain.pk).exists()
    acme.refresh_from_db()
    assert acme.primary_host == ""
    assert published() == [
        ("tenants.primary_domain_changed", "staff@platform.test"),
        ("tenants.domain_removed", "staff@platform.test"),
    ]


class TestReaddress:
    def path(self, tenant: Tenant) -> str:
        return f"/console/tenants/tenant/{tenant.pk}/readdress/"

    def test_it_moves(self, console: Client, acme: Tenant, published: Published) -> None:
        page = console.get(self.path(acme)).content.decode()
        assert "moves from acme.localhost to the new subdomain" in page
        response = console.post(self.path(acme), {"slug": "acme-works", "reason": "Trade mark"})
        assert response.status_code == 302
        acme.refresh_from_db()
        assert acme.slug == "acme-works"
        entry = acme.history.first()
        assert entry is not None
        assert (entry.action, entry.actor, entry.reason) == (
            "readdressed",
            "staff@platform.test",
            "acme → acme-works: Trade mark",
        )
        assert published() == [("tenants.tenant_readdressed", "staff@platform.test")]
        page = console.get(f"/console/tenants/tenant/{acme.pk}/").content.decode()
        assert "acme.localhost" in page
        assert "Redirects" in page

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"slug": "globex"}, "slug"),
            ({"slug": "acme"}, "slug"),
            ({"slug": "www"}, "slug"),
            ({"slug": ""}, "slug"),
            ({"slug": "a" * 41}, "slug"),
            ({"reason": " "}, "reason"),
        ],
    )
    def test_bad_input_is_shown_beside_its_field(
        self,
        console: Client,
        acme: Tenant,
        published: Published,
        data: dict[str, str],
        field: str,
    ) -> None:
        response: Any = console.post(self.path(acme), {"slug": "acme-works", "reason": "x", **data})
        assert response.status_code == 200
        assert list(response.context["form"].errors) == [field]
        acme.refresh_from_db()
        assert (acme.slug, published()) == ("acme", [])
