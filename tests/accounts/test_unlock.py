"""Ending the lock that wrong passwords put on an account."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts.limits import locked_for_s
from apps.accounts.models import Person
from apps.accounts.services import person_unlock
from apps.common.actors import Actor
from apps.common.errors import Conflict, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from tests.accounts.support import PASSWORD, PUBLIC
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)


def try_login(email: str, password: str = "wrong", address: str = "192.0.2.1") -> int:
    data = {"login": email, "password": password}
    client = Client(HTTP_HOST=PUBLIC, REMOTE_ADDR=address)
    return client.post("/accounts/login/", data).status_code


@pytest.fixture
def locked(alice: Person) -> Person:
    for number in range(5):
        assert locked_for_s(alice) == 0
        try_login(alice.email.upper(), address=f"192.0.2.{number}")
    assert 290 < locked_for_s(alice) <= 300
    assert try_login(alice.email, PASSWORD, "192.0.2.9") == 200
    return alice


def run(email: str) -> str:
    out = StringIO()
    call_command("accounts", "unlock", email, stdout=out)
    return out.getvalue()


def test_unlocked_one_signs_in(locked: Person) -> None:
    assert run(locked.email.upper()) == "alice@acme.test can sign in again.\n"
    assert locked_for_s(locked) == 0
    assert try_login(locked.email, PASSWORD, "192.0.2.9") == 302
    event = OutboxEvent.objects.get(name="accounts.sign_in_unlocked")
    assert (event.payload, event.actor_label) == ({"person_id": str(locked.id)}, "system:command")
    with pytest.raises(CommandError, match="not locked"):
        run(locked.email)
    with pytest.raises(CommandError, match="Nobody has an account with x@acme"):
        run("x@acme.test")


def test_what_an_address_did_counts_on(locked: Person, bob: Person) -> None:
    for number in range(10):
        try_login(f"x{number}@acme.test", address="192.0.2.50")
    person_unlock(actor=SYSTEM, person_id=locked.id)
    assert try_login(locked.email, PASSWORD, "192.0.2.50") == 200
    assert try_login(locked.email, PASSWORD, "192.0.2.51") == 302


def test_only_staff_unlock(locked: Person, owner: Actor) -> None:
    with pytest.raises(PermissionDenied):
        person_unlock(actor=owner, person_id=locked.id)
    assert locked_for_s(locked) > 0
    person_unlock(actor=Actor.staff(locked.id, "staff@platform.test"), person_id=locked.id)
    with pytest.raises(Conflict):
        person_unlock(actor=SYSTEM, person_id=locked.id)
    with tenant_context(None):
        assert OutboxEvent.objects.filter(name="accounts.sign_in_unlocked").count() == 1


def test_the_console(locked: Person, staff: Person) -> None:
    console = Client(HTTP_HOST=PUBLIC)
    console.force_login(staff)
    session = console.session
    session["host_tenant"] = "public"
    session.save()
    page = f"/console/accounts/person/{locked.pk}/"
    assert "For 5 more minutes" in console.get(page).content.decode()
    assert "Ask the person before" in console.get(f"{page}unlock/").content.decode()
    console.post(f"{page}unlock/")
    assert locked_for_s(locked) == 0
    assert "Sign-in locked" not in console.get(page).content.decode()
