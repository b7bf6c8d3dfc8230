"""`tenant/domains/`, and the slug of `tenant/`."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, RoleBinding
from apps.roles.models import Role
from apps.tenants.models import Domain, Tenant
from tests.api.client import MISSING, same_problem, statements
from tests.tenants.conftest import MakeDomain, Published
from tests.zone import Zone

pytestmark = pytest.mark.django_db
NAME = "work.acme.test"


def give(person: Person, tenant: Tenant, *permissions: str) -> None:
    """A member with a role that allows these, and nothing else."""
    with tenant_context(tenant):
        member = Member.objects.get(person_id=person.id)
        RoleBinding.objects.filter(member=member).delete()
        role = Role.objects.create(code="some", name="Some", permissions=list(permissions))
        root = Organization.objects.get(depth=1)
        RoleBinding.objects.create(member=member, role=role, organization=root)


def test_list(api: Any, alice: Person, acme: Tenant, make_domain: MakeDomain) -> None:
    domain = make_domain(acme, NAME, check_code="missing", check_error="Add it.")
    own = Domain.objects.get(domain="acme.localhost")
    results = api(alice).get("tenant/domains/").json()["results"]
    for result in results:
        del result["created_at"]
        del result["verified_at"]
    assert results == [
        {
            "id": str(own.id),
            "domain": "acme.localhost",
            "is_primary": True,
            "is_alias": False,
            "checked_at": None,
            "check_code": None,
            "check_error": "",
            "txt_name": None,
            "txt_value": None,
        },
        {
            "id": str(domain.id),
            "domain": NAME,
            "is_primary": False,
            "is_alias": False,
            "checked_at": None,
            "check_code": "missing",
            "check_error": "Add it.",
            "txt_name": f"_wrapper-challenge.{NAME}",
            "txt_value": "wrapper-verify=t0k3n",
        },
    ]
    page = api(alice).get("tenant/domains/", page_size=1).json()
    assert [one["domain"] for one in page["results"]] == ["acme.localhost"]
    assert page["next"]
    assert api(alice).get("tenant/domains/", state="x").status_code == 400


def test_the_list_takes_four_statements_for_one_and_for_twenty(
    bearer: Any, alice: Person, acme: Tenant, make_domain: MakeDomain
) -> None:
    client = bearer(alice)
    with statements(4):
        client.get("tenant/domains/")
    for number in range(20):
        make_domain(acme, f"d{number}.acme.test")
    with statements(4):
        assert len(client.get("tenant/domains/").json()["results"]) == 21


def test_claim_prove_make_primary_give_up(
    api: Any, alice: Person, acme: Tenant, zone: Zone, published: Published
) -> None:
    client = api(alice)
    created = client.post("tenant/domains/", {"domain": "Work.Acme.test"})
    body = created.json()
    assert (created.status_code, created["Location"]) == (
        201,
        f"/api/v1/tenant/domains/{body['id']}/",
    )
    assert (body["domain"], body["verified_at"], body["check_code"]) == (NAME, None, None)
    path = f"tenant/domains/{body['id']}/"

    failed = client.post(f"{path}check/")
    assert failed.status_code == 200
    assert (failed.json()["check_code"], failed.json()["verified_at"]) == ("no_domain", None)
    assert failed.json()["check_error"].startswith(f"The name {NAME} does not exist")
    unproven = client.post(f"{path}make-primary/")
    assert (unproven.status_code, unproven.json()["code"]) == (409, "domain_unverified")

    zone.records[body["txt_name"]] = [body["txt_value"]]
    proven = client.post(f"{path}check/").json()
    assert (proven["check_code"], proven["check_error"]) == ("found", "")
    assert proven["verified_at"] == proven["checked_at"] is not None

    assert client.post(f"{path}make-primary/").json()["is_primary"] is True
    assert client.get("tenant/").json()["url"] == f"http://{NAME}:8000/"
    one = client.get(path)
    assert one.json() == {**proven, "is_primary": True}
    assert client("GET", path, headers={"If-None-Match": one["ETag"]}).status_code == 304

    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get("tenant/").json()["url"] == "http://acme.localhost:8000/"
    assert [name for name, _ in published()] == [
        "tenants.domain_added",
        "tenants.domain_verified",
        "tenants.primary_domain_changed",
        "tenants.primary_domain_changed",
        "tenants.domain_removed",
    ]


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        (None, "null"),
        ("", "blank"),
        (7, "invalid"),
        ([], "invalid"),
        ("x" * 501, "max_length"),
        ("localhost", "domain_invalid"),
        ("https://work.acme.test/", "domain_invalid"),
        ("10.0.0.1", "domain_invalid"),
        ("globex.localhost", "domain_reserved"),
        ("listed.acme.test", "domain_listed"),
    ],
)
def test_bad_names(
    api: Any, alice: Person, acme: Tenant, make_domain: MakeDomain, domain: Any, code: str
) -> None:
    make_domain(acme, "listed.acme.test")
    response = api(alice).post("tenant/domains/", {"domain": domain})
    assert response.status_code == 400
    assert [(e["attr"], e["code"]) for e in response.json()["errors"]] == [("domain", code)]
    assert Domain.objects.filter(tenant=acme).count() == 2


def test_a_body_without_a_name(api: Any, alice: Person) -> None:
    response = api(alice).post("tenant/domains/", {})
    assert [(e["attr"], e["code"]) for e in response.json()["errors"]] == [("domain", "required")]


def test_conflicts(
    api: Any, alice: Person, acme: Tenant, globex: Tenant, make_domain: MakeDomain, zone: Zone
) -> None:
    client = api(alice)
    make_domain(globex, NAME, verified=True)
    claim = make_domain(acme, NAME, token="m1ne")
    zone.prove(claim)
    taken = client.post(f"tenant/domains/{claim.id}/check/")
    assert (taken.status_code, taken.json()["code"]) == (409, "domain_in_use")
    assert "globex" not in taken.content.decode().lower()
    assert client.get(f"tenant/domains/{claim.id}/").json()["check_code"] == "in_use"
    own = Domain.objects.get(domain="acme.localhost")
    for response, code in (
        (client.delete(f"tenant/domains/{own.id}/"), "domain_needed"),
        (client.post(f"tenant/domains/{own.id}/check/"), "no_proof_needed"),
    ):
        assert (response.status_code, response.json()["code"]) == (409, code)
    for number in range(19):
        make_domain(acme, f"d{number}.acme.test")
    full = client.post("tenant/domains/", {"domain": "one-more.acme.test"})
    assert (full.status_code, full.json()["code"]) == (409, "too_many_domains")


def test_who_may(
    api: Any,
    bob: Person,
    charlie: Person,
    acme: Tenant,
    make_domain: MakeDomain,
    zone: Zone,
    published: Published,
) -> None:
    domain = make_domain(acme, NAME)
    zone.prove(domain)
    path = f"tenant/domains/{domain.id}/"

    def outcomes(person: Person | None) -> list[int]:
        client = api(person)
        responses = [
            client.get("tenant/domains/"),
            client.get(path),
            client.post("tenant/domains/", {"domain": "new.acme.test"}),
            client.post(f"{path}check/"),
            client.post(f"{path}make-primary/"),
            client.delete(path),
            client.patch("tenant/", {"slug": "mine"}),
        ]
        return [response.status_code for response in responses]

    assert outcomes(bob) == [403] * 7
    assert outcomes(charlie) == [404] * 7
    assert outcomes(None) == [401] * 7
    give(bob, acme, "tenants.view_settings")
    assert outcomes(bob) == [200, 200, 403, 403, 403, 403, 403]
    domain.refresh_from_db()
    acme.refresh_from_db()
    assert (domain.verified_at, acme.slug, acme.primary_host) == (None, "acme", "")
    assert (zone.asked, published()) == ([], [])


def test_another_tenants_domain_is_like_a_missing_one(
    api: Any, alice: Person, globex: Tenant, make_domain: MakeDomain, zone: Zone
) -> None:
    domain = make_domain(globex, "work.globex.test")
    zone.prove(domain)
    client = api(alice)
    for method, tail in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "check/"),
        ("POST", "make-primary/"),
    ):
        foreign = client(method, f"tenant/domains/{domain.id}/{tail}")
        assert foreign.status_code == 404
        same_problem(foreign, client(method, f"tenant/domains/{MISSING}/{tail}"))
    domain.refresh_from_db()
    assert (domain.verified_at, domain.checked_at, zone.asked) == (None, None, [])


class TestSlug:
    def test_change(self, api: Any, alice: Person, acme: Tenant, published: Published) -> None:
        client = api(alice)
        etag = client.get("tenant/")["ETag"]
        response = client.patch(
            "tenant/", {"slug": "acme-works", "name": "Acme Works"}, headers={"If-Match": etag}
        )
        body = response.json()
        assert (response.status_code, body["slug"], body["name"], body["url"]) == (
            200,
            "acme-works",
            "Acme Works",
            "http://acme-works.localhost:8000/",
        )
        assert [name for name, _ in published()] == [
            "tenants.tenant_renamed",
            "tenants.tenant_readdressed",
        ]
        # The client goes on where it was.
        domains = client.get("tenant/domains/").json()["results"]
        assert [(d["domain"], d["is_primary"], d["is_alias"]) for d in domains] == [
            ("acme.localhost", False, True),
            ("acme-works.localhost", True, False),
        ]
        stale = client.patch("tenant/", {"slug": "acme"}, headers={"If-Match": etag})
        assert stale.status_code == 412
        assert client.delete(f"tenant/domains/{domains[0]['id']}/").status_code == 204
        assert client.get("tenant/").status_code == 404

    @pytest.mark.parametrize(
        ("slug", "code"),
        [
            (None, "null"),
            ("", "blank"),
            (7, "invalid"),
            ("a" * 41, "max_length"),
            ("www", "slug_reserved"),
            ("x--y", "slug_invalid"),
            ("globex", "slug_taken"),
        ],
    )
    def test_bad_slugs_change_nothing(
        self, api: Any, alice: Person, acme: Tenant, slug: Any, code: str
    ) -> None:
        response = api(alice).patch("tenant/", {"name": "Mine", "slug": slug})
        assert response.status_code == 400
        assert [(e["attr"], e["code"]) for e in response.json()["errors"]] == [("slug", code)]
        acme.refresh_from_db()
        assert (acme.name, acme.slug) == ("Acme", "acme")

    @pytest.mark.parametrize(
        ("permission", "allowed"),
        [("tenants.manage_domains", "slug"), ("tenants.update_settings", "name")],
    )
    def test_each_needs_its_permission(
        self, api: Any, bob: Person, acme: Tenant, permission: str, allowed: str
    ) -> None:
        give(bob, acme, permission)
        client = api(bob)
        changes = {"name": "Acme Works", "slug": "acme-works"}
        both = client.patch("tenant/", changes)
        assert (both.status_code, both.json()["code"]) == (403, "permission_denied")
        acme.refresh_from_db()
        assert (acme.name, acme.slug) == ("Acme", "acme")
        assert client.patch("tenant/", {allowed: changes[allowed]}).status_code == 200
        acme.refresh_from_db()
        assert getattr(acme, allowed) == changes[allowed]
