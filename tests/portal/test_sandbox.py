"""A masked copy says on every page that it is one."""

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.ids import uuid7
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_queries import BUDGET, COLD, statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant, globex: Tenant) -> Client:
    """alice's browser on acme, which is a copy of globex."""
    Tenant.objects.filter(id=acme.id).update(cloned_from_id=globex.id)
    acme.refresh_from_db()
    return sign_in(alice, acme)


@pytest.mark.parametrize("path", ["/", "/members/", "/settings/"])
def test_it_says_of_what(client: Client, path: str) -> None:
    response = client.get(path)
    assert read(response.content).check() == []
    assert "Sandbox copy of globex" in response.content.decode()
    # One statement more than other workspaces.
    assert len(statements(client, path)) <= BUDGET + COLD.get(path, 0) + 1


def test_a_source_that_is_gone(client: Client, acme: Tenant, globex: Tenant) -> None:
    Tenant.objects.filter(id=acme.id).update(cloned_from_id=uuid7())
    html = client.get("/").content.decode()
    assert "Sandbox copy" in html
    assert "Sandbox copy of" not in html


def test_lists_tell_copies_apart(client: Client, sign_in: SignIn, alice: Person) -> None:
    assert "Sandbox" in client.get("/switcher/").content.decode()
    assert "Sandbox" in sign_in(alice).get("/workspaces/").content.decode()


def test_others_say_nothing(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    assert "Sandbox" not in sign_in(alice, acme).get("/").content.decode()
