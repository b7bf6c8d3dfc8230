from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import Person, TokenSession
from apps.accounts.services import person_deactivate
from apps.events.models import OutboxEvent
from tests.accounts.support import (
    PASSWORD,
    SYSTEM,
    html_of,
    link_in,
    mails_after_drain,
    post_json,
    sign_in,
)

pytestmark = pytest.mark.django_db
NEW = "an entirely new phrase"


def ask(client: Client, email: str) -> object:
    return client.post("/accounts/password/reset/", {"email": email})


def test_reset_by_mail(client: Client, alice: Person, tokens: dict[str, str]) -> None:
    signed_in = Client(HTTP_HOST="localhost:8000")
    sign_in(signed_in, alice)
    assert ask(client, "Alice@ACME.test")["Location"] == "/accounts/password/reset/done/"
    message = mails_after_drain()[-1]  # after the one about a new device
    assert (message.to, message.subject) == ([alice.email], "Set a new password")
    link = link_in(message)
    assert f"http://localhost:8000{link}" in html_of(message)

    # The token leaves the address bar before the form shows.
    form = client.get(link, follow=True)
    assert form.redirect_chain[0][0].endswith("-set-password/")
    assert list(form.context["form"].fields) == ["password1"]
    done = client.post(form.redirect_chain[0][0], {"password1": NEW})
    assert done["Location"] == "/accounts/password/reset/key/done/"
    alice.refresh_from_db()
    assert alice.check_password(NEW)

    # Every other sign-in has ended, by API and in browsers; the link is spent.
    assert TokenSession.objects.get(person=alice).revoked_reason == "password_changed"
    assert signed_in.get("/who/").content == b"AnonymousUser"
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {tokens['access']}"}
    assert client.get("/api/v1/me/", **bearer).json()["code"] == "token_revoked"
    assert client.get(link, follow=True).context["token_fail"] is True
    notice = mails_after_drain()[-1]
    assert (notice.to, notice.subject) == ([alice.email], "Your password was reset")


def test_no_secret_lies_in_the_outbox(
    client: Client, alice: Person, published: Callable[[], list[OutboxEvent]]
) -> None:
    ask(client, alice.email)
    [event] = published()
    assert event.payload == {
        "template": "account/email/password_reset_key",
        "email": alice.email,
        "person_id": str(alice.id),
        "subject_id": None,
    }


def test_unknown_address_looks_the_same(client: Client, alice: Person) -> None:
    known, unknown = ask(client, alice.email), ask(client, "nobody@example.com")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert {(*message.to, message.subject) for message in mails_after_drain()} == {
        (alice.email, "Set a new password"),
        ("nobody@example.com", "There is no account with this address"),
    }


def test_inactive_person_gets_no_link(client: Client, alice: Person) -> None:
    ask(client, alice.email)
    person_deactivate(actor=SYSTEM, person_id=alice.id)
    assert mails_after_drain() == []


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/reset/key/x-y/",
        f"/accounts/password/reset/key/{'0' * 32}-c0ffee-123/",
        f"/accounts/password/reset/key/{'z' * 900}-x/",
        "/accounts/password/reset/key/x-set-password/",
    ],
)
def test_forged_links(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.context["token_fail"] is True
    assert client.post(path, {"password1": NEW}).context["token_fail"] is True


@pytest.mark.parametrize("email", ["a" * 260 + "@acme.test", "x"])
def test_bad_addresses(client: Client, email: str) -> None:
    response = ask(client, email)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["email"]


def test_change_ends_every_sign_in(client: Client, alice: Person, tokens: dict[str, str]) -> None:
    sign_in(client, alice)
    response = client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW}
    )
    assert response.status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert client.get("/who/").content == b"AnonymousUser"
    refused = post_json(client, "/api/v1/auth/token/refresh/", {"refresh": tokens["refresh"]})
    assert (refused.status_code, refused.json()["code"]) == (401, "refresh_token_invalid")
    assert mails_after_drain()[-1].subject == "Your password was changed"


def test_change_needs_the_old_password(client: Client, alice: Person) -> None:
    sign_in(client, alice)
    response = client.post("/accounts/password/change/", {"oldpassword": "no", "password1": NEW})
    assert list(response.context["form"].errors) == ["oldpassword"]
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_change_without_a_password_leads_to_reset(client: Client, alice: Person) -> None:
    alice.set_unusable_password()
    alice.save()
    client.force_login(alice)
    response = client.get("/accounts/password/change/")
    assert response["Location"] == "/accounts/password/reset/"
