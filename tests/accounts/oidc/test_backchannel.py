"""Back-channel logout: what ends, and what does not."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.events.models import OutboxEvent
from apps.sandbox.oidc import logout, misbehaviour, state
from tests.accounts.oidc.provider import Browser, Sandbox
from tests.accounts.support import PUBLIC

pytestmark = pytest.mark.django_db
PATH = "/oidc/backchannel-logout/"


def token(kinde: Sandbox, **claims: Any) -> str:
    issuer = kinde.issuer
    return logout.logout_token(issuer, kinde.base, issuer.clients[0], **claims)


def post(logout_token: str) -> Any:
    # A provider has no cookies, and no CSRF token.
    client = Client(HTTP_HOST=PUBLIC, enforce_csrf_checks=True)
    return client.post(PATH, {"logout_token": logout_token})


def is_in(browser: Browser) -> bool:
    return browser.get("/workspaces/").status_code == 200


@pytest.fixture
def nina(kinde: Sandbox) -> Browser:
    browser = Browser()
    browser.sign_in(kinde, "kp_nina")
    assert is_in(browser)
    return browser


def test_of_a_session(
    kinde: Sandbox, nina: Browser, published: Callable[[], list[OutboxEvent]]
) -> None:
    other = Browser()
    other.sign_in(kinde, "kp_nina")
    sid = nina.on().session["oidc"]["sid"]
    response = post(token(kinde, sid=sid))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert (is_in(nina), is_in(other)) == (False, True)
    names = [event.name for event in published()]
    assert names.count("accounts.provider_session_ended") == 1


def test_of_a_person(kinde: Sandbox, nina: Browser) -> None:
    other = Browser()
    other.sign_in(kinde, "kp_nina")
    assert post(token(kinde, sub="kp_nina")).status_code == 200
    assert (is_in(nina), is_in(other)) == (False, False)
    time.sleep(0.01)
    other.sign_in(kinde, "kp_nina")
    assert is_in(other)


WRONG: dict[str, dict[str, Any]] = {
    "token_malformed": {"iat": None},
    "audience_wrong": {"aud": ["wrapper-kinde", "other"]},
    "issuer_wrong": {"iss": "https://evil.example"},
    "event_missing": {"events": {"http://example.com/other": {}}},
    "token_type_wrong": {"nonce": "x"},
    "subject_wrong": {"sub": None, "sid": None},
    "sid_wrong": {"sid": 7},
    "token_old": {"iat": 1_000_000_000},
    "token_expired": {"exp": 1_000_000_000},
    "claim_missing": {"jti": None},
}


@pytest.mark.parametrize("reason", WRONG)
def test_refused(reason: str, kinde: Sandbox, nina: Browser) -> None:
    changes = {"sub": "kp_nina", **WRONG[reason]}
    if reason == "token_malformed":
        reason = "claim_missing"
    response = post(token(kinde, **changes))
    assert (response.status_code, response.json()["error_description"]) == (400, reason)
    assert is_in(nina)


def test_refused_signatures(kinde: Sandbox, nina: Browser, sandbox: Any) -> None:
    good = token(kinde, sub="kp_nina")
    head, body, signature = good.split(".")
    other = sandbox("acme").issuer
    client = state.Client("wrapper-kinde", "", [], [], "")
    for bad in (
        f"{head}.{body}.",
        f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        logout.logout_token(other, kinde.base, client, sub="kp_nina"),
        "x" * 40_000,
        "a.b.c",
        "",
        good + "\0",
        misbehaviour.id_token(kinde.issuer, {"sub": "kp_nina"}, ["alg_none"], ""),
    ):
        assert post(bad).status_code == 400
    assert Client(HTTP_HOST=PUBLIC).get(PATH).status_code == 405
    assert is_in(nina)


def test_a_token_is_good_once(kinde: Sandbox, nina: Browser) -> None:
    sent = token(kinde, sub="kp_nina")
    assert post(sent).status_code == 200
    again = post(sent)
    assert (again.status_code, again.json()["error_description"]) == (400, "token_replayed")


def test_an_id_token_is_no_logout_token(kinde: Sandbox, nina: Browser) -> None:
    id_token = nina.on().session["oidc"]["id_token"]
    assert post(id_token).status_code == 400
    assert is_in(nina)
