import pytest
from allauth.account.models import EmailAddress
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import BrowserSession, Person
from apps.accounts.services import person_deactivate
from tests.accounts.support import PASSWORD, SYSTEM, mails_after_drain, post_json, sign_in

pytestmark = pytest.mark.django_db


def try_login(client: Client, email: str, password: str = "wrong", **extra: str) -> object:
    return client.post("/accounts/login/", {"login": email, "password": password}, **extra)


def errors(response: object) -> list[str]:
    return list(response.context["form"].errors["__all__"])


def test_sign_in_and_out(client: Client, alice: Person) -> None:
    sign_in(client, alice)
    assert client.get("/who/").content == b"alice@acme.test"
    assert client.session["host_tenant"] == "public"
    client.post("/accounts/logout/")
    assert client.get("/who/").content == b"AnonymousUser"


def test_reauthentication_asks_for_the_password(client: Client, alice: Person) -> None:
    sign_in(client, alice)
    page = client.get("/accounts/reauthenticate/?next=/profile/")
    assert list(page.context["form"].fields) == ["password"]
    wrong = client.post("/accounts/reauthenticate/", {"password": "wrong", "next": "/profile/"})
    assert list(wrong.context["form"].errors) == ["password"]
    right = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/profile/"})
    assert right["Location"] == "/profile/"


def test_unknown_and_known_address_look_the_same(client: Client, alice: Person) -> None:
    known, unknown = try_login(client, alice.email), try_login(client, "nobody@acme.test")
    assert errors(known) == errors(unknown) == ["The e-mail address and the password do not match."]


def test_unverified_gets_the_mail_again(client: Client, alice: Person) -> None:
    EmailAddress.objects.filter(user=alice).update(verified=False)
    response = try_login(client, alice.email, PASSWORD)
    assert response["Location"] == "/accounts/confirm-email/"
    [message] = mails_after_drain()
    assert (message.to, message.subject) == ([alice.email], "Confirm your e-mail address")
    assert client.get("/who/").content == b"AnonymousUser"


def test_five_failures_lock_the_account_on_every_host_and_address(
    client: Client, alice: Person
) -> None:
    for number in range(5):
        response = try_login(client, alice.email, REMOTE_ADDR=f"192.0.2.{number}")
        assert "do not match" in errors(response)[0]
    locked = "Too many failed attempts to sign in. Wait five minutes, or reset your password."
    response = try_login(
        client, alice.email.upper(), PASSWORD, REMOTE_ADDR="192.0.2.9", HTTP_X_FORWARDED_FOR="::1"
    )
    assert errors(response) == [locked]
    assert client.get("/who/").content == b"AnonymousUser"


def test_ten_failures_lock_the_address_whatever_it_forwards(client: Client, alice: Person) -> None:
    for number in range(10):
        try_login(client, f"x{number}@acme.test", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
    response = try_login(client, alice.email, PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.99")
    assert errors(response)[0].startswith("Too many failed attempts")


def test_inactive_person_is_shown_out(client: Client, alice: Person) -> None:
    sign_in(client, alice)
    person_deactivate(actor=SYSTEM, person_id=alice.id)
    assert client.get("/who/").content == b"AnonymousUser"
    # The session is gone, not only ignored: activating again does not bring it back.
    alice.refresh_from_db()
    alice.is_active = True
    alice.save()
    assert client.get("/who/").content == b"AnonymousUser"


@pytest.mark.parametrize(
    ("email", "password"),
    [("a" * 5000, "x"), ("", "")],
)
def test_bad_input_is_a_message(client: Client, email: str, password: str) -> None:
    response = try_login(client, email, password)
    assert response.status_code == 200
    assert response.context["form"].errors


@pytest.mark.parametrize(
    "target",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "/\t/evil.test", "http:evil"],
)
def test_next_never_leaves_the_host(client: Client, alice: Person, target: str) -> None:
    response = client.post(
        "/accounts/login/", {"login": alice.email, "password": PASSWORD, "next": target}
    )
    assert response["Location"] == "/workspaces/"


def test_next_on_the_same_host_is_followed(client: Client, alice: Person) -> None:
    response = client.post(
        "/accounts/login/",
        {"login": alice.email, "password": PASSWORD, "next": "/open/acme/?state=x&next=/a/"},
    )
    assert response["Location"] == "/open/acme/?state=x&next=/a/"


@pytest.mark.parametrize("path", ["page", "api"])
@pytest.mark.parametrize("proxies", [0, 1])
def test_rotating_the_forwarded_address_escapes_no_lock(
    client: Client, alice: Person, settings: Settings, path: str, proxies: int
) -> None:
    """Nobody but the proxies in front is believed: behind one, what it appended; behind none, nothing."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies

    def attempt(email: str, password: str, invented: str) -> bool:
        # What the client sends, and what a proxy makes of it.
        forwarded = f"{invented}, 198.51.100.7" if proxies else invented
        extra = {"HTTP_X_FORWARDED_FOR": forwarded, "REMOTE_ADDR": "192.0.2.1"}
        if path == "page":
            response = try_login(client, email, password, **extra)
            return response.status_code == 302
        body = {"email": email, "password": password}
        return post_json(client, "/api/v1/auth/token/", body, **extra).status_code == 200

    # By network address, over many accounts; then by account.
    for number in range(10):
        assert not attempt(f"x{number}@acme.test", "wrong", f"203.0.113.{number}")
    assert not attempt(alice.email, PASSWORD, "203.0.113.99")
    caches["global"].clear()
    for number in range(5):
        assert not attempt(alice.email, "wrong", f"203.0.113.{number}, 10.0.0.{number}")
    assert not attempt(alice.email, PASSWORD, "203.0.113.99")
    caches["global"].clear()
    assert attempt(alice.email, PASSWORD, "203.0.113.99")


def test_behind_a_proxy_addresses_are_told_apart(
    client: Client, alice: Person, settings: Settings
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(11):
        try_login(client, f"x{number}@acme.test", HTTP_X_FORWARDED_FOR="198.51.100.7")
    response = try_login(client, alice.email, PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.8")
    assert response.status_code == 302
    assert BrowserSession.objects.get().ip == "198.51.100.8"
