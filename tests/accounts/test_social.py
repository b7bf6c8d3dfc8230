"""Signing in with Google and GitHub, connecting them, and everybody who is not let in."""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import BrowserSession, Person
from apps.accounts.services import person_deactivate
from apps.tenants.models import Tenant
from tests.accounts.factors import code, give_totp
from tests.accounts.social import (
    ALICE,
    DANA,
    ERIN,
    PROVIDERS,
    begin,
    consent,
    point_at,
    providers,
    query_of,
    serving,
    walk,
)
from tests.accounts.support import PASSWORD, PUBLIC, SYSTEM, mails_after_drain, sign_in
from tests.accounts.test_handoff import Browser, enter_url

__all__ = ["providers"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("providers")]

NOBODY = b"AnonymousUser"
CONNECTIONS = "/account/connections/"


def state() -> tuple[Any, ...]:
    """What a sign-in by another provider can change."""
    return (
        list(Person.objects.order_by("id").values("id", "email", "password", "is_active")),
        list(EmailAddress.objects.order_by("id").values()),
        list(SocialAccount.objects.order_by("id").values("id", "user", "provider", "uid")),
        BrowserSession.objects.count(),
    )


def names(published: Callable[[], list[Any]]) -> list[str]:
    return [event.name for event in published()]


def grow_old(client: Client) -> None:
    """The person proved a while ago that it is them."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 1000
    session.save()


def connected(person: Person, provider: str = "google", uid: str = DANA.uid) -> SocialAccount:
    return SocialAccount.objects.create(user=person, provider=provider, uid=uid)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_new_person_signs_up_and_is_signed_in(
    client: Client, provider: str, published: Any
) -> None:
    response = walk(client, provider, DANA.uid, next="/who/")
    assert (response.status_code, response["Location"]) == (302, "/who/")
    assert client.get("/who/").content == b"dana@social.test"
    dana = Person.objects.get(email="dana@social.test")
    assert (dana.name, dana.has_usable_password(), dana.is_staff) == ("Dana Demo", False, False)
    address = EmailAddress.objects.get(user=dana)
    assert (address.email, address.verified, address.primary) == (dana.email, True, True)
    account = SocialAccount.objects.get()
    label = "dana-demo" if provider == "github" else dana.email
    assert (account.user, account.provider, account.uid) == (dana, provider, DANA.uid)
    assert account.extra_data == {"label": label}
    assert not SocialToken.objects.exists()
    assert names(published) == [
        "accounts.person_registered",
        "accounts.social_account_connected",
        "accounts.session_started",
        "accounts.device_first_seen",
    ]
    # And again, on another day.
    client.post("/accounts/logout/")
    walk(client, provider, DANA.uid)
    assert client.get("/who/").content == b"dana@social.test"
    assert Person.objects.filter(email=dana.email).count() == SocialAccount.objects.count() == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_pkce_and_state(client: Client, provider: str) -> None:
    query = query_of(begin(client, provider))
    assert query["code_challenge_method"] == "S256"
    [(stashed, _at, of)] = client.session["socialaccount_states"].values()
    verifier = stashed["pkce_code_verifier"]
    digest = hashlib.sha256(verifier.encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (of, len(query["state"]), query["response_type"]) == (provider, 16, "code")
    assert query["redirect_uri"] == f"http://{PUBLIC}/accounts/social/{provider}/callback/"
    assert stashed["process"] == "login"


def test_nothing_is_taken_from_whoever_asks(client: Client) -> None:
    response = client.post(
        "/accounts/social/google/?process=connect&scope=drive&auth_params=prompt%3Dnone&next=//evil.test/",
        {"next": "https://evil.test/", "process": "connect"},
    )
    query = query_of(response["Location"])
    assert set(query["scope"].split()) == {"openid", "profile", "email"}
    assert "prompt" not in query
    [(stashed, _at, _of)] = client.session["socialaccount_states"].values()
    assert stashed == {
        "process": "login",
        "data": None,
        "pkce_code_verifier": stashed["pkce_code_verifier"],
    }


def test_the_session_is_a_new_one_and_carries_no_token(client: Client) -> None:
    location = begin(client, "google")
    before = client.cookies["session"].value
    client.get(consent(client, location, DANA.uid))
    assert client.cookies["session"].value != before
    assert "token" not in json.dumps(dict(client.session), default=str).replace("csrf", "")
    stranger = Client(HTTP_HOST=PUBLIC)
    stranger.cookies["session"] = before
    assert stranger.get("/who/").content == NOBODY


def test_it_leads_into_a_workspace(acme: Tenant, bob: Person) -> None:
    connected(bob, "github")
    walker = Browser()
    walk(walker.on(PUBLIC), "github", DANA.uid)
    assert walker.get(enter_url(walker, acme)).status_code == 302
    assert walker.who(f"acme.{PUBLIC}") == bob.email


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_address_that_somebody_has_opens_nothing(
    client: Client, alice: Person, provider: str, published: Any
) -> None:
    before = state()
    response = walk(client, provider, ALICE.uid)
    assert response.status_code == 409
    page = response.content.decode()
    assert "You have an account already" in page
    assert "/accounts/login/?next=/account/connections/" in page
    assert client.get("/who/").content == NOBODY
    assert state() == before
    [event] = published()
    assert event.payload == {
        "provider": provider,
        "reason": "account_exists",
        "person_id": str(alice.id),
    }
    # Nor is it in the session, to be finished later.
    assert client.get("/accounts/social/signup/").status_code in (404, 405)


def test_nor_does_one_that_is_not_verified_here(client: Client, alice: Person) -> None:
    """Whoever signed up first with somebody's address must not wait inside for its owner."""
    EmailAddress.objects.filter(user=alice).update(verified=False)
    before = state()
    assert walk(client, "google", ALICE.uid).status_code == 409
    assert state() == before


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_unverified_address_makes_no_account(
    client: Client, provider: str, published: Any
) -> None:
    before = state()
    response = walk(client, provider, ERIN.uid)
    assert response.status_code == 403
    assert "has not verified your e-mail address" in response.content.decode()
    assert state() == before
    assert [e.payload["reason"] for e in published()] == ["email_unverified"]


