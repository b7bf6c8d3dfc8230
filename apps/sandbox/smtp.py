"""An SMTP server that keeps what it gets, on aiosmtpd: the far end of the platform's e-mail."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from apps.sandbox.models import Email

log = structlog.get_logger(__name__)


def email_store(sender: str, recipients: list[str], raw: bytes) -> Email:
    """Keep one mail, with its text and HTML parts taken out for reading."""
    message = message_from_bytes(raw, _class=EmailMessage, policy=default)
    return Email.objects.create(
        sender=sender[:320],
        recipients=[address[:320] for address in recipients],
        subject=str(message.get("subject", ""))[:998],
        text=_part(message, "plain"),
        html=_part(message, "html"),
        raw=raw,
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()).replace("\0", "") if part is not None else ""


class Inbox:
    """aiosmtpd's handler."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await sync_to_async(self._store)(envelope)
        return "250 OK"

    def _store(self, envelope: Envelope) -> None:
        close_old_connections()
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        email = email_store(envelope.mail_from or "", envelope.rcpt_tos, raw)
        log.info("sandbox.email_received", email_id=str(email.id), recipients=email.recipients)
