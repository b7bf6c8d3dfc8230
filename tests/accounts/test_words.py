"""Labels and notices of allauth's pages read like the rest of the platform."""

import re

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from apps.accounts.models import Person
from tests.accounts.support import PUBLIC
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    return Client(HTTP_HOST=PUBLIC)


def labels(page: bytes) -> list[str]:
    return [
        text.strip()
        for text in re.findall(r'<label class="field-label"[^>]*>([^<]*)<', page.decode())
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/accounts/login/", ["E-mail address", "Password"]),
        ("/accounts/signup/", ["Your name", "E-mail address", "Password"]),
        ("/accounts/password/reset/", ["E-mail address"]),
        ("/accounts/password/change/", ["Current password", "New password"]),
    ],
)
def test_labels(visitor: Client, alice: Person, path: str, expected: list[str]) -> None:
    if "change" in path:
        visitor.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert labels(visitor.get(path).content) == expected


@pytest.mark.parametrize(
    ("path", "field"),
    [("login", "login"), ("signup", "email"), ("password/reset", "email")],
)
def test_an_address_that_is_none(visitor: Client, world, path: str, field: str) -> None:
    page = visitor.post(f"/accounts/{path}/", {field: "nope"}).content.decode()
    assert "Enter a valid e-mail address." in page
    assert "email address" not in page


def test_signing_in_leaves_no_message_for_later(visitor: Client, alice: Person) -> None:
    response = visitor.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert response.status_code == 302
    assert list(get_messages(visitor.get("/workspaces/").wsgi_request)) == []
    assert "signed in as" not in visitor.get("/profile/").content.decode()


def test_a_changed_password_is_said_once(visitor: Client, alice: Person) -> None:
    visitor.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    data = {"oldpassword": "wrong", "password1": "mandarin-lattice-42"}
    wrong = visitor.post("/accounts/password/change/", data)
    assert "This is not your current password." in wrong.content.decode()
    done = visitor.post(
        "/accounts/password/change/", {**data, "oldpassword": PASSWORD}, follow=True
    ).content.decode()
    assert done.count("Your password is changed. Sign in with the new one.") == 1
