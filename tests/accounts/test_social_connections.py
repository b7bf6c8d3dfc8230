"""Connected accounts: adding one, taking one away, and the last way in."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from apps.accounts.models import BrowserSession, Person
from tests.accounts.factors import code, give_passkey, give_totp
from tests.accounts.social import (
    DANA,
    consent,
    providers,
    walk,
)
from tests.accounts.support import PASSWORD, PUBLIC, mails_after_drain, sign_in

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
    # A passkey is a way in, too; an app alone is none.
    give_totp(dana)
    path = f"{CONNECTIONS}{SocialAccount.objects.get().id}/disconnect/"
    client.post(path)
    assert SocialAccount.objects.count() == 1
    give_passkey(dana)
    client.post(path)
    assert not SocialAccount.objects.exists()


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
