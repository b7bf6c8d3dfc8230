"""Access tokens of the platform's provider."""

import time
from typing import Any

import pytest

from apps.accounts.errors import TokenExpired, TokenInvalid
from apps.accounts.oidc import external, jwks
from apps.accounts.oidc.external import external_claims, external_is_ended
from apps.accounts.oidc.sessions import end_by_provider
from apps.sandbox.oidc import misbehaviour
from apps.sandbox.oidc.views import access_token
from tests.accounts.oidc.provider import Browser, Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget() -> None:
    external.forget()


def token(kinde: Sandbox, who: str = "kp_nina", /, **changes: Any) -> str:
    issuer = kinde.issuer
    person = issuer.person(who)
    assert person is not None
    return access_token(kinde.base, issuer, issuer.clients[0], person, **changes)


def test_what_it_says(kinde: Sandbox) -> None:
    claims = external_claims(token(kinde))
    assert claims is not None
    assert (claims.issuer, claims.subject) == (kinde.base, "kp_nina")
    assert (claims.proved_at, claims.sid, claims.org_code) == (0.0, "", "")
    proved = int(time.time()) - 100
    claims = external_claims(token(kinde, auth_time=proved, sid="s1"))
    assert claims is not None
    assert (claims.proved_at, claims.sid) == (proved, "s1")
    claims = external_claims(token(kinde, auth_time=time.time() + 9999, sid=["s1"]))
    assert claims is not None
    assert (claims.proved_at, claims.sid) == (0.0, "")


def test_of_an_organization(kinde: Sandbox) -> None:
    claims = external_claims(token(kinde, "kp_bob"))
    assert claims is not None
    assert claims.org_code == "org_acme"


def test_warm_it_asks_nobody(
    kinde: Sandbox, django_assert_num_queries: Any, monkeypatch: Any
) -> None:
    sent = token(kinde)
    assert external_claims(sent)
    monkeypatch.setattr(jwks, "caches", None)
    with django_assert_num_queries(0):
        assert external_claims(sent)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": []},
        {"aud": "wrapper-kinde"},
        {"aud": None},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"nonce": "x"},
        {"events": {}},
        {"nbf": time.time() + 9999},
    ],
)
def test_refused(changes: dict[str, Any], kinde: Sandbox) -> None:
    with pytest.raises(TokenInvalid):
        external_claims(token(kinde, **changes))


def test_expired(kinde: Sandbox) -> None:
    with pytest.raises(TokenExpired):
        external_claims(token(kinde, exp=int(time.time()) - 100))


@pytest.mark.parametrize("how", ["alg_none", "hs256_public_key", "other_key_same_kid", "jku"])
def test_signatures(how: str, kinde: Sandbox) -> None:
    claims = {
        "iss": kinde.base,
        "aud": "https://api.wrapper.test",
        "sub": "kp_nina",
        "iat": int(time.time()),
        "exp": int(time.time()) + 60,
    }
    with pytest.raises(TokenInvalid):
        external_claims(misbehaviour.id_token(kinde.issuer, claims, [how], "x"))


def test_not_the_providers(kinde: Sandbox, settings: Any) -> None:
    assert external_claims("x") is None
    assert external_claims("a.b.c") is None
    assert external_claims(token(kinde, iss="https://evil.example")) is None
    settings.OIDC_API_AUDIENCE = ""
    assert external_claims(token(kinde)) is None


def test_an_id_token_is_none(kinde: Sandbox, browser: Browser) -> None:
    browser.sign_in(kinde, "kp_nina")
    with pytest.raises(TokenInvalid):
        external_claims(browser.on().session["oidc"]["id_token"])


def test_ended_by_the_provider(kinde: Sandbox) -> None:
    claims = external_claims(token(kinde))
    assert claims is not None
    assert not external_is_ended(claims)
    end_by_provider(claims.provider_id, subject=claims.subject, sid="")
    assert external_is_ended(claims)
