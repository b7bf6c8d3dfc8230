"""The attack corpus: one table of what a provider, a browser or a network may try.

Each is refused with an answer below 500, and leaves no row behind but the note that it was refused.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches

from apps.accounts.enums import ProviderState
from apps.accounts.models import IdentityProvider
from apps.accounts.oidc import jwks
from apps.accounts.oidc.platform import platform_provider
from apps.events.models import OutboxEvent
from apps.sandbox.oidc import misbehaviour, state
from tests.accounts.oidc.interop import interop
from tests.accounts.oidc.provider import Browser, Sandbox, query_of, with_query
from tests.accounts.oidc.rows import Rows, is_refused
from tests.accounts.oidc.tenants import begin, connect, role_id, turn, verify_domain, who
from tests.conftest import World

pytestmark = pytest.mark.django_db
Published = Callable[[], list[OutboxEvent]]

# What an ID token claims or how it is signed, and the reason that is noted. "": it is accepted, and may be.
TOKENS = {
    "wrong_iss": "issuer_wrong",
    "iss_with_slash": "issuer_wrong",
    "no_iss": "claim_missing",
    "wrong_aud": "audience_wrong",
    "wrong_aud_list": "audience_wrong",
    "no_aud": "claim_missing",
    "empty_aud": "claim_missing",
    "many_aud_without_azp": "azp_wrong",
    "many_aud_wrong_azp": "azp_wrong",
    "wrong_azp": "azp_wrong",
    "wrong_nonce": "nonce_wrong",
    "no_nonce": "nonce_wrong",
    "no_exp": "claim_missing",
    "expired": "token_expired",
    "text_exp": "token_malformed",
    "no_iat": "claim_missing",
    "old_iat": "token_old",
    "future_iat": "token_early",
    "future_nbf": "token_early",
    "old_auth_time": "",  # which matters where they have to prove it anew
    "no_sub": "claim_missing",
    "empty_sub": "subject_wrong",
    "long_sub": "subject_wrong",
    "number_sub": "token_malformed",
    "nul_sub": "subject_wrong",
    "email_unverified": "email_unverified",
    "email_verified_text": "email_unverified",
    "no_email_verified": "email_unverified",
    "bad_email": "email_missing",
    "list_email": "email_missing",
    "nul_name": "",
    "no_email": "",  # userinfo has it
    "logout_token": "token_type_wrong",
    "alg_none": "algorithm_wrong",
    "alg_none_signed": "algorithm_wrong",
    "hs256_public_key": "algorithm_wrong",
    "hs256_client_secret": "algorithm_wrong",
    "rs512": "algorithm_wrong",
    "unknown_kid": "key_unknown",
    "no_kid": "key_unknown",
    "jku": "signature_wrong",
    "jwk_header": "signature_wrong",
    "crit": "token_malformed",
    "other_issuer_key": "key_unknown",
    "other_key_same_kid": "signature_wrong",
    "bad_signature": "signature_wrong",
    "payload_swapped": "signature_wrong",
    "access_token": "audience_wrong",
    "no_id_token": "token_malformed",
    "list_id_token": "token_malformed",
    "empty_id_token": "token_malformed",
    "four_parts": "token_malformed",
    "huge_id_token": "token_malformed",
    "token_invalid_grant": "code_refused",
    "wrong_iss_parameter": "issuer_wrong",
}


def test_the_table_is_whole() -> None:
    assert TOKENS.keys() >= {*misbehaviour.CLAIMS, *misbehaviour.SIGNATURES}


@pytest.mark.parametrize("wrong", TOKENS)
def test_tokens(
    wrong: str, kinde: Sandbox, browser: Browser, rows: Rows, published: Published
) -> None:
    platform_provider()
    if wrong == "no_kid":
        state.rotate("kinde")
    before = rows.all()
    response = browser.sign_in(kinde, "kp_nina", wrong)
    if not TOKENS[wrong]:
        assert (response.status_code, who(browser)) == (302, "nina@example.com")
        return
    is_refused(response)
    assert who(browser) == ""
    assert rows.all() == before
    notes = [(e.name, e.payload["reason"]) for e in published()]
    assert notes == [("accounts.provider_sign_in_refused", TOKENS[wrong])]


TENANT_TOKENS = [
    "alg_none",
    "hs256_client_secret",
    "wrong_iss",
    "wrong_aud",
    "no_exp",
    "wrong_nonce",
    "jku",
    "email_unverified",
    "wrong_iss_parameter",
]


@pytest.mark.parametrize("wrong", TENANT_TOKENS)
def test_tokens_of_a_tenants_provider(
    wrong: str, sandbox: Callable[[str], Sandbox], browser: Browser, rows: Rows
) -> None:
    world, acme_id = rows.world, sandbox("acme")
    verify_domain(world.acme, "acme.test")
    connect(world.acme, world.alice, acme_id)
    turn(world.acme, world.alice, ProviderState.ON, default_role_id=role_id(world.acme, "member"))
    before = rows.all()
    is_refused(browser.get(acme_id.answer(begin(browser, world.acme), "a-003", wrong)))
    assert rows.all() == before
    assert (who(browser), who(browser, world.acme)) == ("", "")


@pytest.mark.parametrize("failure", misbehaviour.FAILURES)
@pytest.mark.parametrize("endpoint", ["token", "jwks"])
def test_endpoints_that_fail(
    endpoint: str, failure: str, kinde: Sandbox, browser: Browser, rows: Rows, monkeypatch: Any
) -> None:
    monkeypatch.setattr("apps.accounts.oidc.discovery.TIMEOUT_S", 1.0)
    platform_provider()
    before = rows.all()
    url = browser.begin()
    kinde.misbehave(f"{endpoint}_{failure}")
    is_refused(browser.get(kinde.answer(url, "kp_nina")))
    assert rows.all() == before
    assert who(browser) == ""


@pytest.mark.parametrize("failure", misbehaviour.FAILURES)
def test_discovery_that_fails(
    failure: str, kinde: Sandbox, browser: Browser, rows: Rows, monkeypatch: Any
) -> None:
    monkeypatch.setattr("apps.accounts.oidc.discovery.TIMEOUT_S", 1.0)
    kinde.misbehave(f"discovery_{failure}")
    before = rows.all()
    is_refused(browser.get("/oidc/start/"))
    assert rows.all() == before


@pytest.mark.parametrize("wrong", ["discovery_other_issuer"])
def test_discovery_that_lies(wrong: str, kinde: Sandbox, browser: Browser, rows: Rows) -> None:
    kinde.misbehave(wrong)
    before = rows.all()
    is_refused(browser.get("/oidc/start/"))
    assert rows.all() == before


# What is done to the provider's answer on its way back through the browser.
ANSWERS: dict[str, Callable[[str], str]] = {
    "no state": lambda url: with_query(url, state=None),
    "empty state": lambda url: with_query(url, state=""),
    "another state": lambda url: with_query(url, state="x" * 32),
    "long state": lambda url: with_query(url, state="x" * 5000),
    "no code": lambda url: with_query(url, code=None),
    "empty code": lambda url: with_query(url, code=""),
    "another code": lambda url: with_query(url, code="x" * 43),
    "long code": lambda url: with_query(url, code="x" * 6000),
    "no iss": lambda url: with_query(url, iss=None),
    "another iss": lambda url: with_query(url, iss="https://evil.example"),
    "error": lambda url: with_query(url, code=None, error="server_error"),
    "error with markup": lambda url: with_query(
        url, code=None, error="<script>alert(1)</script>", error_description="<b>x</b>"
    ),
    "error and code": lambda url: with_query(url, error="x"),
    "nul in code": lambda url: url + "%00",
    "nul in state": lambda url: url.replace("state=", "state=%00"),
}


@interop
@pytest.mark.parametrize("how", ANSWERS)
def test_answers(how: str, kinde: Sandbox, browser: Browser, rows: Rows) -> None:
    platform_provider()
    before = rows.all()
    answer = kinde.answer(browser.begin(), "kp_nina")
    response = browser.get(ANSWERS[how](answer))
    is_refused(response)
    assert b"<script>alert" not in response.content
    assert rows.all() == before
    assert who(browser) == ""


@interop
def test_a_refusal_without_a_state_signs_nobody_out(kinde: Sandbox, browser: Browser) -> None:
    browser.sign_in(kinde, "kp_nina")
    is_refused(browser.get("/oidc/callback/?error=access_denied"))
    is_refused(browser.get("/oidc/callback/?error=access_denied&state=x"))
    is_refused(browser.get("/oidc/callback/"))
    assert who(browser) == "nina@example.com"


def test_an_answer_is_good_once(kinde: Sandbox, browser: Browser) -> None:
    kinde.misbehave("replays_codes")
    answer = kinde.answer(browser.begin(), "kp_nina")
    assert browser.get(answer).status_code == 302
    is_refused(browser.get(answer))


@interop
def test_a_code_is_good_once(kinde: Sandbox, browser: Browser, rows: Rows) -> None:
    code = query_of(kinde.answer(browser.begin(), "kp_nina"))["code"][0]
    other = Browser()
    before = rows.all()
    # In another browser: PKCE's verifier is not the one that the code belongs to.
    is_refused(other.get(with_query(kinde.answer(other.begin(), "kp_bob"), code=code)))
    assert rows.all() == before


@interop
def test_a_nonce_is_of_one_sign_in(kinde: Sandbox, browser: Browser, rows: Rows) -> None:
    url = browser.begin()
    before = rows.all()
    is_refused(browser.get(kinde.answer(url, "kp_bob", nonce="of-another-sign-in")))
    assert rows.all() == before


@interop
def test_an_answer_in_another_browser(kinde: Sandbox, browser: Browser, rows: Rows) -> None:
    """Login CSRF: the attacker's answer in the victim's browser, which began nothing, or something else."""
    answer = kinde.answer(browser.begin(), "kp_nina")
    victim = Browser()
    before = rows.all()
    is_refused(victim.get(answer))
    victim.begin()
    is_refused(victim.get(answer))
    assert rows.all() == before


@interop
def test_an_old_state(kinde: Sandbox, browser: Browser, monkeypatch: Any) -> None:
    answer = kinde.answer(browser.begin(), "kp_nina")
    monkeypatch.setattr("apps.accounts.oidc.flow.LIFETIME_S", -1)
    is_refused(browser.get(answer))


def test_providers_are_not_mixed_up(
    kinde: Sandbox, sandbox: Callable[[str], Sandbox], browser: Browser, rows: Rows
) -> None:
    """Begun at one provider, answered by another: neither code nor token is taken."""
    world, acme_id = rows.world, sandbox("acme")
    verify_domain(world.acme, "acme.test")
    connect(world.acme, world.alice, acme_id)
    turn(world.acme, world.alice, ProviderState.ON)
    platform_provider()
    before = rows.all()
    asked_kinde, asked_acme = browser.begin(), begin(browser, world.acme)
    states = [query_of(url)["state"][0] for url in (asked_kinde, asked_acme)]
    by_kinde = kinde.answer(asked_kinde, "kp_alice")
    by_acme = acme_id.answer(asked_acme, "a-001")
    is_refused(browser.get(with_query(by_kinde, state=states[1])))
    browser2 = Browser()
    url = browser2.begin()
    is_refused(browser2.get(with_query(by_acme, state=query_of(url)["state"][0], iss=kinde.base)))
    assert rows.all() == before


def test_an_unknown_key_is_fetched_once_a_minute(kinde: Sandbox, monkeypatch: Any) -> None:
    fetched = []
    real = jwks.fetch_json

    def count(*args: Any, **kwargs: Any) -> Any:
        fetched.append(args[1])
        return real(*args, **kwargs)

    monkeypatch.setattr(jwks, "fetch_json", count)
    Browser().sign_in(kinde, "kp_nina")
    assert fetched == [f"{kinde.base}/jwks/"]
    for _ in range(5):
        jwks.forget()  # as other processes, which remember nothing
        is_refused(Browser().sign_in(kinde, "kp_nina", "unknown_kid"))
    assert len(fetched) == 2
    assert Browser().sign_in(kinde, "kp_nina").status_code == 302
    assert len(fetched) == 2


def test_a_key_set_that_fails_is_not_asked_in_a_row(kinde: Sandbox, monkeypatch: Any) -> None:
    platform_provider()
    kinde.misbehave("jwks_500")
    is_refused(Browser().sign_in(kinde, "kp_nina"))
    asked: list[str] = []
    monkeypatch.setattr(jwks, "fetch_json", lambda *args, **kwargs: asked.append(args[1]))
    is_refused(Browser().sign_in(kinde, "kp_nina"))
    assert asked == []


@interop
def test_a_session_is_not_fixed(kinde: Sandbox, browser: Browser) -> None:
    url = browser.begin()
    before = browser.on().session.session_key
    browser.get(kinde.answer(url, "kp_nina"))
    after = browser.on().session.session_key
    assert before != after
    assert not browser.on().session.exists(before)


def test_the_cache_of_one_provider_is_no_others(kinde: Sandbox, world: World) -> None:
    """The same address of keys, connected by a tenant: what is cached for it is of the tenant's provider."""
    Browser().sign_in(kinde, "kp_nina")
    redis = caches["global"]._cache.get_client()
    provider = IdentityProvider.objects.get()
    names = [key.decode() for key in redis.scan_iter("*oidc-keys:*")]
    assert names
    assert all(str(provider.id) in name for name in names)
