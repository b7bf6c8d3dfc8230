"""An SMTP server that keeps what it gets, on aiosmtpd: the far end of the platform's e-mail."""

import asyncio
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from apps.sandbox.messaging.models import Mode, Provider
from apps.sandbox.messaging.switches import Behaviour, behaviour
from apps.sandbox.models import Email

log = structlog.get_logger(__name__)

REFUSALS = {
    Mode.DOWN: "421 4.3.2 The service is not available",
    Mode.THROTTLE: "451 4.7.1 Too many messages, try again later",
    Mode.REFUSE: "550 5.7.1 This message is refused, as the sandbox was told",
}
LOST = "451 4.3.0 Something went wrong after it was taken"


def email_store(
    sender: str,
    recipients: list[str],
    raw: bytes,
    *,
    provider: str = Provider.SMTP,
    provider_id: str = "",
    metadata: Mapping[str, str] | None = None,
) -> Email:
    """Keep one mail, with its text and HTML parts taken out for reading."""
    message = message_from_bytes(raw, _class=EmailMessage, policy=default)
    return Email.objects.create(
        sender=sender[:320],
        recipients=[address[:320] for address in recipients],
        subject=str(message.get("subject", ""))[:998],
        text=_part(message, "plain"),
        html=_part(message, "html"),
        raw=raw,
        provider=provider,
        message_id=str(message.get("message-id", "")).strip()[:255],
        provider_id=provider_id,
        metadata=dict(metadata or {}),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()).replace("\0", "") if part is not None else ""


class Inbox:
    """aiosmtpd's handler. Misbehaves as it is switched."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        told = await sync_to_async(self._behaviour)()
        if told.mode in REFUSALS:
            return REFUSALS[told.mode]
        if told.mode is Mode.SLOW:
            await asyncio.sleep(told.seconds)
        await sync_to_async(self._store)(envelope)
        return LOST if told.mode is Mode.LOST else "250 OK"

    def _behaviour(self) -> Behaviour:
        close_old_connections()
        return behaviour(Provider.SMTP)

    def _store(self, envelope: Envelope) -> None:
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        email = email_store(envelope.mail_from or "", envelope.rcpt_tos, raw)
        log.info("sandbox.email_received", email_id=str(email.id), recipients=email.recipients)
