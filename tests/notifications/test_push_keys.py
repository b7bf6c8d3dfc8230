"""Keys for push messages: made by a command, looked at by a check."""

import json
from typing import Any

import pytest
from django.core.management import call_command

from apps.notifications.checks import check_push
from apps.notifications.push.web import public_key_of
from apps.sandbox.push import keys


def test_the_command_makes_a_pair(capsys: Any, settings: Any) -> None:
    call_command("push", "keys")
    first, second = capsys.readouterr().out.splitlines()
    name, _, private = first.partition("=")
    assert name == "WEB_PUSH_PRIVATE_KEY"
    assert second.endswith(public_key_of(private))
    settings.WEB_PUSH_PRIVATE_KEY = private
    assert check_push() == []


def told(settings: Any, **values: Any) -> list[str]:
    for name, value in values.items():
        setattr(settings, name, value)
    return [one.msg for one in check_push()]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"WEB_PUSH_PRIVATE_KEY": "nonsense"}, "WEB_PUSH_PRIVATE_KEY is no key"),
        ({"FCM_CREDENTIALS": "nonsense"}, "FCM_CREDENTIALS is not"),
        ({"FCM_CREDENTIALS": json.dumps({"type": "service_account"})}, "FCM_CREDENTIALS is not"),
        ({"APNS_KEY": "x"}, "APNS_KEY goes with"),
        ({"PUSH_INTERNAL_HOSTS": ["localhost:1"], "SANDBOX": False}, "PUSH_INTERNAL_HOSTS"),
    ],
)
def test_what_is_wrong_is_said(settings: Any, values: dict[str, Any], words: str) -> None:
    (text,) = told(settings, **values)
    assert words in text


def test_the_sandboxs_are_good(settings: Any) -> None:
    assert (
        told(
            settings,
            WEB_PUSH_PRIVATE_KEY=keys.vapid_private_key(),
            FCM_CREDENTIALS=keys.service_account("http://localhost:8000/sandbox"),
            APNS_KEY=keys.apns_pem(),
            APNS_KEY_ID=keys.APNS_KEY_ID,
            APNS_TEAM_ID=keys.APNS_TEAM_ID,
            APNS_TOPIC=keys.APNS_TOPIC,
        )
        == []
    )
