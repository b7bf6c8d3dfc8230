"""Passwords that are in the lists of attackers, by the range API of Pwned Passwords.

https://haveibeenpwned.com/API/v3#PwnedPasswords: of the password's SHA-1 the first 5 hexadecimal digits
leave; the answer has all hashes that begin with them, and padding, so that not even its length tells.
"""

import hashlib
import hmac
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.common.breakers import Breaker
from apps.common.outbound import OutboundError, Upstream

log = structlog.get_logger(__name__)

PREFIX_LENGTH = 5
UPSTREAM = Upstream(
    "passwords.pwned",
    total_s=2.0,
    connect_s=1.0,
    at_once=8,
    wait_s=1.0,
    breaker=Breaker("passwords.pwned"),
    is_trusted=True,
    needs_tls=False,
)


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
        answer = UPSTREAM.request(
            "GET",
            f"{settings.BREACHED_PASSWORDS_URL.rstrip('/')}/{prefix}",
            headers={"Accept": "*/*", "Add-Padding": "true", "User-Agent": "wrapper-platform"},
        )
    except OutboundError as error:
        log.warning("accounts.breached_passwords_unavailable", error=error.code)
        return False
    if answer.status != 200:
        log.warning("accounts.breached_passwords_unavailable", error=str(answer.status))
        return False
    for line in answer.body.decode("ascii", "replace").splitlines():
        found, _colon, count = line.partition(":")
        if hmac.compare_digest(found.encode(), suffix.encode()):
            # Padding is listed with 0.
            return count.strip() not in ("", "0")
    return False
