"""What providers answer is not trusted to have any form, or to be meant for us."""

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from apps.accounts.models import BrowserSession, Person
from tests.accounts.social import (
    DANA,
    PROVIDERS,
    begin,
    consent,
    point_at,
    providers,
    serving,
)

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
