from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django import Settings

from apps.accounts import services
from apps.accounts.models import Person
from apps.events.models import OutboxEvent
from tests.accounts.support import html_of, link_in, mails_after_drain

pytestmark = pytest.mark.django_db
Published = Callable[[], list[OutboxEvent]]
FORM = {"name": "Dana Vos", "email": "Dana@Example.com", "password1": "correct horse battery"}


def people() -> list[Person]:
    return list(Person.objects.filter(email__startswith="dana@"))


def addresses() -> list[EmailAddress]:
    return list(EmailAddress.objects.filter(email__startswith="dana@"))


def sign_up(client: Client, path: str = "/accounts/signup/", **changes: str) -> object:
    return client.post(path, {**FORM, **changes})


def test_form_asks_for_name_address_and_one_password(client: Client) -> None:
    response = client.get("/accounts/signup/?email=dana%40example.com&next=/invitations/x/")
    assert list(response.context["form"].fields) == ["name", "email", "password1"]
    assert response.context["form"].initial == {"email": "dana@example.com"}
    assert response.context["redirect_field_value"] == "/invitations/x/"


def test_person_address_and_mail_are_committed_together(
    client: Client, published: Published
) -> None:
    response = sign_up(client)
    assert (response.status_code, response["Location"]) == (302, "/accounts/confirm-email/")
    [person] = people()
    assert (person.name, person.email, person.is_active) == ("Dana Vos", "dana@example.com", True)
    [address] = addresses()
    assert (address.user, address.email, address.primary, address.verified) == (
        person,
        "dana@example.com",
        True,
        False,
    )
    registered, requested = published()
    assert registered.name == "accounts.person_registered"
    assert requested.name == "accounts.email_requested"
    # Nothing that opens anything may lie in the outbox.
    assert requested.payload == {
        "template": "account/email/email_confirmation_signup",
        "email": "dana@example.com",
        "person_id": str(person.id),
        "subject_id": None,
    }


def test_mail_confirms_signs_in_and_goes_on(client: Client) -> None:
    sign_up(client, "/accounts/signup/?next=/invitations/x/%3Fa=1")
    [message] = mails_after_drain()
    assert message.subject == "Confirm your e-mail address"
    assert message.to == ["dana@example.com"]
    assert "Hello Dana," in message.body
    link = link_in(message)
    assert f'href="http://localhost:8000{link}"' in html_of(message)

    page = client.get(link)
    assert page.status_code == 200
    assert page.context["email"] == "dana@example.com"
    assert addresses()[0].verified is False

    response = client.post(link)
    assert (response.status_code, response["Location"]) == (302, "/invitations/x/?a=1")
    assert addresses()[0].verified is True
    assert client.get("/who/").content == b"dana@example.com"
    # The link is spent.
    assert client.get(link).context["confirmation"] is None


def test_without_next_it_lands_on_the_workspaces(client: Client) -> None:
    sign_up(client)
    response = client.post(link_in(mails_after_drain()[0]))
    assert response["Location"] == "/workspaces/"


def test_confirming_in_another_browser_asks_to_sign_in(client: Client) -> None:
    sign_up(client)
    other = Client(HTTP_HOST="localhost:8000")
    response = other.post(link_in(mails_after_drain()[0]))
    assert response["Location"] == "/accounts/login/"
    assert other.get("/who/").content == b"AnonymousUser"


def test_confirming_too_late_to_be_signed_in_keeps_next(client: Client, settings: Settings) -> None:
    sign_up(client, "/accounts/signup/?next=/invitations/x/")
    settings.ACCOUNT_LOGIN_TIMEOUT = -1
    response = client.post(link_in(mails_after_drain()[0]))
    assert response["Location"] == "/accounts/login/?next=%2Finvitations%2Fx%2F"


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"]
)
def test_next_never_leaves_the_host(client: Client, target: str) -> None:
    client.post("/accounts/signup/", {**FORM, "next": target})
    response = client.post(link_in(mails_after_drain()[0]))
    assert response["Location"] == "/workspaces/"


