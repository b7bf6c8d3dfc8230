"""Django's mail backend: every mail of the platform goes by our providers, whoever sends it."""

from collections.abc import Sequence

import structlog
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from apps.messaging.errors import Refused, Suppressed, Unavailable
from apps.messaging.senders import email_send

log = structlog.get_logger(__name__)


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were sent. A mail whose addresses are all suppressed is not, and that is no error.

        Raises Refused, Unavailable, unless it is to fail silently.
        """
        return sum(self._send(message) for message in email_messages)

    def _send(self, message: EmailMessage) -> bool:
        try:
            sent = email_send(message)
        except Suppressed as error:
            log.info("messaging.email_not_sent", reason=error.reason)
            return False
        except (Refused, Unavailable) as error:
            if not self.fail_silently:
                raise
            log.warning("messaging.email_not_sent", reason=str(error))
            return False
        log.info("messaging.email_sent", provider=sent.provider)
        return True
