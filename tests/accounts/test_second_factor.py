"""Signing in with a second factor on the pages, and with a passkey alone."""

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import caches
from django.db import connection
from django.test import Client

from apps.accounts.models import Person
from apps.accounts.services import person_deactivate
from tests.accounts.authenticator import Authenticator as Device
from tests.accounts.factors import code, give_passkey, give_totp, passkey_options
from tests.accounts.support import PASSWORD, PUBLIC, SYSTEM, mails_after_drain

pytestmark = pytest.mark.django_db
STAGE = "/accounts/mfa/authenticate/"


def password(client: Client, person: Person, **fields: str) -> Any:
    return client.post("/accounts/login/", {"login": person.email, "password": PASSWORD, **fields})


def who(client: Client) -> str:
    return client.get("/who/").content.decode()


def methods(client: Client) -> list[tuple[str, str]]:
    records = client.session["account_authentication_methods"]
    return [(record["method"], record.get("type", "")) for record in records]


def another() -> Client:
    return Client(HTTP_HOST=PUBLIC)


def test_a_code_is_asked_for_after_the_password(client: Client, alice: Person) -> None:
    give_totp(alice)
    response = password(client, alice, next="/who/")
    assert (response.status_code, response["Location"]) == (302, STAGE)
    assert who(client) == "AnonymousUser"
    page = client.get(STAGE).content.decode()
    assert "Of your authenticator app, or a recovery code." in page
    assert "data-passkey" not in page
    response = client.post(STAGE, {"code": code()})
    assert (response.status_code, response["Location"]) == (302, "/who/")
    assert who(client) == alice.email
    assert methods(client) == [("password", ""), ("mfa", "totp")]
    assert Authenticator.objects.get(user=alice, type="totp").last_used_at is not None


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_each_code_works_once(alice: Person, steps: int) -> None:
    give_totp(alice)
    shown = code(steps=steps)
    for expected in (alice.email, "AnonymousUser"):
        client = another()
        password(client, alice)
        client.post(STAGE, {"code": f"{shown[:3]} {shown[3:]}"})
        assert who(client) == expected


def test_a_used_code_is_remembered_for_as_long_as_it_is_good(alice: Person) -> None:
    give_totp(alice)
    client = another()
    password(client, alice)
    client.post(STAGE, {"code": code(steps=1)})
    assert who(client) == alice.email
    keys = caches["global"]._cache.get_client().keys("*totp.used*")
    ttl_s = caches["global"]._cache.get_client().ttl(keys[0])
    # From the step before it is shown to the end of the one after.
    assert len(keys) == 1
    assert ttl_s > 60 + 20


@pytest.mark.parametrize("steps", [-3, 3])
def test_other_codes_do_not(client: Client, alice: Person, steps: int) -> None:
    give_totp(alice)
    password(client, alice)
    response = client.post(STAGE, {"code": code(steps=steps)})
    assert "This did not work" in response.content.decode()
    assert who(client) == "AnonymousUser"


def test_each_recovery_code_works_once_and_is_told_of(alice: Person, published: Any) -> None:
    codes = give_totp(alice)
    assert len(set(codes)) == 10
    for expected in (alice.email, "AnonymousUser"):
        client = another()
        password(client, alice)
        client.post(STAGE, {"code": codes[3]})
        assert who(client) == expected
    used = [event for event in published() if event.name == "accounts.recovery_code_used"]
    assert [event.payload for event in used] == [{"person_id": str(alice.id), "left": 9}]
    (mail,) = mails_after_drain()
    assert mail.subject == "A recovery code was used"
    assert "9 are left" in str(mail.body)
    assert codes[3] not in str(mail.body)