def test_a_disabled_person_stays_out(client: Client, bob: Person) -> None:
    connected(bob)
    person_deactivate(actor=SYSTEM, person_id=bob.id)
    before = state()
    response = walk(client, "google", DANA.uid)
    assert response["Location"] == "/accounts/inactive/"
    assert client.get("/who/").content == NOBODY
    assert state() == before


def test_declining(client: Client, published: Any) -> None:
    before = state()
    response = walk(client, "google", "")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
    page = client.get("/accounts/login/").content.decode()
    assert "You have not signed in with Google." in page
    assert state() == before
    assert published() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda q: q | {"state": "x" * 16},
        lambda q: {k: v for k, v in q.items() if k != "state"},
        lambda q: q | {"state": ""},
        lambda q: q | {"state": "\x00é"},
        lambda q: q | {"code": "forged"},
        lambda q: {k: v for k, v in q.items() if k != "code"},
        lambda q: {"error": "server_error", "state": q["state"]},
        lambda q: {"error": "access_denied"},
    ],
)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_forged_answers(client: Client, provider: str, change: Any) -> None:
    before = state()
    back = consent(client, begin(client, provider), DANA.uid)
    response = client.get(back.partition("?")[0], change(query_of(back)))
    assert response.status_code == 400
    assert client.get("/who/").content == NOBODY
    assert state() == before


def test_an_answer_is_good_once_in_one_browser_for_one_provider(client: Client) -> None:
    back = consent(client, begin(client, "google"), DANA.uid)
    before = state()
    stranger = Client(HTTP_HOST=PUBLIC)
    assert stranger.get(back).status_code == 400
    assert stranger.get("/who/").content == NOBODY
    assert client.get(back.replace("google", "github")).status_code == 400
    assert state() == before
    assert client.get(back).status_code == 302
    client.post("/accounts/logout/")
    # The state is spent; and a fresh one does not make the code good again.
    assert client.get(back).status_code == 400
    fresh = query_of(begin(client, "google"))["state"]
    again = client.get(back.partition("?")[0], query_of(back) | {"state": fresh})
    assert again.status_code == 400
    assert client.get("/who/").content == NOBODY


