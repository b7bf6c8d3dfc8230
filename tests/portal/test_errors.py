"""What people and programs get when something is wrong."""

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db


def test_not_found(browser, world, sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    for client in (browser(None), sign_in(alice, acme)):
        response = client.get("/no-such-page/")
        assert response.status_code == 404
        assert "There is nothing here" in response.content.decode()
        assert read(response.content).check() == []


def test_programs_get_problems(browser, world) -> None:
    response = browser(None).get("/no-such-page/", headers={"Accept": "application/json"})
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


def test_unknown_host(world) -> None:
    response = Client(HTTP_HOST="nobody.localhost:8000").get("/")
    assert response.status_code == 404
    assert "There is no workspace at this address" in response.content.decode()
    assert read(response.content).check() == []


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (TenantStatus.PROVISIONING, 503, "This workspace is being prepared"),
        (TenantStatus.FAILED, 503, "This workspace could not be prepared"),
        (TenantStatus.SUSPENDED, 403, "This workspace is suspended"),
        (TenantStatus.DELETING, 404, "There is no workspace at this address"),
    ],
)
def test_workspaces_that_are_not_open(browser, acme: Tenant, status, code: int, text: str) -> None:
    Tenant.objects.filter(id=acme.id).update(status=status)
    response = browser(acme).get("/")
    assert response.status_code == code
    assert text in response.content.decode()
    assert read(response.content).check() == []
    refreshes = b'http-equiv="refresh"' in response.content
    assert refreshes is (status == TenantStatus.PROVISIONING)


def test_a_form_without_its_token(alice: Person) -> None:
    client = Client(enforce_csrf_checks=True, HTTP_HOST="localhost:8000")
    response = client.post("/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()
    assert read(response.content).check() == []


def test_a_nul_byte(browser, world) -> None:
    response = browser(None).get("/?q=%00")
    assert response.status_code == 400
    assert read(response.content).check() == []


METHODS = [
    ("/theme/", "POST"),
    ("/settings/", "GET, HEAD, POST"),
    ("/members/", "GET, HEAD"),
    ("/.well-known/security.txt", "GET, HEAD"),
]


@pytest.mark.parametrize(("path", "allowed"), METHODS)
def test_a_method_that_is_not_there(browser, acme: Tenant, path: str, allowed: str) -> None:
    response = browser(acme).generic("PATCH", path, headers={"Accept": "text/html"})
    assert response.status_code == 405
    assert set(response["Allow"].split(", ")) == set(allowed.split(", "))
    if response["Content-Type"] != "application/problem+json":
        assert read(response.content).check() == []
        assert "does not take requests of that kind" in response.content.decode()
    response = browser(acme).generic("PATCH", path, headers={"Accept": "application/json"})
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/no-such-page/", "/theme/", "/?q=%00"])
def test_every_page_of_an_error_names_its_request(
    browser, sign_in: SignIn, alice: Person, acme: Tenant, path: str
) -> None:
    for client in (browser(None), browser(acme), sign_in(alice, acme)):
        response = client.get(path, headers={"X-Request-ID": "my-request-1"})
        assert response.status_code >= 400
        assert "my-request-1" in response.content.decode()


def test_so_does_one_inside_the_workspace(sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    response = sign_in(bob, acme).get("/settings/", headers={"X-Request-ID": "my-request-1"})
    assert response.status_code == 403
    assert "my-request-1" in response.content.decode()
    assert read(response.content).check() == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/console/no-such-page/", 404),
        ("GET", "/console/tenants/tenant/no-such-id/nothing/", 404),
        ("GET", "/console/logout/", 405),
        ("GET", "/console/?q=%00", 400),
    ],
)
def test_the_console_has_the_same_pages(
    sign_in: SignIn, staff: Person, method: str, path: str, status: int
) -> None:
    client = sign_in(staff)
    response = client.generic(method, path, headers={"X-Request-ID": "my-request-1"})
    assert response.status_code == status
    assert "my-request-1" in response.content.decode()
    assert read(response.content).check() == []
    response = client.generic(method, path, headers={"Accept": "application/json"})
    assert response.headers["Content-Type"] == "application/problem+json"
