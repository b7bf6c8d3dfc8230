import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from apps.accounts.models import Person, RefreshToken, TokenSession
from apps.accounts.services import person_deactivate
from apps.accounts.tokens import verify
from apps.tenants.models import Tenant
from tests.accounts.support import PASSWORD, SYSTEM, host, mails_after_drain, post_json

pytestmark = pytest.mark.django_db
PATH = "/api/v1/auth/token/"


def ask(client: Client, email: str, password: str = PASSWORD, **extra: str) -> object:
    return post_json(client, PATH, {"email": email, "password": password}, **extra)


def code(response: object) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_unbound_on_the_public_host(client: Client, alice: Person) -> None:
    response = ask(
        client, " Alice@ACME.test ", HTTP_USER_AGENT="u" * 400, REMOTE_ADDR="203.0.113.7"
    )
    assert response.status_code == 200
    body = response.json()
    assert sorted(body) == ["access", "expires_in_s", "refresh", "token_type"]
    assert (body["expires_in_s"], body["token_type"]) == (600, "Bearer")
    assert response["Cache-Control"] == "no-store"
    assert "session" not in response.cookies
    session = TokenSession.objects.get()
    assert (session.person, session.tenant, session.ip) == (alice, None, "203.0.113.7")
    assert session.user_agent == "u" * 300
    claims = verify(body["access"])
    assert (claims.person_id, claims.session_id, claims.tenant_id) == (alice.id, session.id, None)
    # Only the hash is kept.
    assert body["refresh"] not in RefreshToken.objects.get().token_hash


@pytest.mark.parametrize("by_header", [True, False])
def test_bound_to_the_tenant_it_is_asked_for(
    client: Client, alice: Person, acme: Tenant, by_header: bool
) -> None:
    extra = {"HTTP_X_TENANT": "acme"} if by_header else {"HTTP_HOST": host(acme)}
    response = ask(client, alice.email, **extra)
    assert response.status_code == 200
    assert verify(response.json()["access"]).tenant_id == acme.id


def test_foreign_and_missing_tenant_are_the_same_404(
    client: Client, alice: Person, globex: Tenant
) -> None:
    answers = [
        ask(client, alice.email, HTTP_X_TENANT="globex"),
        ask(client, alice.email, HTTP_HOST=host(globex)),
        ask(client, alice.email, HTTP_X_TENANT="nothing-here"),
        ask(client, alice.email, HTTP_X_TENANT="a'; drop"),
    ]
    bodies = [{k: v for k, v in a.json().items() if k != "request_id"} for a in answers]
    assert bodies[0]["status"] == 404
    assert all(body == bodies[0] for body in bodies)
    assert TokenSession.objects.count() == 0


def test_wrong_password_and_unknown_address_are_the_same(client: Client, alice: Person) -> None:
    wrong, unknown = ask(client, alice.email, "wrong"), ask(client, "nobody@acme.test", "wrong")
    bodies = [{k: v for k, v in a.json().items() if k != "request_id"} for a in (wrong, unknown)]
    assert bodies[0] == bodies[1]
    assert code(wrong) == (401, "invalid_credentials")
    # A wrong password on a foreign tenant says nothing about the tenant either.
    assert code(ask(client, alice.email, "wrong", HTTP_X_TENANT="nope")) == code(wrong)


def test_inactive_person_is_as_unknown(client: Client, alice: Person) -> None:
    person_deactivate(actor=SYSTEM, person_id=alice.id)
    assert code(ask(client, alice.email)) == (401, "invalid_credentials")


def test_unverified_address_gets_the_mail_again(client: Client, alice: Person) -> None:
    EmailAddress.objects.filter(user=alice).update(verified=False)
    assert code(ask(client, alice.email)) == (403, "email_not_verified")
    assert code(ask(client, alice.email)) == (403, "email_not_verified")
    # Twice within the cooldown is one mail; without the password none is sent.
    assert [m.to for m in mails_after_drain()] == [[alice.email]]
    assert code(ask(client, alice.email, "wrong")) == (401, "invalid_credentials")


def test_lockout_counts_with_the_page_and_says_when_to_come_back(
    client: Client, alice: Person
) -> None:
    for number in range(3):
        ask(client, alice.email, "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    for number in range(2):
        client.post(
            "/accounts/login/",
            {"login": alice.email, "password": "wrong"},
            REMOTE_ADDR=f"192.0.2.1{number}",
        )
    locked = ask(client, alice.email, REMOTE_ADDR="192.0.2.99", HTTP_X_FORWARDED_FOR="::1")
    assert code(locked) == (429, "rate_limited")
    assert 290 <= int(locked["Retry-After"]) <= 300
    assert TokenSession.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "email"),
        ({"email": "alice@acme.test"}, "password"),
        ({"email": "x", "password": "y"}, "email"),
        ({"email": 7, "password": "y"}, "email"),
        ({"email": ["a"], "password": "y"}, "email"),
        ({"email": "a" * 300 + "@acme.test", "password": "y"}, "email"),
        ({"email": "alice@acme.test", "password": "y" * 257}, "password"),
        ({"email": "alice@acme.test", "password": None}, "password"),
        ({"email": "alice@acme.test", "password": {"a": 1}}, "password"),
    ],
)
def test_bad_input(client: Client, body: dict[str, object], attr: str) -> None:
    response = post_json(client, PATH, body)
    assert code(response) == (400, "invalid")
    assert attr in {e["attr"] for e in response.json()["errors"]}


@pytest.mark.parametrize(
    "body",
    [b"[]", b"7", b"null", b'{"email":', b'{"email":"a\\u0000@b.c","password":"x"}', b"\xff"],
)
def test_bad_bodies(client: Client, body: bytes) -> None:
    response = client.generic("POST", PATH, body, content_type="application/json")
    assert response.status_code == 400


def test_only_post(client: Client, alice: Person) -> None:
    assert client.get(PATH).status_code == 405
