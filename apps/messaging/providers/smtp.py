"""A mail server, which can be asked nothing afterwards."""

import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from apps.common.breakers import Breaker
from apps.messaging.errors import CannotTell, Refused, Unavailable
from apps.messaging.providers.http import DETAIL_CHARS, RETRY_AFTER_S

# From being connected to the end; each step before and within has EMAIL_TIMEOUT.
TOTAL_S = 30.0


class Smtp:
    name = "smtp"
    breaker = Breaker("email.smtp")

    def send(self, message: EmailMessage) -> str:
        connection = get_connection(settings.EMAIL_SMTP_BACKEND, fail_silently=False)
        try:
            with _limited(connection):
                connection.send_messages([message])
        except OSError as error:
            raise _meaning(error) from error
        return str(message.extra_headers["Message-ID"])

    def find(self, message_id: str, *, to: str, since: datetime) -> str | None:
        raise CannotTell("a mail server cannot be asked")


@contextmanager
def _limited(connection: Any) -> Iterator[None]:
    """Cuts the connection when the time is over: a socket's own time-out begins anew with every byte."""

    def cut() -> None:
        sock = getattr(getattr(connection, "connection", None), "sock", None)
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(TOTAL_S, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _meaning(error: OSError) -> Refused | Unavailable:
    """5yz is of the message (RFC 5321, 4.2.1), where it answers to addresses or content; the rest passes."""
    detail = f"{type(error).__name__}: {error}"[:DETAIL_CHARS]
    codes: list[int] = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _text in error.recipients.values()]
    elif isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        codes = [error.smtp_code]
    is_refused = bool(codes) and all(500 <= code < 600 for code in codes)
    return Refused(detail) if is_refused else Unavailable(detail, RETRY_AFTER_S)
