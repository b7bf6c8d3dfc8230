"""Reports of violations: anybody sends them, so they are few, short, and say nothing that is secret."""

from typing import Any

import orjson
import pytest
from django.test import Client
from structlog.testing import capture_logs

from apps.portal.views import csp_reports
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, host
from tests.api.client import statements

pytestmark = pytest.mark.django_db
PATH = "/reports/csp/"
NEW, OLD = "application/reports+json", "application/csp-report"
TOKEN = "secret-of-a-link"
BODY = {
    "blockedURL": f"https://evil.test/x.js?t={TOKEN}",
    "documentURL": f"http://acme.localhost:8000/files/{TOKEN}/?q={TOKEN}",
    "effectiveDirective": "script-src-elem",
    "sourceFile": "http://acme.localhost:8000/static/js/app.js?v=1",
    "lineNumber": 7,
    "sample": TOKEN,
}
REPORT = {"type": "csp-violation", "age": 1, "url": f"http://x/{TOKEN}", "body": BODY}
SAID = {
    "directive": "script-src-elem",
    "blocked": "https://evil.test",
    "page": "files/<str:token>/",
    "source": "/static/js/app.js",
    "line": "7",
}


@pytest.fixture
def client(acme: Tenant) -> Client:
    return Client(HTTP_HOST=host(acme), enforce_csrf_checks=True, raise_request_exception=False)


def send(client: Client, data: Any, content_type: str = NEW) -> tuple[Any, list[dict[str, str]]]:
    body = data if isinstance(data, bytes) else orjson.dumps(data)
    with capture_logs() as logs:
        response = client.post(PATH, body, content_type=content_type)
    return response, [
        {name: one[name] for name in SAID} for one in logs if one["event"] == "csp.violation"
    ]


def test_a_report_goes_into_the_log_without_its_secrets(client: Client) -> None:
    response, said = send(client, [REPORT])
    assert (response.status_code, response.content) == (204, b"")
    assert said == [SAID]
    assert TOKEN not in repr(said)


def test_the_older_kind(client: Client) -> None:
    body = {
        "blocked-uri": "inline",
        "document-uri": "http://acme.localhost:8000/members/?q=bob",
        "effective-directive": "style-src-attr",
        "source-file": f"http://acme.localhost:8000/files/{TOKEN}/",
        "line-number": 1,
    }
    response, said = send(client, {"csp-report": body}, OLD)
    assert response.status_code == 204
    assert said == [
        {
            "directive": "style-src-attr",
            "blocked": "inline",
            "page": "members/",
            "source": "http://acme.localhost:8000",
            "line": "1",
        }
    ]


def test_on_the_public_host_too(world: object) -> None:
    response, said = send(Client(HTTP_HOST=PUBLIC), [REPORT])
    assert (response.status_code, len(said)) == (204, 1)


def test_no_statement_is_needed(client: Client, settings: Any) -> None:
    settings.CACHE_READS = True
    send(client, [REPORT])
    with statements(0):
        assert send(client, [REPORT])[0].status_code == 204


@pytest.mark.parametrize(
    ("field", "text"),
    [("blockedURL", "chrome-extension://abc/x.js"), ("sourceFile", "moz-extension")],
)
def test_extensions_of_the_browser_are_not_ours(client: Client, field: str, text: str) -> None:
    assert send(client, [{**REPORT, "body": {**BODY, field: text}}])[1] == []


def test_other_reports_are_left_alone(client: Client) -> None:
    response, said = send(client, [{"type": "deprecation", "body": {}}, REPORT])
    assert (response.status_code, len(said)) == (204, 1)


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"{",
            b"\xff",
            b"7",
            b"null",
            b"[7]",
            b"[null]",
            b'"x"',
            b"{}",
            b'{"csp-report": 7}',
        ),
        *(b'[{"type": "csp-violation"}]', b'[{"type": "csp-violation", "body": []}]'),
        *(b"[" * 8000, b'{"csp-report": {"blocked-uri": "http://[::1"}}'),
    ],
    ids=repr,
)
def test_garbage(client: Client, data: bytes) -> None:
    response, said = send(client, data)
    assert (response.status_code, said) == (400, [])
    assert response.json()["code"] == "invalid"


def test_what_it_says_is_cut(client: Client) -> None:
    long = dict.fromkeys(("effectiveDirective", "blockedURL", "sourceFile"), "x" * 3000)
    response, said = send(client, [{**REPORT, "body": {**long, "lineNumber": "9" * 500}}])
    assert response.status_code == 204
    assert all(len(text) <= csp_reports.MAX_CHARS for text in said[0].values())


def test_at_most_so_many_of_one_message(client: Client) -> None:
    assert len(send(client, [REPORT] * 30)[1]) == csp_reports.MAX_REPORTS


def test_large_ones(client: Client) -> None:
    response, said = send(client, b"x" * (csp_reports.MAX_BYTES + 1))
    assert (response.status_code, response.json()["code"], said) == (413, "body_too_large", [])


def test_other_types_and_methods(client: Client) -> None:
    assert send(client, [REPORT], "text/plain")[0].status_code == 415
    assert client.post(PATH, {"a": "b"}).status_code == 415
    response = client.get(PATH)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert response.json()["code"] == "method_not_allowed"


def test_too_many(client: Client) -> None:
    found = [send(client, [REPORT])[0] for _ in range(csp_reports.REPORTS.at_most + 1)]
    assert [one.status_code for one in found] == [204] * csp_reports.REPORTS.at_most + [429]
    assert int(found[-1]["Retry-After"]) > 0
    assert send(client, [REPORT])[1] == []
