"""A person's security page: factors are added, renamed and removed by who proved lately that it is them."""

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.messages import get_messages
from django.test import Client

from apps.accounts.models import Person
from apps.events.models import OutboxEvent
from tests.accounts.authenticator import Authenticator as Device
from tests.accounts.factors import code, give_passkey, give_totp, kinds
from tests.accounts.support import force_sign_in, mails_after_drain
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db
PAGE = "/account/security/"
APP, PASSKEY, CODES = f"{PAGE}app/", f"{PAGE}passkeys/new/", f"{PAGE}recovery-codes/"
REAUTHENTICATE = "/accounts/reauthenticate/"


@pytest.fixture
def client(sign_in: SignIn, alice: Person) -> Client:
    return sign_in(alice)


def text_of(response: Any) -> str:
    return " ".join("".join(read(response.content).text).split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def events(*names: str) -> list[str]:
    found = OutboxEvent.objects.filter(name__startswith="accounts.").order_by("position")
    kept = [event.name.removeprefix("accounts.") for event in found]
    return [name for name in kept if name.startswith(("factor", "recovery"))]


def test_without_factors(client: Client) -> None:
    page = text_of(client.get(PAGE))
    assert "Your password alone signs you in" in page
    assert "Recovery codes" not in page
    assert client.get(CODES)["Location"] == PAGE
    assert client.get(f"{CODES}download/")["Location"] == PAGE


def test_an_app(client: Client, alice: Person) -> None:
    secret = client.get(APP).context["secret"].replace(" ", "")
    # Another tab shows the same one.
    assert client.get(APP).context["secret"].replace(" ", "") == secret
    response = client.post(APP, {"code": "12345"})
    assert (response.status_code, kinds(alice)) == (422, [])
    response = client.post(APP, {"code": code(secret)})
    assert (response.status_code, response["Location"]) == (302, f"{CODES}?new=1")
    assert kinds(alice) == ["recovery_codes", "totp"]
    assert "Last used" in text_of(client.get(PAGE)) or "Not used yet" in text_of(client.get(PAGE))
    assert client.get(APP)["Location"] == PAGE
    codes = client.get(CODES).context["codes"]
    download = client.get(f"{CODES}download/")
    assert download["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    lines = download.content.decode().splitlines()
    assert lines == ["Recovery codes of alice@acme.test", "", *codes]
    assert "no-store" in download["Cache-Control"]
    assert events() == ["factor_added"]
    assert [mail.subject for mail in mails_after_drain()] == [
        "A way to sign in was added to your account"
    ]


def test_a_passkey(client: Client, alice: Person) -> None:
    device = Device()
    options = json.loads(client.get(PASSKEY).context["options"])
    public = options["publicKey"]
    assert (public["rp"]["id"], public["user"]["name"]) == ("localhost", alice.email)
    assert public["authenticatorSelection"]["userVerification"] == "required"
    answer = json.dumps(device.create(options))
    response = client.post(PASSKEY, {"name": "<Laptop>", "credential": answer})
    assert response["Location"] == f"{CODES}?new=1"
    assert kinds(alice) == ["recovery_codes", "webauthn"]
    assert client.session["account_authentication_methods"][-1]["type"] == "webauthn"
    # The challenge is used up.
    assert client.post(PASSKEY, {"name": "Again", "credential": answer}).status_code == 422
    factor = Authenticator.objects.get(type="webauthn")
    html = client.get(PAGE).content.decode()
    assert "&lt;Laptop&gt;" in html
    rename = f"{PAGE}passkeys/{factor.pk}/rename/"
    for name in ("", "x" * 61, "a\nb", " "):
        assert client.post(rename, {"name": name}).status_code == 422
    assert client.post(rename, {"name": "Phone"})["Location"] == PAGE
    factor.refresh_from_db()
    assert factor.data["name"] == "Phone"
    # What they registered signs them in.
    assert events() == ["factor_added", "factor_renamed"]


@pytest.mark.parametrize(
    "device",
    [
        {"origin": "http://acme.localhost:8000"},
        {"cross_origin": True},
        {"rp_id": "other.test"},
        {"verifies": False},
    ],
)
def test_a_passkey_of_another_ceremony_is_refused(
    client: Client, alice: Person, device: dict[str, Any]
) -> None:
    options = json.loads(client.get(PASSKEY).context["options"])
    answer = json.dumps(Device(**device).create(options))
    assert client.post(PASSKEY, {"name": "x", "credential": answer}).status_code == 422
    assert kinds(alice) == []


@pytest.mark.parametrize(
    "credential", ["", "null", "[]", "7", '"x"', "{}", "{", '{"id": 1}', "[" * 3000, "x" * 30_000]
)
def test_garbage_is_no_passkey(client: Client, alice: Person, credential: str) -> None:
    client.get(PASSKEY)
    response = client.post(PASSKEY, {"name": "x", "credential": credential})
    assert (response.status_code, kinds(alice)) == (422, [])


def test_garbage_inside_is_no_passkey(client: Client, alice: Person) -> None:
    device = Device()
    for holder in (None, "response"):
        for part in ("id", "rawId", "type", "clientDataJSON", "attestationObject"):
            for value in (None, 7, "é", "AAAA", {}) if holder else (None, "AAAA"):
                options = json.loads(client.get(PASSKEY).context["options"])
                answer = device.create(options)
                (answer[holder] if holder else answer)[part] = value
                body = {"name": "x", "credential": json.dumps(answer)}
                response = client.post(PASSKEY, body)
                # Some parts are for the browser only, and nobody reads them here.
                assert response.status_code in (302, 422)
                if part in ("clientDataJSON", "attestationObject") and holder:
                    assert response.status_code == 422


def test_removing_the_last_takes_the_codes(client: Client, alice: Person) -> None:
    give_totp(alice)
    give_passkey(alice)
    totp, passkey = (Authenticator.objects.get(type=kind).pk for kind in ("totp", "webauthn"))
    response = client.post(f"{PAGE}factors/{totp}/remove/")
    assert (response["Location"], said(response)) == (
        PAGE,
        ["It is removed, and no longer signs you in."],
    )
    assert kinds(alice) == ["recovery_codes", "webauthn"]
    client.post(f"{PAGE}factors/{passkey}/remove/")
    assert kinds(alice) == []
    assert events() == ["factor_removed", "factor_removed"]


def test_new_recovery_codes_void_the_old(client: Client, alice: Person) -> None:
    old = give_totp(alice)
    assert client.post(CODES)["Location"] == CODES
    new = [one.replace(" ", "") for one in client.get(CODES).context["codes"]]
    assert (len(new), set(new) & set(old)) == (10, set())
    assert events() == ["recovery_codes_generated"]
    assert [mail.subject for mail in mails_after_drain()] == ["You have new recovery codes"]


def test_somebody_else_s_are_not_found(client: Client, alice: Person, bob: Person) -> None:
    give_totp(bob)
    give_passkey(bob)
    before = list(Authenticator.objects.values())
    for factor in [*Authenticator.objects.filter(user=bob), None]:
        pk = factor.pk if factor else 999_999_999
        assert client.post(f"{PAGE}factors/{pk}/remove/").status_code == 404
        assert client.post(f"{PAGE}passkeys/{pk}/rename/", {"name": "x"}).status_code == 404
        assert client.get(f"{PAGE}passkeys/{pk}/rename/").status_code == 404
    assert client.post(f"{PAGE}factors/{'9' * 30}/remove/").status_code == 404
    assert list(Authenticator.objects.values()) == before


def test_one_s_own_recovery_codes_are_no_factor_to_remove(client: Client, alice: Person) -> None:
    give_totp(alice)
    codes = Authenticator.objects.get(type="recovery_codes").pk
    assert client.post(f"{PAGE}factors/{codes}/remove/").status_code == 404
    assert kinds(alice) == ["recovery_codes", "totp"]


class TestStepUp:
    @pytest.fixture
    def old(self, client: Client, alice: Person) -> Client:
        give_totp(alice)
        give_passkey(alice)
        force_sign_in(client, alice, ago_s=901)
        return client

    def test_pages_lead_to_it_and_back(self, old: Client, alice: Person) -> None:
        assert old.get(PAGE).status_code == 200
        passkey = Authenticator.objects.get(type="webauthn").pk
        for page in (PASSKEY, CODES, f"{CODES}download/", f"{PAGE}passkeys/{passkey}/rename/"):
            response = old.get(page)
            assert response["Location"].startswith(f"{REAUTHENTICATE}?next=")
        response = old.post(REAUTHENTICATE, {"password": "wrapper-demo", "next": f"{CODES}"})
        assert response["Location"] == CODES
        assert old.get(CODES).status_code == 200

    def test_forms_change_nothing(self, old: Client, alice: Person) -> None:
        before = list(Authenticator.objects.values())
        totp = Authenticator.objects.get(type="totp").pk
        passkey = Authenticator.objects.get(type="webauthn").pk
        for path, body in (
            (f"{PAGE}factors/{totp}/remove/", {}),
            (f"{PAGE}passkeys/{passkey}/rename/", {"name": "x"}),
            (CODES, {}),
            (PASSKEY, {"name": "x", "credential": "{}"}),
        ):
            response = old.post(path, body, headers={"Referer": f"http://localhost:8000{PAGE}"})
            assert response["Location"] == f"{REAUTHENTICATE}?next=%2Faccount%2Fsecurity%2F"
        assert list(Authenticator.objects.values()) == before
        assert events() == []

    def test_by_code_and_by_passkey(self, old: Client, alice: Person) -> None:
        page = text_of(old.get(f"{REAUTHENTICATE}?next={CODES}"))
        assert "Enter your password" in page
        response = old.post(f"{REAUTHENTICATE}code/", {"code": code(), "next": CODES})
        assert response["Location"] == CODES
        assert old.get(CODES).status_code == 200
        force_sign_in(old, alice, ago_s=901)
        Authenticator.objects.filter(type="webauthn").delete()
        device = give_passkey(alice)
        asked = old.get(f"{REAUTHENTICATE}passkey/?next={CODES}")
        options = json.loads(asked.context["options"])
        wrong = old.post(f"{REAUTHENTICATE}passkey/?next={CODES}", {"credential": "{}"})
        assert wrong["Location"] == f"{REAUTHENTICATE}passkey/?next={CODES}"
        response = old.post(
            f"{REAUTHENTICATE}passkey/",
            {"credential": json.dumps(device.get(options)), "next": CODES},
        )
        assert response["Location"] == CODES
        assert old.get(CODES).status_code == 200

    def test_a_used_code_does_not(self, old: Client, alice: Person) -> None:
        shown = code()
        old.post(f"{REAUTHENTICATE}code/", {"code": shown})
        force_sign_in(old, alice, ago_s=901)
        assert old.post(f"{REAUTHENTICATE}code/", {"code": shown}).status_code == 200
        assert old.get(CODES)["Location"].startswith(REAUTHENTICATE)


def test_signed_out(browser: Any) -> None:
    for page in (PAGE, APP, PASSKEY, CODES, f"{CODES}download/", f"{PAGE}required/"):
        response = browser(None).get(page)
        assert response["Location"].startswith("/accounts/login/?next=")
