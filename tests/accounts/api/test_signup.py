import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.tenants.models import Tenant
from tests.accounts.support import host, link_in, mails_after_drain, post_json

pytestmark = pytest.mark.django_db
BODY = {"name": "Dana Vos", "email": "dana@example.com", "password": "correct horse battery"}


def test_signup_and_confirm(client: Client) -> None:
    response = post_json(client, "/api/v1/auth/signup/", BODY)
    assert response.status_code == 202
    assert response.json() == {"detail": "If the address can be used, a mail is on its way to it."}
    assert response.cookies == {}
    person = Person.objects.get(email="dana@example.com")
    assert person.name == "Dana Vos"
    [message] = mails_after_drain()
    client.post(link_in(message))
    token = post_json(
        client,
        "/api/v1/auth/token/",
        {"email": "dana@example.com", "password": BODY["password"]},
    )
    assert token.status_code == 200


def test_existing_account_answers_the_same(client: Client, alice: Person) -> None:
    new = post_json(client, "/api/v1/auth/signup/", BODY)
    taken = post_json(client, "/api/v1/auth/signup/", {**BODY, "email": "ALICE@acme.test"})
    assert (taken.status_code, taken.json()) == (new.status_code, new.json())
    assert [(m.to, m.subject) for m in mails_after_drain()] == [
        (["dana@example.com"], "Confirm your e-mail address"),
        ([alice.email], "You already have an account"),
    ]
    alice.refresh_from_db()
    assert (alice.name, alice.check_password("wrapper-demo")) == ("Alice Archer", True)


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"name": ""}, "name"),
        ({"name": "a" * 151}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"email": "x"}, "email"),
        ({"email": '"a\x01b"@example.com'}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "dana@example.com"}, "password"),
        ({"password": "1234567890123"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"email": None}, "email"),
    ],
)
def test_bad_input(client: Client, changes: dict[str, object], attr: str) -> None:
    response = post_json(client, "/api/v1/auth/signup/", {**BODY, **changes})
    assert response.status_code == 400
    assert {e["attr"] for e in response.json()["errors"]} == {attr}
    assert not Person.objects.filter(email="dana@example.com").exists()


def test_password_reset_answers_the_same(client: Client, alice: Person) -> None:
    path = "/api/v1/auth/password-reset/"
    known = post_json(client, path, {"email": alice.email})
    unknown = post_json(client, path, {"email": "nobody@example.com"})
    assert known.status_code == 202
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    message, word = sorted(mails_after_drain(), key=lambda mail: mail.to)
    assert (message.to, message.subject) == ([alice.email], "Set a new password")
    assert word.to == ["nobody@example.com"]
    assert client.get(link_in(message), follow=True).context["form"] is not None


def test_password_reset_on_a_tenants_host(acme: Tenant, alice: Person) -> None:
    """Which has no page for it: the link leads to the public site, and nobody learns who is there."""
    client = Client(HTTP_HOST=host(acme))
    answers = [
        post_json(client, "/api/v1/auth/password-reset/", {"email": email})
        for email in (alice.email, "nobody@example.com")
    ]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    message, _word = sorted(mails_after_drain(), key=lambda mail: mail.to)
    assert (message.to, message.subject) == ([alice.email], "Set a new password")
    assert link_in(message).startswith("/")


def test_password_reset_is_limited_by_address(client: Client, alice: Person) -> None:
    path = "/api/v1/auth/password-reset/"
    for number in range(5):
        post_json(client, path, {"email": alice.email}, REMOTE_ADDR=f"192.0.2.{number}")
    response = post_json(client, path, {"email": alice.email}, REMOTE_ADDR="192.0.2.9")
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(response["Retry-After"]) <= 60