def test_a_state_ends_after_ten_minutes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    back = consent(client, begin(client, "google"), DANA.uid)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 601)
    assert client.get(back).status_code == 400


def id_token(url: str, **claims: Any) -> str:
    found = {
        "iss": f"{url}/sandbox/google",
        "aud": "client-1",
        "sub": "77",
        "email": "new@social.test",
        "email_verified": True,
        "exp": int(time.time()) + 60,
    }
    return jwt.encode(found | claims, "x" * 32, algorithm="HS256")


def say(status: int, body: Any) -> Callable[..., list[bytes]]:
    """A server that says one thing whatever it is asked."""

    def app(_environ: Any, start: Any) -> list[bytes]:
        text = body if isinstance(body, str) else json.dumps(body)
        start(f"{status} Said", [("Content-Type", "application/json")])
        return [text.encode()]

    return app


TOKEN = {"access_token": "t", "token_type": "bearer"}
NONSENSE = [
    (500, ""),
    (400, {"error": "invalid_grant"}),
    (200, ""),
    (200, "<html>"),
    (200, []),
    (200, {}),
    (200, {**TOKEN, "id": None}),
    (200, {**TOKEN, "id": 77, "emails": "x"}),
    (200, {**TOKEN, "expires_in": "soon"}),
    (200, {**TOKEN, "sub": "", "id": "", "email": "a@social.test"}),
    (200, {**TOKEN, "id": "x" * 300}),
    (200, {**TOKEN, "id_token": "a.b.c"}),
    (200, {**TOKEN, "id_token": 7}),
]


