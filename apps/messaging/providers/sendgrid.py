"""SendGrid by anymail; its Email Activity, an add-on, says whether it took a mail.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send and .../email-activity.
"""

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from anymail.backends.sendgrid import EmailBackend, SendGridPayload
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from apps.common.breakers import Breaker
from apps.messaging.errors import CannotTell
from apps.messaging.providers.http import TOTAL_S, anymail_send, ask, found, provider_upstream

# Each costs a request, of six that it allows a minute.
LOOKED_AT = 4
EU = "//api.eu."
STAMP = "%Y-%m-%dT%H:%M:%SZ"


class _Payload(SendGridPayload):
    def set_anymail_id(self) -> None:
        """The Message-ID, not a new one at each attempt: what is told of the mail names it."""
        message_id = str(self.message.extra_headers["Message-ID"])
        for part in self.data["personalizations"]:
            part.setdefault("custom_args", {})["anymail_id"] = message_id
        self.message_ids = {one.addr_spec: message_id for one in self.all_recipients}


class _Backend(EmailBackend):
    def build_message_payload(self, message: EmailMessage, defaults: Any) -> _Payload:
        return _Payload(message, defaults, self)


class SendGrid:
    name = "sendgrid"
    breaker = Breaker("email.sendgrid")
    upstream = provider_upstream("email.sendgrid")

    def send(self, message: EmailMessage) -> str:
        anymail_send(self.upstream, _Backend(timeout=TOTAL_S), message)
        return str(message.extra_headers["Message-ID"])

    def find(self, message_id: str, *, to: str, since: datetime) -> str | None:
        """Looks through what it sent to the address since then: it cannot be asked for our own ids."""
        if EU in settings.ANYMAIL["SENDGRID_API_URL"]:
            raise CannotTell("SendGrid keeps no activity of its European accounts")
        if '"' in to:
            raise CannotTell("the address has a quotation mark, of which queries know nothing")
        first, last = since.strftime(STAMP), timezone.now().strftime(STAMP)
        query = (
            f'to_email="{to}" AND last_event_time '
            f'BETWEEN TIMESTAMP "{first}" AND TIMESTAMP "{last}"'
        )
        listed = self._ask(f"messages?{urlencode({'limit': LOOKED_AT + 1, 'query': query})}")
        messages = listed.get("messages") or []
        if len(messages) > LOOKED_AT:
            raise CannotTell(f"more than {LOOKED_AT} mails went to this address since then")
        for one in messages:
            details = self._ask(f"messages/{quote(str(one['msg_id']), safe='')}")
            if _custom_args(details).get("anymail_id") == message_id:
                return message_id
        return None

    def _ask(self, path: str) -> dict[str, Any]:
        account = settings.ANYMAIL
        return found(
            ask(
                self.upstream,
                "GET",
                f"{account['SENDGRID_API_URL']}/{path}",
                headers={"Authorization": f"Bearer {account['SENDGRID_API_KEY']}"},
            )
        )


def _custom_args(details: dict[str, Any]) -> dict[str, Any]:
    """They come as an object in a text."""
    try:
        found_args = json.loads(details.get("unique_args") or "{}")
    except (TypeError, ValueError) as error:
        raise CannotTell("unique_args cannot be read") from error
    return found_args if isinstance(found_args, dict) else {}
