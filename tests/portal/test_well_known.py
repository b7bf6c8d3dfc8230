"""security.txt (RFC 9116), and where passwords are changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.portal.checks import security_txt_is_valid
from apps.tenants.models import Domain, Tenant
from tests.accounts.support import PUBLIC, host

PATH = "/.well-known/security.txt"


@pytest.fixture
def told(settings: Any) -> Any:
    settings.SECURITY_CONTACTS = ["mailto:security@platform.test", "https://platform.test/security"]
    settings.SECURITY_TXT_EXPIRES = "2099-01-02T04:04:05+01:00"
    settings.SECURITY_POLICY_URL = "https://platform.test/policy"
    return settings


@pytest.mark.django_db
def test_it_says_whom_to_tell(told: Any, world: object) -> None:
    response = Client(HTTP_HOST=PUBLIC).get(PATH)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode().splitlines() == [
        "Contact: mailto:security@platform.test",
        "Contact: https://platform.test/security",
        "Expires: 2099-01-02T03:04:05Z",
        "Canonical: http://localhost:8000/.well-known/security.txt",
        "Preferred-Languages: en",
        "Policy: https://platform.test/policy",
    ]


@pytest.mark.django_db
def test_on_hosts_of_workspaces_it_names_them_too(told: Any, acme: Tenant) -> None:
    Domain.objects.create(tenant=acme, domain="work.acme.test", verified_at=timezone.now())
    for name in ("acme.localhost", "work.acme.test"):
        lines = Client(HTTP_HOST=f"{name}:8000").get(PATH).content.decode().splitlines()
        assert [line for line in lines if line.startswith("Canonical")] == [
            "Canonical: http://localhost:8000/.well-known/security.txt",
            f"Canonical: http://{name}:8000/.well-known/security.txt",
        ]
    assert Client(HTTP_HOST="evil.test").get(PATH).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("expires", ["", "2020-01-01T00:00:00Z"])
def test_none_that_nobody_may_rely_on(told: Any, world: object, expires: str) -> None:
    told.SECURITY_TXT_EXPIRES = expires
    response = Client(HTTP_HOST=PUBLIC).get(PATH)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("expires", "found"),
    [
        ("", ["portal.W001"]),
        ("soon", ["portal.E001"]),
        ("2099-01-01T00:00:00", ["portal.E001"]),
        ("2020-01-01T00:00:00Z", ["portal.E002"]),
        (timedelta(days=3), ["portal.W002"]),
        (timedelta(days=90), []),
        (timedelta(days=800), ["portal.W003"]),
    ],
)
def test_the_check_of_the_time(told: Any, expires: Any, found: list[str]) -> None:
    if isinstance(expires, timedelta):
        expires = (timezone.now() + expires).isoformat()
    told.SECURITY_TXT_EXPIRES = expires
    assert [message.id for message in security_txt_is_valid()] == found


@pytest.mark.parametrize("contacts", [[], ["security@platform.test"], ["http://platform.test"]])
def test_the_check_of_whom(told: Any, contacts: list[str]) -> None:
    told.SECURITY_TXT_EXPIRES = (timezone.now() + timedelta(days=90)).isoformat()
    told.SECURITY_CONTACTS = contacts
    assert [message.id for message in security_txt_is_valid()] == ["portal.E003"]


@pytest.mark.django_db
def test_password_managers_find_the_page(acme: Tenant) -> None:
    for name in (PUBLIC, host(acme)):
        response = Client(HTTP_HOST=name).get("/.well-known/change-password")
        assert response.status_code == 302
        assert response["Location"] == "http://localhost:8000/accounts/password/change/"
