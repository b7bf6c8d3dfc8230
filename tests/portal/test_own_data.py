"""The page about one's own data."""

import json

import pytest
from django.test import Client

from apps.accounts.models import Erasure, Person
from tests.accounts.support import force_sign_in
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.django_db
ERASE = "/profile/data/erase/"


@pytest.fixture
def client(sign_in: SignIn, bob: Person) -> Client:
    return sign_in(bob)


def test_download(client: Client, bob: Person) -> None:
    assert client.get("/profile/data/download/").status_code == 405
    answer = client.post("/profile/data/download/")
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert json.loads(answer.content)["account"]["accounts.person"][0]["id"] == str(bob.id)


def test_erase(client: Client, bob: Person) -> None:
    answer = client.post(ERASE, {"email": "Bob@Acme.test"})
    assert (answer.status_code, answer["Location"]) == (302, "/goodbye/")
    assert Erasure.objects.get().person_id == bob.id
    assert client.get("/profile/").status_code == 302
    assert "a last mail" in client.get("/goodbye/").content.decode()


def test_somebody_without_a_password_can_erase(client: Client, bob: Person) -> None:
    bob.set_unusable_password()
    bob.save()
    force_sign_in(client, bob, None, methods=["oidc"])
    assert client.post(ERASE, {"email": bob.email}).status_code == 302
    assert Erasure.objects.get().person_id == bob.id


@pytest.mark.parametrize("email", ["alice@acme.test", ""])
def test_erase_is_confirmed(client: Client, bob: Person, email: str) -> None:
    answer = client.post(ERASE, {"email": email})
    assert answer.status_code == 422
    assert "email" in answer.context["form"].errors
    bob.refresh_from_db()
    assert bob.is_active


def test_erase_asks_who_it_is_when_that_is_long_ago(client: Client, bob: Person) -> None:
    force_sign_in(client, bob, None, ago_s=7200)
    assert "/reauthenticate/" in client.get(ERASE)["Location"]
    assert client.post(ERASE, {"email": bob.email}).status_code == 302
    assert not Erasure.objects.exists()


def test_owner_is_told_what_to_do_first(sign_in: SignIn, alice: Person) -> None:
    client = sign_in(alice)
    page = client.get(ERASE).content.decode()
    assert "Workspaces that nobody else owns" in page
    assert "Acme" in page
    answer = client.post(ERASE, {"email": alice.email})
    assert answer.status_code == 422
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("path", ["/profile/data/", ERASE, "/profile/data/download/"])
def test_nobody_is_sent_to_sign_in(path: str) -> None:
    client = Client(HTTP_HOST="localhost:8000")
    assert client.post(path).status_code in (302, 405)
    assert client.get(path).status_code in (302, 405)
