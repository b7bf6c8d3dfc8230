"""`tenant/email-domains/`."""

from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import EmailDomain, Person
from apps.tenants.models import Tenant
from tests.api.client import MISSING, api, bearer, same_problem, statements
from tests.tenants.api.test_domains import give
from tests.tenants.conftest import Published, published
from tests.zone import Zone

__all__ = ["api", "bearer", "published"]
pytestmark = pytest.mark.django_db
PATH = "tenant/email-domains/"
NAME = "acme.test"


def make(tenant: Tenant, name: str = NAME) -> EmailDomain:
    now = timezone.now()
    return EmailDomain.objects.create(tenant=tenant, domain=name, token="t", verified_at=now)


def test_claim_prove_open_give_up(
    api: Any, alice: Person, zone: Zone, published: Published
) -> None:
    client = api(alice)
    created = client.post(PATH, {"domain": "@Acme.test"})
    body = created.json()
    path = f"{PATH}{body['id']}/"
    assert (created.status_code, created["Location"]) == (201, f"/api/v1/{path}")
    assert body == {
        "id": body["id"],
        "domain": NAME,
        "join_mode": "off",
        "verified_at": None,
        "checked_at": None,
        "proof_missing_since": None,
        "check_code": None,
        "check_error": "",
        "txt_name": f"_wrapper-challenge.{NAME}",
        "txt_value": body["txt_value"],
        "created_at": body["created_at"],
    }
    early = client.patch(path, {"join_mode": "automatic"})
    assert (early.status_code, early.json()["code"]) == (409, "domain_unverified")
    failed = client.post(f"{path}check/")
    assert (failed.status_code, failed.json()["check_code"]) == (200, "no_domain")
    zone.records[body["txt_name"]] = [body["txt_value"]]
    proven = client.post(f"{path}check/").json()
    assert (proven["check_code"], proven["verified_at"]) == ("found", proven["checked_at"])
    opened = client.patch(path, {"join_mode": "automatic"})
    assert opened.json() == {**proven, "join_mode": "automatic"}
    one = client.get(path)
    assert one.json() == opened.json()
    assert client("GET", path, headers={"If-None-Match": one["ETag"]}).status_code == 304
    assert client.get(PATH).json()["results"] == [one.json()]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert [name for name, _ in published() if "email_domain" in name] == [
        "accounts.email_domain_added",
        "accounts.email_domain_verified",
        "accounts.email_domain_join_mode_changed",
        "accounts.email_domain_removed",
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"domain": ""}, "blank"),
        ({"domain": 7}, "invalid"),
        ({"domain": "gmail.com"}, "domain_public"),
        ({"domain": "x.localhost"}, "domain_reserved"),
        ({"domain": "a@acme.test"}, "domain_invalid"),
    ],
)
def test_bad_domains(api: Any, alice: Person, body: dict[str, Any], code: str) -> None:
    response = api(alice).post(PATH, body)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, code)
    assert not EmailDomain.objects.exists()


@pytest.mark.parametrize("body", [{}, {"join_mode": "everybody"}, {"join_mode": None}])
def test_bad_modes(api: Any, alice: Person, acme: Tenant, body: dict[str, Any]) -> None:
    domain = make(acme)
    assert api(alice).patch(f"{PATH}{domain.id}/", body).status_code == 400
    domain.refresh_from_db()
    assert domain.join_mode == "off"


def test_the_list_takes_as_many_statements_for_one_as_for_twenty(
    bearer: Any, alice: Person, acme: Tenant
) -> None:
    client = bearer(alice)
    with statements(4):
        client.get(PATH)
    for number in range(20):
        make(acme, f"d{number}.test")
    with statements(4):
        assert len(client.get(PATH).json()["results"]) == 20


def test_who_may(api: Any, alice: Person, bob: Person, acme: Tenant, globex: Tenant) -> None:
    domain, foreign = make(acme), make(globex, "globex.test")
    path = f"{PATH}{domain.id}/"

    def outcomes(person: Person | None) -> list[int]:
        client = api(person)
        return [
            client.get(PATH).status_code,
            client.get(path).status_code,
            client.post(PATH, {"domain": "new.test"}).status_code,
            client.patch(path, {"join_mode": "request"}).status_code,
            client.post(f"{path}check/").status_code,
            client.delete(path).status_code,
        ]

    assert outcomes(None) == [401] * 6
    assert outcomes(bob) == [403] * 6
    give(bob, acme, "tenants.view_settings")
    assert outcomes(bob) == [200, 200, 403, 403, 403, 403]
    client = api(alice)
    for tail in ("", "check/"):
        for method, body in (("GET", None), ("POST", {}), ("PATCH", {"join_mode": "off"})):
            same_problem(
                client(method, f"{PATH}{foreign.id}/{tail}", body),
                client(method, f"{PATH}{MISSING}/{tail}", body),
            )
    same_problem(client.delete(f"{PATH}{foreign.id}/"), client.delete(f"{PATH}{MISSING}/"))
    assert EmailDomain.objects.count() == 2
    assert set(EmailDomain.objects.values_list("join_mode", flat=True)) == {"off"}
