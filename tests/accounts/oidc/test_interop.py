"""What only a provider of somebody else's can show; `make interop` starts npm's oidc-provider."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.accounts.oidc import external
from tests.accounts.oidc.conftest import AUDIENCE
from tests.accounts.oidc.interop import interop
from tests.accounts.oidc.provider import Browser, onward
from tests.accounts.support import PUBLIC
from tests.api.client import Api

pytestmark = [pytest.mark.django_db, interop]


def test_sign_out_there_and_by_back_channel(kinde: Any, browser: Browser) -> None:
    """OpenID's RP-Initiated Logout and Back-Channel Logout, each 1.0 final."""
    browser.sign_in(kinde, "kp_nina")
    there = onward(browser.on().post("/accounts/logout/"))
    kinde.logout_tokens.clear()
    back = kinde.sign_out(there)
    assert back == f"http://{PUBLIC}/oidc/signed-out/"
    assert browser.get(back)["Location"] == "/accounts/login/"
    assert len(kinde.logout_tokens) == 1


def test_its_logout_token_ends_the_session(kinde: Any, browser: Browser) -> None:
    browser.sign_in(kinde, "kp_nina")
    assert browser.get("/workspaces/").status_code == 200
    id_token = browser.on().session["oidc"]["id_token"]
    kinde.logout_tokens.clear()
    kinde.sign_out(f"{kinde.end_session_endpoint}?id_token_hint={id_token}")
    (token,) = kinde.logout_tokens
    response = Client(HTTP_HOST=PUBLIC).post("/oidc/backchannel-logout/", {"logout_token": token})
    assert response.status_code == 200, response.content
    assert browser.get("/workspaces/").status_code == 302


def test_its_access_tokens_are_good_at_the_api(kinde: Any, browser: Browser) -> None:
    external.forget()
    browser.sign_in(kinde, "kp_nina")
    token = kinde.access_token("kp_nina", AUDIENCE)
    me = Api(PUBLIC, Authorization=f"Bearer {token}").get("me/")
    assert me.json()["id"] == str(Person.objects.get(email="nina@example.com").id)
    id_token = browser.on().session["oidc"]["id_token"]
    refused = Api(PUBLIC, Authorization=f"Bearer {id_token}").get("me/")
    assert refused.status_code == 401
