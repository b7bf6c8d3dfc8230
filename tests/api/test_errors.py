"""Whatever goes wrong leaves as one shape, and says nothing that it should not."""

import json
import logging
import uuid
from typing import Any

import pytest
import redis
from django.db import DataError, OperationalError

from apps.accounts.models import Person
from apps.organizations import selectors
from apps.organizations.models import Organization

pytestmark = pytest.mark.django_db


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v1/",
        "/api/v2/members/",
        "/api/v1/no-such/",
        "/api/v1/members",
        "/api/v1/members/7/",
        "/api/v1/members/not-a-uuid/",
        "/api/v1/members/%27/",
        "/api/v1/members/../roles/",
        "/api/v1/organizations/" + "x" * 3000 + "/",
        "/api/docs",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"])
def test_unknown_addresses(api: Any, alice: Person, path: str, method: str) -> None:
    assert code(api(alice)(method, path)) == (404, "not_found")
    assert code(api(None, None)(method, path)) == (404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_methods_that_are_not_there(api: Any, alice: Person, method: str) -> None:
    response = api(alice)(method, "members/")
    assert code(response) == (405, "method_not_allowed")
    assert "GET" in response["Allow"]


def test_media_types(api: Any, alice: Person, root: Organization) -> None:
    client = api(alice)
    body = b"name=X"
    for content_type in (
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/xml",
        "",
    ):
        sent = client("POST", "organizations/", body, content_type=content_type)
        assert code(sent) == (415, "unsupported_media_type")
    assert code(client("GET", "members/", headers={"Accept": "text/html"}))[0] == 406
    assert client("GET", "members/", headers={"Accept": "*/*"}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b"{'name': 1}",
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}',
        b'{"na\\u0000me": 1}',
        b'{"name": "a\x00b"}',
        b"[" * 100_000,
        b"[" * 900 + b'"\\u0000"' + b"]" * 900,
        b'{"a":' * 1000 + b'"\\u0000"' + b"}" * 1000,
        "é".encode("latin-1"),
        b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_bodies_that_cannot_be_read(api: Any, alice: Person, body: bytes) -> None:
    assert code(api(alice)("POST", "organizations/", body)) == (400, "parse_error")


@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"null", b"true", b"1e400", b"9" * 400])
def test_bodies_that_are_not_objects(api: Any, alice: Person, body: bytes) -> None:
    response = api(alice)("POST", "organizations/", body)
    assert code(response) in {(400, "invalid"), (400, "parse_error")}


def test_a_body_of_more_than_a_mebibyte(api: Any, alice: Person) -> None:
    body = json.dumps({"name": "x" * 1_048_576}).encode()
    assert code(api(alice)("POST", "organizations/", body)) == (413, "body_too_large")


@pytest.mark.parametrize("query", ["q=%00", "cursor=%00", "q=a%00b&status=active", "%00=1"])
def test_nul_in_the_query(api: Any, alice: Person, query: str) -> None:
    assert code(api(alice)("GET", f"members/?{query}")) == (400, "invalid")


def test_nul_in_the_path(api: Any, alice: Person) -> None:
    assert code(api(alice)("GET", "/api/v1/mem%00bers/")) == (400, "invalid")


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "latin-1", "no-such"])
def test_charsets_that_are_not_utf_8(api: Any, alice: Person, charset: str) -> None:
    response = api(alice)(
        "GET", "members/?q=%5Cud800", CONTENT_TYPE=f"text/plain; charset={charset}"
    )
    assert code(response) == (415, "unsupported_media_type")


@pytest.mark.parametrize("charset", ["UTF-8", "utf8", "us-ascii"])
def test_charsets_that_are(api: Any, alice: Person, charset: str) -> None:
    response = api(alice)("GET", "members/?q=bob", CONTENT_TYPE=f"text/plain; charset={charset}")
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (RuntimeError("the secret of db.internal"), (500, "server_error")),
        (KeyError("the secret of db.internal"), (500, "server_error")),
        (OperationalError("the secret of db.internal"), (503, "unavailable")),
        (redis.exceptions.ConnectionError("the secret of db.internal"), (503, "unavailable")),
        (redis.exceptions.TimeoutError("the secret of db.internal"), (503, "unavailable")),
        (DataError("the secret of db.internal"), (400, "invalid")),
    ],
)
def test_the_unexpected_is_logged_and_not_told(
    api: Any,
    alice: Person,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    raised: Exception,
    expected: tuple[int, str],
) -> None:
    def explode(*args: object) -> None:
        raise raised

    monkeypatch.setattr(selectors, "members_below", explode)
    with caplog.at_level(logging.ERROR):
        # A list that is not read in the same way a second time.
        path = f"members/?q={uuid.uuid4()}"
        response = api(alice)("GET", path, headers={"X-Request-ID": "my-request-1"})
    assert code(response) == expected
    assert "secret" not in response.content.decode()
    assert response.json()["request_id"] == "my-request-1"
    logged = [record for record in caplog.records if record.name == "apps.common.api.errors"]
    assert len(logged) == 1
    assert "my-request-1" in str(logged[0].msg)
    assert raised is (logged[0].msg["exc_info"] if isinstance(logged[0].msg, dict) else None) or (
        logged[0].exc_info is not None and logged[0].exc_info[1] is raised
    )


def test_a_bad_request_id_is_replaced(api: Any, alice: Person) -> None:
    response = api(alice)("GET", "members/", headers={"X-Request-ID": "x y\tz"})
    assert response["X-Request-ID"] != "x y\tz"
