"""Settings, Origins: whose pages may call the API. And the same by the API."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.tenants.models import Tenant
from tests.api.client import api
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.tenants.api.test_domains import give

__all__ = ["api"]
pytestmark = pytest.mark.django_db
PAGE = "/settings/origins/"
ONE, TWO = "https://a.test", "https://b.test"


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def kept(tenant: Tenant) -> list[str]:
    tenant.refresh_from_db()
    return tenant.allowed_origins


def test_one_on_each_line(client: Client, acme: Tenant) -> None:
    response = client.post(PAGE, {"allowed_origins": f"{ONE}\r\n\r\n  {TWO}/ \r\n"})
    assert (response.status_code, response["Location"]) == (302, PAGE)
    assert kept(acme) == [ONE, TWO]
    response = client.get(PAGE)
    assert read(response.content).check() == []
    assert f"{ONE}\n{TWO}</textarea>" in response.content.decode()
    assert client.post(PAGE, {"allowed_origins": ""}).status_code == 302
    assert kept(acme) == []


def test_what_is_wrong_is_said_beside_the_field(client: Client, acme: Tenant) -> None:
    response = client.post(PAGE, {"allowed_origins": f"{ONE}\nhttp://<b>.test"})
    assert response.status_code == 422
    page = read(response.content)
    assert page.check() == []
    assert "http://<b>.test: An origin begins with https://" in "".join(page.text)
    assert kept(acme) == []


def test_members_see_nothing_and_change_nothing(sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    client = sign_in(bob, acme)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"allowed_origins": ONE}).status_code == 403
    assert kept(acme) == []


def test_who_may_only_look(sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    give(bob, acme, "tenants.view_settings")
    client = sign_in(bob, acme)
    response = client.get(PAGE)
    assert response.status_code == 200
    assert b"<textarea" not in response.content
    assert client.post(PAGE, {"allowed_origins": ONE}).status_code == 403
    assert kept(acme) == []


def test_by_the_api(api: Any, alice: Person, bob: Person, acme: Tenant) -> None:
    client = api(alice)
    response = client.patch("tenant/", {"allowed_origins": [ONE, TWO]})
    assert response.json()["allowed_origins"] == [ONE, TWO]
    assert client.get("tenant/").json()["allowed_origins"] == [ONE, TWO]
    etag = client.get("tenant/")["ETag"]
    assert client.patch("tenant/", {"allowed_origins": [TWO]}).status_code == 200
    stale = client.patch("tenant/", {"allowed_origins": []}, headers={"If-Match": etag})
    assert stale.status_code == 412
    for wrong in ("https://*.test", ONE + "/x", 7, None):
        response = client.patch("tenant/", {"name": "Other", "allowed_origins": [wrong]})
        assert response.status_code == 400
        assert response.json()["errors"][0]["attr"].startswith("allowed_origins")
    for wrong in (ONE, {}, None, [ONE] * 101):
        assert client.patch("tenant/", {"allowed_origins": wrong}).status_code == 400
    assert api(bob).patch("tenant/", {"allowed_origins": []}).status_code == 403
    acme.refresh_from_db()
    assert (acme.name, acme.allowed_origins) == ("Acme", [TWO])
