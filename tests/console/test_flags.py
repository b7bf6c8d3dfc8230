"""Feature flags in the console."""

import pytest
from django.test import Client

from apps.adoption.models import FlagRule
from apps.common import flags
from apps.common.breakers import Breaker
from apps.tenants.models import Tenant
from tests.console.conftest import messages_of

CODE = "notifications.sms_codes"
LIST, PAGE = "/console/flags/", f"/console/flags/{CODE}/"
DECIDED = {"mode": "targeted", "percent": "100", "reason": "A try <b>"}


def seen_of(html: str) -> str:
    return html.split('name="seen" value="')[1].split('"', maxsplit=1)[0]


def test_what_is_declared(console: Client) -> None:
    html = console.get(LIST).content.decode()
    assert CODE in html
    assert "Everybody" in html
    html = console.get(PAGE).content.decode()
    assert "sms.twilio" in html
    assert "None is named." in html
    assert console.get("/console/flags/tests.unknown/").status_code == 404


def test_it_is_looked_at_twice(console: Client, published: object, acme: Tenant) -> None:
    url = f"{PAGE}decide/"
    first = console.post(url, DECIDED)
    assert first.status_code == 200
    html = first.content.decode()
    assert "it would be on in 2 of 2 tenants" in html
    assert not FlagRule.objects.exists()
    # What was agreed to was something else.
    other = console.post(url, {**DECIDED, "percent": "0", "seen": seen_of(html)})
    assert "it would be on in 0 of 2 tenants" in other.content.decode()
    assert not FlagRule.objects.exists()
    done = console.post(url, {**DECIDED, "seen": seen_of(html)})
    assert done["Location"] == PAGE
    assert messages_of(done) == [f"{CODE} is decided."]
    row = FlagRule.objects.get()
    assert (row.mode, row.percent, row.actor) == ("targeted", 100, "staff@platform.test")
    assert published() == [("adoption.flag_changed", "staff@platform.test")]  # type: ignore[operator]
    html = console.get(PAGE).content.decode()
    assert "100 % of tenants" in html
    assert "A try &lt;b&gt;" in html


def test_a_reason_is_needed(console: Client) -> None:
    assert "Say why" in console.post(f"{PAGE}decide/", {"mode": "on"}).content.decode()
    assert not FlagRule.objects.exists()


def test_one_tenant(console: Client, acme: Tenant) -> None:
    url = f"{PAGE}tenant/"
    wrong = console.post(url, {"tenant": "nobody", "choice": "off", "reason": "x"})
    assert "There is no tenant with this address." in wrong.content.decode()
    assert console.post(url, {"tenant": "acme", "choice": "off", "reason": "x"})["Location"] == PAGE
    assert FlagRule.objects.get().off == [acme.id]
    flags.forget()
    assert not flags.is_on(CODE, tenant=acme)
    html = console.get(PAGE).content.decode()
    assert f"{url}?tenant=acme" in html
    assert 'value="acme"' in console.get(url, {"tenant": "acme"}).content.decode()


def test_what_is_away_shows(console: Client) -> None:
    breaker = Breaker("sms.twilio", failures=1)
    with pytest.raises(OSError, match="gone"), breaker.attempt(failures=(OSError,)):
        raise OSError("gone")
    flags.forget()
    for url in (LIST, PAGE):
        assert "Off: sms.twilio is away" in console.get(url).content.decode()


def test_what_no_app_declares_any_more_shows(console: Client) -> None:
    FlagRule.objects.create(code="tests.gone", mode="on", reason="Long ago")
    html = console.get(LIST).content.decode()
    assert "tests.gone" in html
    assert "Long ago" in html


def test_not_for_others(outsider: Client, anonymous: Client) -> None:
    for url in (LIST, PAGE, f"{PAGE}decide/", f"{PAGE}tenant/"):
        assert outsider.post(url, DECIDED).status_code == 404
        assert anonymous.get(url).status_code == 302
    assert not FlagRule.objects.exists()
