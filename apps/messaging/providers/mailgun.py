"""Mailgun by anymail; its events API says whether it took a mail.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages and .../events. Mailgun
would have new clients ask its Logs; the events are what it documents to be found by a Message-ID.
"""

from datetime import datetime
from urllib.parse import quote, urlencode

from anymail.backends.mailgun import EmailBackend
from django.conf import settings
from django.core.mail import EmailMessage

from apps.common.breakers import Breaker
from apps.messaging.providers.http import TOTAL_S, anymail_send, ask, found, provider_upstream


class Mailgun:
    name = "mailgun"
    breaker = Breaker("email.mailgun")
    upstream = provider_upstream("email.mailgun")

    def send(self, message: EmailMessage) -> str:
        anymail_send(self.upstream, EmailBackend(timeout=TOTAL_S), message)
        return str(message.extra_headers["Message-ID"])

    def find(self, message_id: str, *, to: str, since: datetime) -> str | None:
        """Its events appear within seconds as a rule, within half an hour for certain ("Event polling")."""
        account = settings.ANYMAIL
        query = {
            "message-id": message_id.strip("<>"),
            "begin": f"{since.timestamp() - 60:.0f}",
            "ascending": "yes",
            "limit": "1",
        }
        domain = quote(account["MAILGUN_SENDER_DOMAIN"], safe="")
        url = f"{account['MAILGUN_API_URL']}/{domain}/events?{urlencode(query)}"
        answer = ask(self.upstream, "GET", url, auth=("api", account["MAILGUN_API_KEY"]))
        return message_id if found(answer).get("items") else None