def test_existing_account_looks_the_same_and_is_told_by_mail(client: Client, alice: Person) -> None:
    new = sign_up(client)
    taken = sign_up(Client(HTTP_HOST="localhost:8000"), email=alice.email)
    assert (taken.status_code, taken["Location"]) == (new.status_code, new["Location"])
    assert Person.objects.filter(email=alice.email).count() == 1
    confirm, exists = mails_after_drain()
    assert confirm.to == ["dana@example.com"]
    assert (exists.to, exists.subject) == ([alice.email], "You already have an account")
    assert link_in(exists) == "/accounts/login/"
    assert "http://localhost:8000/accounts/password/reset/" in exists.body
    alice.refresh_from_db()
    assert alice.check_password("wrapper-demo")


def test_resend_page_names_the_address_for_new_and_existing(client: Client, alice: Person) -> None:
    for email in ("dana@example.com", alice.email):
        browser = Client(HTTP_HOST="localhost:8000")
        sign_up(browser, email=email)
        assert browser.get("/accounts/confirm-email/").context["email"] == email
        response = browser.post("/accounts/confirm-email/resend/")
        assert response["Location"] == "/accounts/confirm-email/"
    # Within the cooldown nothing more is sent.
    assert len(mails_after_drain()) == 2


def test_resend_without_a_sign_up_sends_to_sign_in(client: Client) -> None:
    assert client.post("/accounts/confirm-email/resend/")["Location"] == "/accounts/login/"
    assert client.get("/accounts/confirm-email/resend/").status_code == 405


def test_a_failing_publish_leaves_nothing(
    client: Client, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the outbox is gone")

    monkeypatch.setattr(services, "publish", fail)
    with pytest.raises(RuntimeError):
        sign_up(client)
    assert (people(), addresses(), published()) == ([], [], [])


def test_a_mail_request_that_fails_takes_the_person_with_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_kwargs: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(services, "email_request", fail)
    with pytest.raises(RuntimeError):
        sign_up(client)
    assert people() == []
    monkeypatch.undo()
    # The attempt that died does not keep the mail of the next one back.
    sign_up(client)
    assert [m.to for m in mails_after_drain()] == [["dana@example.com"]]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "a" * 151}, "name"),
        ({"name": "Dana\r\nBcc: x"}, "name"),
        ({"name": " "}, "name"),
        ({"email": "a" * 250 + "@example.com"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"password1": "short"}, "password1"),
        ({"password1": "password123"}, "password1"),
        ({"password1": "x" * 257}, "password1"),
        ({"password1": "dana@example.com"}, "password1"),
    ],
)
def test_bad_input_is_a_message_beside_the_field(
    client: Client, changes: dict[str, str], field: str
) -> None:
    response = sign_up(client, **changes)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert people() == []


@pytest.mark.parametrize("key", ["x", "MQ:1vX:forged", "-" * 500])
def test_forged_confirmation_links(client: Client, key: str) -> None:
    assert client.get(f"/accounts/confirm-email/{key}/").status_code == 200
    assert client.post(f"/accounts/confirm-email/{key}/").status_code == 404


def test_tokens_stay_out_of_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    sign_up(client)
    link = link_in(mails_after_drain()[0])
    caplog.set_level("INFO")
    client.get(link)
    client.post(link)
    assert "/accounts/confirm-email/…/" in caplog.text
    assert link.split("/")[-2] not in caplog.text


def test_links_do_not_follow_the_host_header(client: Client, settings: Settings) -> None:
    settings.PUBLIC_HOSTS = ["localhost", "evil.test"]
    client.post("/accounts/signup/", FORM, HTTP_HOST="evil.test", HTTP_X_FORWARDED_HOST="evil.test")
    [message] = mails_after_drain()
    assert "evil.test" not in message.body + html_of(message)
    link_in(message)
