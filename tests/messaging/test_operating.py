"""How the providers do: by command, and what is checked at the start."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.messaging import checks
from apps.messaging.errors import Unavailable
from apps.messaging.operating import provider_reset, providers_status
from apps.messaging.providers.smtp import Smtp
from tests.conftest import SYSTEM
from tests.messaging.support import SOMEBODY


class Away(Exception):
    pass


def fail(times: int) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable), Smtp.breaker.attempt(failures=(Unavailable,)):
            raise Unavailable("It cannot be reached.", 30)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("messaging", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_command(settings: Any, quick: None, nobody: None) -> None:
    settings.EMAIL_FALLBACK_PROVIDER = "mailgun"
    assert [line.split()[:4] for line in run("providers").splitlines()] == [
        ["E-mail", "1", "smtp", "closed"],
        ["E-mail", "2", "mailgun", "closed"],
        ["SMS", "1", "twilio", "closed"],
    ]
    fail(3)
    first = run("providers").splitlines()[0]
    assert "open" in first
    assert "0 sent, 3 failed in the last hour" in first
    assert first.endswith("It cannot be reached.")
    told = json.loads(run("providers", "--json"))[0]
    assert (told["name"], told["state"], told["failed"]) == ("smtp", "open", 3)
    assert told["open_until"] is not None
    assert run("reset", "smtp", "--reason", "It is mended") == "smtp is asked again.\n"
    assert Smtp.breaker.status().state == "closed"
    with pytest.raises(CommandError):
        run("reset", "sendgrid", "--reason", "x")


@pytest.mark.django_db
def test_reset_is_told(quick: None, told: Any) -> None:
    fail(3)
    with pytest.raises(PermissionDenied):
        provider_reset(actor=SOMEBODY, name="smtp", note="x")
    with pytest.raises(PermissionDenied):
        providers_status(SOMEBODY)
    with pytest.raises(InvalidInput):
        provider_reset(actor=SYSTEM, name="smtp", note=" ")
    with pytest.raises(NotFound):
        provider_reset(actor=SYSTEM, name="mailgun", note="x")
    assert Smtp.breaker.status().state == "open"
    assert told() == []
    provider_reset(actor=SYSTEM, name="smtp", note="Mended")
    assert told() == [("messaging.provider_reset", None, {"provider": "smtp", "note": "Mended"})]


def ids(found: list[Any]) -> list[str]:
    return [one.id for one in found]


def test_checks_of_providers(settings: Any) -> None:
    assert checks.email_providers_are_known() == []
    settings.EMAIL_PROVIDER = "pigeons"
    assert ids(checks.email_providers_are_known()) == ["messaging.E001", "messaging.E001"]
    settings.EMAIL_FALLBACK_PROVIDER = "smtp"
    assert ids(checks.email_providers_are_known()) == ["messaging.E001"]
    settings.EMAIL_PROVIDER, settings.EMAIL_FALLBACK_PROVIDER = "mailgun", "sendgrid"
    assert ids(checks.email_providers_are_known()) == ["messaging.E002"] * 3
    assert ids(checks.bounces_are_heard()) == ["messaging.W001"] * 2
    settings.ANYMAIL = dict.fromkeys(settings.ANYMAIL, "x")
    assert checks.email_providers_are_known() == []
    assert checks.bounces_are_heard() == []


def test_checks_of_twilio_and_addresses(settings: Any) -> None:
    assert checks.twilio_is_whole() == []
    settings.TWILIO_ACCOUNT_SID = "AC1"
    assert ids(checks.twilio_is_whole()) == ["messaging.E003", "messaging.E003"]
    assert checks.keys_travel_encrypted() == []
    settings.TWILIO_API_URL = "http://api.twilio.com"
    assert ids(checks.keys_travel_encrypted()) == ["messaging.E004"]
