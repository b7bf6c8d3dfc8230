"""Passwords that are in the lists of attackers, by the range API of Pwned Passwords.

https://haveibeenpwned.com/API/v3#PwnedPasswords: of the password's SHA-1 the first 5 hexadecimal digits
leave; the answer has all hashes that begin with them, and padding, so that not even its length tells.
"""

import hashlib
import hmac
from typing import Any

import requests
import structlog
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

log = structlog.get_logger(__name__)

TIMEOUT_S = 2.0
PREFIX_LENGTH = 5


class BreachedPasswordValidator:
    """Refuses what is known from breaches. One HTTP request: never within a transaction.

    Lets everything through where BREACHED_PASSWORDS_URL is empty, and when there is no answer in time.
    """

    asks_network = True

    def validate(self, password: str, user: object = None) -> None:
        if is_breached(password):
            raise ValidationError(
                _(
                    "This password is in a list of stolen ones, which attackers try first. Choose another."
                ),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return _("Your password can’t be one that is known from breaches.")


def local_validators() -> list[Any]:
    """The validators that ask nobody: for use within a transaction."""
    return [v for v in get_default_password_validators() if not getattr(v, "asks_network", False)]


def is_breached(password: str) -> bool:
    """False also when it cannot be found out, which is logged: people must be able to sign up."""
    if not settings.BREACHED_PASSWORDS_URL:
        return False
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    prefix, suffix = digest[:PREFIX_LENGTH], digest[PREFIX_LENGTH:]
    try:
        response = requests.get(
            f"{settings.BREACHED_PASSWORDS_URL.rstrip('/')}/{prefix}",
            headers={"Add-Padding": "true", "User-Agent": "wrapper-platform"},
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        if response.status_code != requests.codes.ok:
            raise requests.HTTPError(f"status {response.status_code}")
    except requests.RequestException as error:
        log.warning("accounts.breached_passwords_unavailable", error=type(error).__name__)
        return False
    for line in response.text.splitlines():
        found, _colon, count = line.partition(":")
        if hmac.compare_digest(found.encode(), suffix.encode()):
            # Padding is listed with 0.
            return count.strip() not in ("", "0")
    return False