@pytest.mark.parametrize("answer", NONSENSE)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_that_answers_nonsense(
    client: Client, provider: str, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state()
    back = consent(client, begin(client, provider), DANA.uid)
    with serving(say(*answer)) as url:
        point_at(url, monkeypatch)
        response = client.get(back)
    assert response.status_code in (400, 403)
    assert client.get("/who/").content == NOBODY
    assert state() == before


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "client-2"},
        {"aud": ["somebody"]},
        {"iss": "https://evil.test"},
        {"exp": 1},
        {"sub": 77},
        {"sub": ""},
        {"email_verified": False},
        {"email_verified": None},
        {"email": "no address"},
        {"email": "\x00@social.test"},
        {"email": 7},
        {"email": None},
    ],
)
def test_tokens_of_google_that_are_not_for_us(
    client: Client, claims: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state()
    back = consent(client, begin(client, "google"), DANA.uid)

    def app(environ: Any, start: Any) -> list[bytes]:
        here = f"http://{environ['HTTP_HOST']}"
        return say(200, {**TOKEN, "id_token": id_token(here, **claims)})(environ, start)

    with serving(app) as url:
        point_at(url, monkeypatch)
        response = client.get(back)
    assert response.status_code in (400, 403)
    assert state() == before


def test_a_used_token_of_google_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def app(environ: Any, start: Any) -> list[bytes]:
        here = f"http://{environ['HTTP_HOST']}"
        return say(200, {**TOKEN, "id_token": id_token(here, jti="once")})(environ, start)

    backs = [consent(client, begin(client, "google"), DANA.uid) for _ in range(2)]
    with serving(app) as url:
        point_at(url, monkeypatch)
        assert client.get(backs[0]).status_code == 302
        client.post("/accounts/logout/")
        assert client.get(backs[1]).status_code == 400


def test_names_are_made_harmless(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def app(environ: Any, start: Any) -> list[bytes]:
        here = f"http://{environ['HTTP_HOST']}"
        name = "<b>Eve</b>\r\nBcc: x\x00 " + "x" * 300
        return say(200, {**TOKEN, "id_token": id_token(here, name=name)})(environ, start)

    back = consent(client, begin(client, "google"), DANA.uid)
    with serving(app) as url:
        point_at(url, monkeypatch)
        assert client.get(back).status_code == 302
    name = Person.objects.get(email="new@social.test").name
    assert (name[:20], len(name)) == ("<b>Eve</b> Bcc: x xx", 150)


# --- Connected accounts --------------------------------------------------------------------------


def test_connecting_asks_for_the_password_first(
    client: Client, alice: Person, published: Any
) -> None:
    sign_in(client, alice)
    grow_old(client)
    path = f"{CONNECTIONS}google/connect/"
    asked = client.post(path, HTTP_REFERER=f"http://{PUBLIC}{CONNECTIONS}")
    assert asked["Location"] == f"/accounts/reauthenticate/?next={CONNECTIONS.replace('/', '%2F')}"
    proved = client.post(asked["Location"], {"password": PASSWORD, "next": CONNECTIONS})
    assert proved["Location"] == CONNECTIONS
    back = consent(client, client.post(path)["Location"], DANA.uid)
    response = client.get(back)
    assert (response.status_code, response["Location"]) == (302, CONNECTIONS)
    page = client.get(CONNECTIONS).content.decode()
    assert "You can sign in with Google now." in page
    assert "dana@social.test" in page
    account = SocialAccount.objects.get()
    assert (account.user, account.provider) == (alice, "google")
    assert "accounts.social_account_connected" in names(published)
    assert [m.subject for m in mails_after_drain()] == ["A way to sign in was added"]
    # Her own address stays hers.
    assert list(EmailAddress.objects.filter(user=alice).values_list("email", flat=True)) == [
        alice.email
    ]
    client.post("/accounts/logout/")
    walk(client, "google", DANA.uid)
    assert client.get("/who/").content == b"alice@acme.test"


def test_somebody_elses_account_is_not_taken(
    client: Client, alice: Person, bob: Person, published: Any
) -> None:
    connected(bob)
    sign_in(client, alice)
    before = state()
    back = consent(client, client.post(f"{CONNECTIONS}google/connect/")["Location"], DANA.uid)
    client.get(back)
    assert "is connected to another person" in client.get(CONNECTIONS).content.decode()
    assert state() == before
    refused = [e.payload for e in published() if e.name == "accounts.social_sign_in_refused"]
    assert [r["reason"] for r in refused] == ["connected_to_another"]


def test_another_person_in_the_same_browser_gets_nothing(
    client: Client, alice: Person, bob: Person
) -> None:
    sign_in(client, alice)
    location = client.post(f"{CONNECTIONS}google/connect/")["Location"]
    back = consent(client, location, DANA.uid)
    states = client.session["socialaccount_states"]
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": bob.email, "password": PASSWORD})
    session = client.session
    session["socialaccount_states"] = states
    session.save()
    client.get(back)
    assert "Nothing was connected." in client.get(CONNECTIONS).content.decode()
    assert not SocialAccount.objects.exists()
    # Nor does somebody who has signed out.
    session = client.session
    session["socialaccount_states"] = states
    session.save()
    client.post("/accounts/logout/")
    assert client.get(back).status_code == 400
    assert not SocialAccount.objects.exists()


def test_disconnecting(client: Client, alice: Person, published: Any) -> None:
    account = connected(alice)
    sign_in(client, alice)
    path = f"{CONNECTIONS}{account.id}/disconnect/"
    grow_old(client)
    assert client.post(path)["Location"].startswith("/accounts/reauthenticate/")
    assert SocialAccount.objects.exists()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.post(path)["Location"] == CONNECTIONS
    assert not SocialAccount.objects.exists()
    assert "accounts.social_account_disconnected" in names(published)
    assert [m.subject for m in mails_after_drain()] == ["A way to sign in was removed"]
    assert client.post(path).status_code == 404


def test_the_last_way_in_stays(client: Client) -> None:
    walk(client, "google", DANA.uid)
    dana = Person.objects.get(email="dana@social.test")
    first = SocialAccount.objects.get()
    page = client.get(CONNECTIONS).content.decode()
    assert "Your only way to sign in." in page
    path = f"{CONNECTIONS}{first.id}/disconnect/"
    client.post(path)
    assert "This is your only way to sign in." in client.get(CONNECTIONS).content.decode()
    assert SocialAccount.objects.count() == 1
    connected(dana, "github")
    client.post(path)
    assert [a.provider for a in SocialAccount.objects.all()] == ["github"]


def test_without_a_password_the_provider_proves_it_again(client: Client) -> None:
    walk(client, "google", DANA.uid)
    account = connected(Person.objects.get(email=DANA.email), "github", "7")
    grow_old(client)
    path = f"{CONNECTIONS}{account.id}/disconnect/"
    asked = client.post(path, HTTP_REFERER=f"http://{PUBLIC}{CONNECTIONS}")["Location"]
    page = client.get(asked).content.decode()
    assert "sign in once more" in page
    assert f'name="next" value="{CONNECTIONS}"' in page
    hostile = client.get("/accounts/reauthenticate/?next=//evil.test").content.decode()
    assert 'name="next" value="//evil' not in hostile
    assert walk(client, "google", DANA.uid, next=CONNECTIONS)["Location"] == CONNECTIONS
    client.post(path)
    assert [a.provider for a in SocialAccount.objects.all()] == ["google"]


def test_a_second_factor_is_asked_for_as_after_a_password(client: Client, bob: Person) -> None:
    connected(bob)
    give_totp(bob)
    assert walk(client, "google", DANA.uid)["Location"] == "/accounts/mfa/authenticate/"
    assert client.get("/who/").content == NOBODY
    client.post("/accounts/mfa/authenticate/", {"code": code()})
    assert client.get("/who/").content == b"bob@acme.test"


def test_ones_own_only(client: Client, alice: Person, bob: Person) -> None:
    account = connected(bob)
    sign_in(client, alice)
    assert client.post(f"{CONNECTIONS}{account.id}/disconnect/").status_code == 404
    assert client.post(f"{CONNECTIONS}{2**70}/disconnect/").status_code == 404
    assert "Connected <" not in client.get(CONNECTIONS).content.decode()
    assert SocialAccount.objects.count() == 1


# --- Set up or not -------------------------------------------------------------------------------


def test_buttons(client: Client, alice: Person, settings: Settings) -> None:
    for path in ("/accounts/login/?next=/who/", "/accounts/signup/"):
        page = client.get(path).content.decode()
        assert "Continue with Google" in page
        assert "Continue with GitHub" in page
    assert 'value="/who/"' in client.get("/accounts/login/?next=/who/").content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {}
    for path in ("/accounts/login/", "/accounts/signup/"):
        assert "Continue with" not in client.get(path).content.decode()
    assert client.post("/accounts/social/google/").status_code == 404
    assert client.get("/accounts/social/google/callback/?state=x&code=y").status_code == 404
    sign_in(client, alice)
    assert client.post(f"{CONNECTIONS}google/connect/").status_code == 404
    assert "Nothing to connect" in client.get(CONNECTIONS).content.decode()


@pytest.mark.parametrize("name", ["facebook", "openid_connect", "x"])
def test_other_providers_do_not_exist(client: Client, name: str) -> None:
    assert client.post(f"/accounts/social/{name}/").status_code == 404


def test_attempts_are_limited(client: Client) -> None:
    answers = [client.post("/accounts/social/google/") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [302] * 30 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_the_database_is_not_asked_for_providers(
    client: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        response: HttpResponse = client.get("/accounts/login/")
    assert response.status_code == 200


def test_the_csrf_token_is_needed() -> None:
    strict = Client(HTTP_HOST=PUBLIC, enforce_csrf_checks=True)
    assert strict.post("/accounts/social/google/").status_code == 403
