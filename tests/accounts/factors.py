"""Second factors for people in tests."""

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client
from fido2.utils import websafe_encode

from apps.accounts.models import Person
from tests.accounts.authenticator import Authenticator as Device

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PERIOD_S = 30


def code(secret: str = SECRET, steps: int = 0) -> str:
    """What an app shows now, or `steps` half minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_S + steps))


def give_totp(person: Person, secret: str = SECRET) -> list[str]:
    """An app, as if set up before; returns the recovery codes that come with it."""
    TOTP.activate(person, secret)
    codes: list[str] = RecoveryCodes.activate(person).get_unused_codes()
    return codes


def give_passkey(person: Person, name: str = "Laptop", **device: Any) -> Device:
    """A passkey, as if registered before."""
    made = Device(**device)
    options = {
        "publicKey": {"user": {"id": _handle(person)}, "challenge": "A" * 43},
    }
    Authenticator.objects.create(
        user=person, type="webauthn", data={"name": name, "credential": made.create(options)}
    )
    return made


def _handle(person: Person) -> str:
    return websafe_encode(str(person.pk).encode())


def kinds(person: Person) -> list[str]:
    return sorted(Authenticator.objects.filter(user=person).values_list("type", flat=True))


def passkey_options(client: Client) -> dict[str, Any]:
    """The challenge for signing in without a password."""
    response = client.get("/accounts/passkey/", headers={"Accept": "application/json"})
    assert response.status_code == 200
    options: dict[str, Any] = response.json()["request_options"]
    return options
