"""The page about one's own data."""

import json

import pytest
from django.test import Client

from apps.accounts.models import Erasure, Person
from tests.conftest import PASSWORD
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
    answer = client.post(ERASE, {"email": "Bob@Acme.test", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/goodbye/")
    assert Erasure.objects.get().person_id == bob.id
    assert client.get("/profile/").status_code == 302
    assert "a last mail" in client.get("/goodbye/").content.decode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": "alice@acme.test", "password": PASSWORD}, "email"),
        ({"email": "bob@acme.test", "password": "wrong"}, "password"),
        ({"email": "", "password": ""}, "email"),
    ],
)
def test_erase_is_confirmed(client: Client, bob: Person, data: dict[str, str], field: str) -> None:
    answer = client.post(ERASE, data)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    bob.refresh_from_db()
    assert bob.is_active


def test_owner_is_told_what_to_do_first(sign_in: SignIn, alice: Person) -> None:
    client = sign_in(alice)
    page = client.get(ERASE).content.decode()
    assert "Workspaces that nobody else owns" in page
    assert "Acme" in page
    answer = client.post(ERASE, {"email": alice.email, "password": PASSWORD})
    assert answer.status_code == 422
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("path", ["/profile/data/", ERASE, "/profile/data/download/"])
def test_nobody_is_sent_to_sign_in(path: str) -> None:
    client = Client(HTTP_HOST="localhost:8000")
    assert client.post(path).status_code in (302, 405)
    assert client.get(path).status_code in (302, 405)
