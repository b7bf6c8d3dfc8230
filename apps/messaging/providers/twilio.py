"""Twilio's Messages (https://www.twilio.com/docs/messaging/api/message-resource), by HTTP.

Not by its package: that is 2.5 MB of generated classes for 37 products and brings aiohttp, for the two
requests here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.breakers import Breaker
from apps.common.database import system_connection
from apps.common.urls import public_url
from apps.messaging.enums import Channel, SuppressionReason
from apps.messaging.errors import Refused, Suppressed, Unavailable
from apps.messaging.providers.http import (
    ask,
    found,
    is_unavailable,
    json_object,
    provider_upstream,
    retry_after_s,
)
from apps.messaging.suppressions import suppress

ACTOR = Actor.system("twilio")
# "Attempt to send to unsubscribed recipient": they sent STOP (https://www.twilio.com/docs/api/errors/21610).
UNSUBSCRIBED = 21610
PAGE_SIZE = 100


class Twilio:
    name = "twilio"
    breaker = Breaker("sms.twilio")
    upstream = provider_upstream("sms.twilio")

    def send(self, *, to: str, body: str, metadata: Mapping[str, str]) -> str:
        sender = settings.TWILIO_SENDER
        kind = "MessagingServiceSid" if sender.startswith("MG") else "From"
        callback = f"{_path('hook_sms_twilio_status')}?{urlencode(metadata)}"
        answer = self._ask(
            "POST",
            data={"To": to, "Body": body, kind: sender, "StatusCallback": public_url(callback)},
        )
        said = json_object(answer) if answer.status < 500 else {}
        if answer.status in (200, 201) and said.get("sid"):
            return str(said["sid"])
        detail = f"{answer.status}: {said.get('code', '')} {said.get('message', '')}".strip()
        if answer.status < 400 or is_unavailable(answer.status):
            raise Unavailable(detail, retry_after_s(answer.retry_after))
        if said.get("code") == UNSUBSCRIBED:
            _note_unsubscribed(to)
            raise Suppressed(SuppressionReason.UNSUBSCRIBED)
        raise Refused(detail)

    def find(self, *, to: str, body: str, since: datetime) -> str | None:
        """The oldest with this text. Dates are filtered by the day, so the time is looked at here."""
        day = since.astimezone(UTC).date().isoformat()
        listed = found(
            self._ask("GET", query={"To": to, "DateSent>": day, "PageSize": str(PAGE_SIZE)})
        )
        sids = [
            str(one["sid"])
            for one in listed.get("messages") or []
            if one.get("body") == body and _created_at(one) >= since - timedelta(seconds=1)
        ]
        return sids[-1] if sids else None

    def _ask(
        self,
        method: str,
        *,
        data: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        account = settings.TWILIO_ACCOUNT_SID
        url = f"{settings.TWILIO_API_URL}/2010-04-01/Accounts/{account}/Messages.json"
        if query:
            url = f"{url}?{urlencode(query)}"
        auth = (account, settings.TWILIO_AUTH_TOKEN)
        return ask(self.upstream, method, url, auth=auth, data=data)


def _path(name: str) -> str:
    return reverse(name, urlconf=settings.PUBLIC_URLCONF)


def _created_at(message: Mapping[str, Any]) -> datetime:
    return parsedate_to_datetime(str(message["date_created"]))


@system_connection()
def _note_unsubscribed(to: str) -> None:
    suppress(
        actor=ACTOR,
        channel=Channel.SMS,
        address=to,
        reason=SuppressionReason.UNSUBSCRIBED,
        provider=Twilio.name,
        since=timezone.now(),
    )
