"""The parts of pages that follow what happens: what they ask, and what is answered."""

import re
import time
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.models import Person
from apps.credits.enums import WALLET_ID
from apps.credits.services import account_freeze
from apps.tenants.models import Tenant
from tests.api.client import statements
from tests.conftest import SYSTEM
from tests.credits.conftest import _operations  # noqa: F401 - what there is to spend on
from tests.credits.support import SUMMARIZE, debit, grant
from tests.portal.conftest import SignIn
from tests.portal.credits import CREDIT
from tests.portal.pages import read
from tests.portal.test_queries import BUDGET

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def asked(html: str) -> str:
    """What the balance asks for when it is said to have changed."""
    found = re.search(r'id="balance" hx-get="([^"]+)" hx-trigger="([^"]+)"', html)
    assert found is not None
    assert found[2] == "live:credits.balance from:body, live:reset from:body"
    return found[1]


def test_pages_of_a_workspace_listen_from_when_they_were_made(client: Client) -> None:
    began_ms = time.time() * 1000
    html = client.get("/members/").content.decode()
    ended_ms = time.time() * 1000
    assert html.count('<script src="/static/js/live.js" type="module"></script>') == 1
    (since,) = re.findall(r'<meta name="live-since" content="(\d+)-0">', html)
    # Two seconds before: clocks differ.
    assert began_ms - 2001 <= int(since) <= ended_ms - 2000
    assert read(html.encode()).check() == []


def test_pages_of_nobody_do_not(browser: object, acme: Tenant) -> None:
    for tenant in (acme, None):
        answer = browser(tenant).get("/accounts/login/", follow=True)  # type: ignore[operator]
        assert b"live.js" not in answer.content


def test_the_balance_is_fetched_when_it_changed(client: Client, filled: SimpleNamespace) -> None:
    html = client.get("/credits/").content.decode()
    address = asked(html)
    again = client.get(address, headers=HTMX)
    assert (again.status_code, again.content) == (204, b"")
    debit(7 * CREDIT, operation=SUMMARIZE)
    with statements(BUDGET):
        changed = client.get(address, headers=HTMX)
    assert changed.status_code == 200
    part = changed.content.decode()
    assert "<html" not in part
    assert asked(part) != address
    assert '<p class="tabular" id="used-shown" hx-swap-oob="true">' in part
    # What it says is what the page says.
    whole = client.get("/credits/").content.decode()
    assert asked(whole) == asked(part)
    assert re.findall(r"<dd>([\d.,]+)</dd>", part) == re.findall(r"<dd>([\d.,]+)</dd>", whole)


def test_the_first_credits_bring_the_page(client: Client, in_acme: None) -> None:
    html = client.get("/credits/").content.decode()
    address = asked(html)
    assert address == "/credits/?seen=empty"
    assert re.search(r'id="balance"[^>]* hidden>', html)
    assert client.get(address, headers=HTMX).status_code == 204
    grant(5 * CREDIT)
    answer = client.get(address, headers=HTMX)
    assert (answer.status_code, answer["HX-Refresh"]) == (200, "true")


def test_a_stop_is_shown_at_once(client: Client, filled: SimpleNamespace) -> None:
    address = asked(client.get("/credits/").content.decode())
    account_freeze(actor=SYSTEM, account_id=WALLET_ID, is_frozen=True, reason="Ticket 7")
    assert "Spending is stopped" in client.get(address, headers=HTMX).content.decode()


def test_who_may_not_see_credits_is_not_told_there(
    sign_in: SignIn, bob: Person, acme: Tenant
) -> None:
    assert sign_in(bob, acme).get("/credits/?seen=empty", headers=HTMX).status_code == 403


def test_the_script_is_small() -> None:
    assert (settings.BASE_DIR / "static/js/live.js").stat().st_size < 8_000