def test_secrets_are_encrypted_at_rest(alice: Person) -> None:
    codes = give_totp(alice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        (stored,) = cursor.fetchone()
    assert "JBSWY3DPEHPK3PXP" not in stored
    assert not any(one in stored for one in codes)
    assert stored.count("gAAAA") == 2  # Fernet's


def test_wrong_codes_lock_the_account_for_every_browser(alice: Person) -> None:
    give_totp(alice)
    for number in range(5):
        client = another()
        password(client, alice)
        client.post(STAGE, {"code": f"{number:06}"}, REMOTE_ADDR=f"10.0.0.{number}")
    client = another()
    password(client, alice)
    response = client.post(STAGE, {"code": code()}, REMOTE_ADDR="10.9.9.9")
    assert "Too many failed attempts" in response.content.decode()
    assert who(client) == "AnonymousUser"


@pytest.mark.parametrize("given", ["", " ", "x" * 41, "١٢٣٤٥٦", "é" * 6, "------"])
def test_bad_codes_are_a_message(client: Client, alice: Person, given: str) -> None:
    give_totp(alice)
    password(client, alice)
    assert client.post(STAGE, {"code": given}).status_code == 200
    assert who(client) == "AnonymousUser"


def test_the_stage_is_for_those_who_gave_their_password(client: Client, alice: Person) -> None:
    give_totp(alice)
    for response in (client.get(STAGE), client.post(STAGE, {"code": code()})):
        assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
    assert who(client) == "AnonymousUser"


class TestPasskey:
    def test_signs_in_without_a_password(self, client: Client, alice: Person) -> None:
        device = give_passkey(alice)
        options = passkey_options(client)
        assert options["publicKey"]["rpId"] == "localhost"
        assert options["publicKey"]["userVerification"] == "required"
        answer = json.dumps(device.get(options))
        response = client.post("/accounts/passkey/", {"credential": answer, "next": "/who/"})
        assert (response.status_code, response["Location"]) == (302, "/who/")
        assert who(client) == alice.email
        assert methods(client) == [("mfa", "webauthn")]
        # The challenge is used up.
        client.logout()
        client.post("/accounts/passkey/", {"credential": answer})
        assert who(client) == "AnonymousUser"

    def test_is_a_second_factor(self, client: Client, alice: Person) -> None:
        device = give_passkey(alice)
        password(client, alice)
        response = client.get(STAGE)
        options = json.loads(response.context["options"])
        client.post(STAGE, {"credential": json.dumps(device.get(options))})
        assert who(client) == alice.email
        assert methods(client) == [("password", ""), ("mfa", "webauthn")]

    @pytest.mark.parametrize(
        "device",
        [
            {"origin": "http://acme.localhost:8000"},
            {"origin": "http://localhost:8001"},
            {"origin": "https://localhost:8000"},
            {"origin": "http://evil.test"},
            {"origin": "null"},
            {"cross_origin": True},
            {"rp_id": "acme.localhost"},
            {"verifies": False},
        ],
    )
    def test_of_another_ceremony_is_refused(
        self, client: Client, alice: Person, device: dict[str, Any]
    ) -> None:
        made = give_passkey(alice)
        for name, value in device.items():
            setattr(made, name, value)
        answer = json.dumps(made.get(passkey_options(client)))
        response = client.post("/accounts/passkey/", {"credential": answer})
        assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
        assert who(client) == "AnonymousUser"
        assert Authenticator.objects.get(user=alice).last_used_at is None

    def test_of_somebody_else_is_refused(self, client: Client, alice: Person, bob: Person) -> None:
        give_passkey(alice)
        device = give_passkey(bob)
        own_handle = device.user_handle
        device.user_handle = give_passkey(alice).user_handle
        client.post(
            "/accounts/passkey/", {"credential": json.dumps(device.get(passkey_options(client)))}
        )
        assert who(client) == "AnonymousUser"
        assert own_handle != device.user_handle
        stranger = Device(user_handle=own_handle)
        client.post(
            "/accounts/passkey/",
            {"credential": json.dumps(stranger.get(passkey_options(client)))},
        )
        assert who(client) == "AnonymousUser"

    def test_a_wrong_signature_is_refused(self, client: Client, alice: Person) -> None:
        device = give_passkey(alice)
        answer = device.get(passkey_options(client))
        other = Device(credential_id=device.credential_id, user_handle=device.user_handle)
        answer["response"]["signature"] = other.get(passkey_options(client))["response"][
            "signature"
        ]
        client.post("/accounts/passkey/", {"credential": json.dumps(answer)})
        assert who(client) == "AnonymousUser"

    def test_of_an_inactive_person_is_refused(self, client: Client, alice: Person) -> None:
        device = give_passkey(alice)
        person_deactivate(actor=SYSTEM, person_id=alice.id)
        client.post(
            "/accounts/passkey/", {"credential": json.dumps(device.get(passkey_options(client)))}
        )
        assert who(client) == "AnonymousUser"

    def test_garbage_is_no_crash(self, client: Client, alice: Person, settings: Any) -> None:
        """Every part of an answer left out, or replaced by things of other kinds."""
        device = give_passkey(alice)
        settings.MFA_RATE_LIMITS = {"webauthn_login": "10000/m/ip"}
        junk: list[Any] = [None, 7, "", "x", "é", "AAAA", [], {}, {"a": 1}, True, "A" * 4000]
        parts = ["id", "rawId", "type", "response", "clientExtensionResults"]
        inner = ["clientDataJSON", "authenticatorData", "signature", "userHandle"]
        texts = [
            "",
            "null",
            "[]",
            "7",
            '"x"',
            "{",
            '{"response": {}}',
            "x" * 30_000,
            "[" * 2000,
        ]
        for part, holder in [(p, None) for p in parts] + [(p, "response") for p in inner]:
            for value in [*junk, KeyError]:
                answer = device.get(passkey_options(client))
                place = answer[holder] if holder else answer
                if value is KeyError:
                    del place[part]
                else:
                    place[part] = value
                texts.append(json.dumps(answer))
        accepted = 0
        for text in texts:
            passkey_options(client)
            response = client.post("/accounts/passkey/", {"credential": text})
            assert response.status_code == 302
            accepted += who(client) != "AnonymousUser"
        assert accepted == 0
