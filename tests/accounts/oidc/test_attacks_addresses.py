"""The attack corpus: where browsers are sent, and the Host header."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.oidc.platform import platform_provider
from apps.events.models import OutboxEvent
from tests.accounts.oidc.provider import Browser, Sandbox, query_of
from tests.accounts.oidc.rows import Rows
from tests.accounts.support import PUBLIC

pytestmark = pytest.mark.django_db
Published = Callable[[], list[OutboxEvent]]

NEXT = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "http:evil.example",
    "https:/evil.example",
    "HTTPS://evil.example/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "evil.example",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nLocation: https://evil.example",
    "//evil.example/%2f..",
    "//localhost:8000@evil.example",
    "https://localhost:8000.evil.example/",
    "https://localhost:8000@evil.example/",
    "//evil.example\\@localhost",
    "/ /evil.example",
    "http://[::1]/",
    "//[",
    "?next=//evil.example",
    "\u2044\u2044evil.example",
    "/" + "a" * 3000,
]


@pytest.mark.parametrize("following", NEXT)
def test_open_redirects(following: str, kinde: Sandbox, browser: Browser) -> None:
    client = browser.on()
    url = str(client.get("/oidc/start/", {"next": following})["Refresh"]).partition("url=")[2]
    response = browser.get(kinde.answer(url, "kp_nina"))
    assert (response.status_code, response["Location"]) == (302, "/workspaces/")


HOSTS = [
    "evil.example",
    "localhost.evil.example",
    "evil.example:8000",
    "evil.example#localhost",
    "localhost@evil.example",
    "localhost:8000@evil.example",
    "evil.example/localhost",
    "localhost:evil",
    ".localhost",
    "-localhost",
    "acme.localhost.evil.example",
    "xn--localhost",
    "127.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "2130706433",
    "0x7f.1",
    "localhost\t",
    "localhost evil.example",
    "localhost,evil.example",
    "LOCALHOST.EVIL.EXAMPLE",
    "öl.example",
    "",
    "*",
    "localhost%00.evil.example",
    "localhost\\evil.example",
    "a" * 300,
    "evil.example?localhost",
]
FORWARDED = ["evil.example", "localhost.evil.example", "localhost, evil.example", "", "*"]


@pytest.mark.parametrize("host", HOSTS)
def test_hosts(host: str, kinde: Sandbox, browser: Browser, rows: Rows) -> None:
    """No address that is sent to a provider, or looked at, comes from the Host header."""
    platform_provider()
    before = rows.all()
    response = Client(HTTP_HOST=host).get("/oidc/start/")
    assert 400 <= response.status_code < 500
    answer = kinde.answer(browser.begin(), "kp_nina")
    refused = browser.on().get(answer.partition(PUBLIC)[2], HTTP_HOST=host)
    assert 400 <= refused.status_code < 500
    assert rows.all() == before


@pytest.mark.parametrize("host", ["localhost..", "localhost:99999999", "LOCALHOST", "localhost."])
def test_spellings_of_our_host(host: str, kinde: Sandbox) -> None:
    response = Client(HTTP_HOST=host).get("/oidc/start/")
    url = str(response["Refresh"]).partition("url=")[2]
    assert query_of(url)["redirect_uri"] == [f"http://{PUBLIC}/oidc/callback/"]


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Host", "X-Original-Host", "Forwarded"])
@pytest.mark.parametrize("value", FORWARDED)
def test_forwarded_hosts(name: str, value: str, kinde: Sandbox, browser: Browser) -> None:
    sent = f"host={value}" if name == "Forwarded" else value
    response = browser.on().get("/oidc/start/", headers={name: sent})
    url = str(response["Refresh"]).partition("url=")[2]
    assert query_of(url)["redirect_uri"] == [f"http://{PUBLIC}/oidc/callback/"]
