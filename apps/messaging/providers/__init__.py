"""Whom messages are sent by: small adapters, each behind a circuit breaker, in the order of trying."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMessage

from apps.common.breakers import Breaker
from apps.messaging.providers.mailgun import Mailgun
from apps.messaging.providers.sendgrid import SendGrid
from apps.messaging.providers.smtp import Smtp
from apps.messaging.providers.twilio import Twilio


class Provider(Protocol):
    """name: lasting; stored with what came of it."""

    @property
    def name(self) -> str: ...

    @property
    def breaker(self) -> Breaker: ...


class EmailProvider(Provider, Protocol):
    def send(self, message: EmailMessage) -> str:
        """Its Message-ID, which the message has. Raises Refused, Unavailable."""

    def find(self, message_id: str, *, to: str, since: datetime) -> str | None:
        """The same, if it took a mail with it. Raises CannotTell, Unavailable."""


class SmsProvider(Provider, Protocol):
    def send(self, *, to: str, body: str, metadata: Mapping[str, str]) -> str:
        """The provider's id of it. Raises Suppressed, Refused, Unavailable."""

    def find(self, *, to: str, body: str, since: datetime) -> str | None:
        """The provider's id of it, if it took one. Raises CannotTell, Unavailable."""


EMAIL: Mapping[str, Callable[[], EmailProvider]] = {
    "smtp": Smtp,
    "sendgrid": SendGrid,
    "mailgun": Mailgun,
}


def email_providers() -> Sequence[EmailProvider]:
    """The first, then the one that steps in. A check refuses names that are none of EMAIL."""
    names = [settings.EMAIL_PROVIDER, settings.EMAIL_FALLBACK_PROVIDER]
    return [EMAIL[name]() for name in dict.fromkeys(names) if name]


def sms_providers() -> Sequence[SmsProvider]:
    return [Twilio()] if settings.TWILIO_ACCOUNT_SID else []


def providers() -> Sequence[Provider]:
    """All that are in use."""
    return [*email_providers(), *sms_providers()]
