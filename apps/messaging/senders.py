"""Sending, and asking after a crash whether something was sent. Not inside a transaction: it takes seconds.

A message goes by the first provider; where that one is away, by the next. Exactly once is what nobody can
promise here: who dies between the provider's answer and its own note asks `email_find` or `sms_find`.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from email.utils import make_msgid
from typing import TypeVar

import structlog
from django.conf import settings
from django.core.mail import EmailMessage

from apps.common.breakers import CircuitOpen
from apps.common.database import in_transaction
from apps.messaging.enums import Channel
from apps.messaging.errors import CannotTell, Refused, Suppressed, Unavailable
from apps.messaging.providers import Provider, email_providers, sms_providers
from apps.messaging.suppressions import suppressed

log = structlog.get_logger(__name__)

P = TypeVar("P", bound=Provider)


@dataclass(frozen=True, slots=True)
class Sent:
    """A provider took it. provider: smtp, sendgrid, mailgun, twilio, ...

    provider_message_id: what tracking calls it: for e-mail its Message-ID, in angle brackets.
    """

    provider: str
    provider_message_id: str


def email_send(message: EmailMessage) -> Sent:
    """Send a mail by the first provider that takes it, without those of its addresses that are suppressed.

    message: its header Message-ID, in angle brackets, is kept by every provider, and is what it can be found
    by (`email_find`); set it from what the mail is about, so that it is the same at each attempt. Without
    one it gets one. `message.metadata` (texts, by anymail's convention): `tenant_id` and `delivery_id` come
    back in messaging.email_tracked. The message itself is not changed.
    Raises Suppressed where no address is left, Refused, Unavailable.
    """
    left = _without_suppressed(message)
    return _by_first(email_providers(), lambda provider: provider.send(left))


def email_find(message_id: str, *, to: str, since: datetime) -> Sent | None:
    """Whether a provider took the mail with this Message-ID; for after a crash, not for each mail.

    to: its recipient. since: when it was first tried; a provider shows a mail with a delay, Mailgun of
    seconds to minutes. None: none of them has it. Raises CannotTell, Unavailable.
    """
    return _find(email_providers(), lambda one: one.find(message_id, to=to, since=since))


def sms_send(*, to: str, body: str, metadata: Mapping[str, str]) -> Sent:
    """Send an SMS. to: a number after E.164 (+4930...). body: at most 1,600 characters.

    metadata: `tenant_id` and `delivery_id` come back in messaging.sms_tracked.
    Raises Suppressed (also where the provider knows of a STOP that we do not), Refused, Unavailable.
    """
    reasons = suppressed(Channel.SMS, [to])
    if reasons:
        raise Suppressed(reasons[to])
    return _by_first(sms_providers(), lambda one: one.send(to=to, body=body, metadata=metadata))


def sms_find(*, to: str, body: str, since: datetime) -> Sent | None:
    """Whether a provider took an SMS with this text for this number since then; for after a crash.

    Two with the same text are taken for one. None: none of them has it. Raises CannotTell, Unavailable.
    """
    return _find(sms_providers(), lambda one: one.find(to=to, body=body, since=since))


def sms_is_configured() -> bool:
    """Whether there is a provider for SMS at all; without one `sms_send` raises Refused."""
    return bool(sms_providers())


def _without_suppressed(message: EmailMessage) -> EmailMessage:
    """A copy with a Message-ID, to those who may be written to. One statement. Raises Suppressed."""
    reasons = suppressed(Channel.EMAIL, message.recipients())
    left = copy(message)
    for field in ("to", "cc", "bcc"):
        setattr(left, field, [one for one in getattr(message, field) if one not in reasons])
    if reasons:
        log.info("messaging.email_suppressed", reasons=sorted(set(reasons.values())))
        if not left.recipients():
            raise Suppressed(next(iter(reasons.values())))
        if not left.to:
            # No provider takes a mail that is to nobody.
            left.to, left.cc = left.cc, []
    left.extra_headers = {
        "Message-ID" if name.lower() == "message-id" else name: value
        for name, value in message.extra_headers.items()
    }
    left.extra_headers.setdefault("Message-ID", make_msgid(domain=settings.BASE_DOMAIN))
    return left


def _by_first(providers: Sequence[P], send: Callable[[P], str]) -> Sent:
    if in_transaction():
        raise RuntimeError("nothing is sent inside a transaction")
    away: list[CircuitOpen | Unavailable] = []
    for provider in providers:
        try:
            with provider.breaker.attempt(failures=(Unavailable,), answers=(Refused, Suppressed)):
                return Sent(provider.name, send(provider))
        except (CircuitOpen, Unavailable) as error:
            log.warning("messaging.provider_away", provider=provider.name, reason=str(error))
            away.append(error)
    if not away:
        raise Refused("No provider is configured for this channel.")
    detail = "; ".join(map(str, away))
    raise Unavailable(detail, min(one.retry_after_s for one in away)) from away[-1]


def _find(providers: Sequence[P], find: Callable[[P], str | None]) -> Sent | None:
    """Every provider is asked: which of them had it is not known any more."""
    unknown: list[CannotTell] = []
    for provider in providers:
        try:
            found = find(provider)
        except CannotTell as error:
            unknown.append(error)
            continue
        if found is not None:
            return Sent(provider.name, found)
    if unknown:
        raise unknown[0]
    return None
