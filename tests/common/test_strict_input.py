"""What is too large, or cannot be stored, is refused before any view sees it, and changes nothing."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import BrowserSession, Person
from apps.common import strict_input
from apps.events.models import OutboxEvent
from apps.organizations.models import Organization
from apps.tenants.models import Tenant
from tests.accounts.support import PASSWORD, PUBLIC, force_sign_in, host
from tests.portal.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(world: object) -> Client:
    return Client(HTTP_HOST=PUBLIC, raise_request_exception=False)


def code(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["request_id"] == response["X-Request-ID"]
    return response.status_code, body["code"]


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "a\x01b", "a\x7f", "a\rb", "a\nb"])
@pytest.mark.parametrize("name", ["User-Agent", "Accept-Language", "X-Forwarded-For", "X-Tenant"])
def test_headers_that_are_no_text(client: Client, name: str, text: str) -> None:
    assert code(client.get("/api/v1/me/", headers={name: text})) == (400, "invalid")
    response = client.get("/", headers={name: text})
    assert response.status_code == 400
    assert read(response.content).check() == []


def test_a_nul_in_the_name_of_a_browser_ends_no_sign_in(client: Client, alice: Person) -> None:
    """It was stored with the session, which PostgreSQL refuses: a 500."""
    before = BrowserSession.objects.count()
    body = {"login": alice.email, "password": PASSWORD}
    response = client.post("/accounts/login/", body, headers={"User-Agent": "Mozilla\0"})
    assert response.status_code == 400
    sent = {"email": alice.email, "password": PASSWORD}
    response = client.post(
        "/api/v1/auth/token/",
        sent,
        content_type="application/json",
        headers={"User-Agent": "Mozilla\0"},
    )
    assert code(response) == (400, "invalid")
    assert BrowserSession.objects.count() == before
    assert not OutboxEvent.objects.filter(name="accounts.session_started").exists()


@pytest.mark.parametrize("text", ["Mozilla/5.0 (X11)", "tab\tinside", "é", "x" * 4000])
def test_headers_that_are(client: Client, text: str) -> None:
    assert client.get("/", headers={"User-Agent": text}).status_code == 200


def test_too_many_headers(client: Client) -> None:
    many = {f"X-Header-{number}": "x" for number in range(strict_input.MAX_HEADERS + 1)}
    assert code(client.get("/api/v1/me/", headers=many)) == (431, "headers_too_large")
    long = {"X-Long": "x" * strict_input.MAX_HEADER_BYTES}
    assert code(client.get("/api/v1/me/", headers=long)) == (431, "headers_too_large")
    response = client.get("/", headers=long)
    assert response.status_code == 431
    assert read(response.content).check() == []


def test_long_addresses(client: Client) -> None:
    limit = strict_input.MAX_URL_CHARS
    assert code(client.get("/api/v1/" + "x" * limit)) == (414, "uri_too_long")
    assert code(client.get("/api/v1/me/?q=" + "x" * limit)) == (414, "uri_too_long")
    assert client.get("/?q=" + "x" * (limit - 10)).status_code == 200
    response = client.get("/?q=" + "x" * limit)
    assert response.status_code == 414
    assert read(response.content).check() == []


def test_too_many_parameters(client: Client) -> None:
    pairs = "&".join(f"a{number}=1" for number in range(strict_input.MAX_PARAMETERS + 1))
    assert code(client.get(f"/api/v1/me/?{pairs}")) == (400, "invalid")
    assert client.get("/?" + "&".join(["a=1"] * strict_input.MAX_PARAMETERS)).status_code == 200


@pytest.mark.parametrize("length", [str(8 * 1024 * 1024 + 1), "9" * 30])
def test_bodies_that_are_too_large_are_not_read(client: Client, length: str) -> None:
    response = client.post(
        "/api/v1/auth/token/", b"{}", content_type="application/json", CONTENT_LENGTH=length
    )
    assert code(response) == (413, "body_too_large")


@pytest.mark.parametrize("length", ["-1", "1e3", "x", "1,1", "²"])
def test_lengths_that_are_no_number(client: Client, length: str) -> None:
    response = client.post(
        "/api/v1/auth/token/", b"{}", content_type="application/json", CONTENT_LENGTH=length
    )
    assert code(response) == (400, "invalid")


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"theme=da%00rk", "application/x-www-form-urlencoded"),
        (b"the%00me=dark", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="theme"\r\n\r\nda\0rk\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_nul_in_a_form(client: Client, data: bytes, content_type: str) -> None:
    response = client.post("/theme/", data, content_type=content_type)
    assert response.status_code == 400
    assert "A field contains a NUL byte." in response.content.decode()
    assert not response.cookies


def test_nul_in_a_form_of_a_workspace_changes_nothing(alice: Person, acme: Tenant) -> None:
    client = Client(HTTP_HOST=host(acme))
    force_sign_in(client, alice, acme)
    response = client.post("/settings/", {"name": "Acme\0"})
    assert response.status_code == 400
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_a_form_that_is_too_large(client: Client) -> None:
    response = client.post(
        "/theme/",
        b"theme=" + b"x" * 2_700_000,
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code == 413
    assert "Send less of it at a time." in response.content.decode()
    assert read(response.content).check() == []


def test_a_form_with_too_many_fields(client: Client) -> None:
    data = "&".join(f"f{number}=1" for number in range(1001)).encode()
    response = client.post("/theme/", data, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 400
    assert read(response.content).check() == []


def test_a_broken_upload(client: Client) -> None:
    response = client.post("/theme/", b"--b\r\n", content_type="multipart/form-data; boundary=\x01")
    assert response.status_code == 400


JSON = [
    (b'{"name": "X", "name": "Y"}', "names a member twice"),
    (b'{"name": "X", "n\\u0061me": "Y"}', "names a member twice"),
    (b'{"name": "X", "a": {"b": [{"c": 1, "c": 2}]}}', "names a member twice"),
    (b'{"name": "a\\u0000"}', "NUL character"),
    (b'{"name": ["\\u0000"]}', "NUL character"),
    (b'{"a\\u0000": 1}', "NUL character"),
    (b'{"name": "\\ud800"}', "not valid JSON"),
    (b'{"name": "\\udc00\\ud800"}', "not valid JSON"),
    (b'{"name": 1e999}', "not valid JSON"),
    (b'{"name": -1e999}', "not valid JSON"),
    (b'{"name": 1e300}', "between -2^63 and 2^63"),
    (b'{"name": 18446744073709551616}', "between -2^63 and 2^63"),
    (b'{"name": -9223372036854775809}', "between -2^63 and 2^63"),
    (b'{"name": ' + b"9" * 5000 + b"}", "not valid JSON"),
    (b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64 levels"),
    (b"[" * 65 + b"]" * 65, "deeper than 64 levels"),
]


@pytest.mark.parametrize(("body", "words"), JSON, ids=lambda value: repr(value[:24]))
def test_json_that_means_something_else_than_it_says(
    alice: Person, acme: Tenant, root: Organization, body: bytes, words: str
) -> None:
    client = Client(HTTP_HOST=host(acme))
    force_sign_in(client, alice, acme)
    before = Organization.objects.count()
    response = client.post("/api/v1/organizations/", body, content_type="application/json")
    assert code(response) == (400, "parse_error")
    assert words in response.json()["detail"]
    assert Organization.objects.count() == before


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "a: \\"b\\": {c:d}", "parent": "x:y"}',
        b'{"name": "\\\\", "parent": ":\\\\\\":"}',
        b'{"name": 18446744073709551615}',
        b'{"name": -9223372036854775808}',
        b'{"name": "\\ud83d\\ude00"}',
        b"[" * 64 + b"]" * 64,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_json_that_can_be_read(alice: Person, acme: Tenant, body: bytes) -> None:
    """It may be wrong in other ways; then it is the fields that are."""
    client = Client(HTTP_HOST=host(acme))
    force_sign_in(client, alice, acme)
    response = client.post("/api/v1/organizations/", body, content_type="application/json")
    assert code(response) == (400, "invalid")
