"""Where SendGrid and Mailgun tell what became of mails: /hooks/email/..., by anymail's views."""

import json
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import structlog
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from apps.common.hooks import UNREADABLE, refuse, request_problem
from apps.common.ids import parse_uuid
from apps.messaging.enums import Channel, SuppressionReason, Tracked
from apps.messaging.tracking import Told, track

log = structlog.get_logger(__name__)

# SendGrid's largest batches have 768 KB.
MAX_BODY_BYTES = 1024 * 1024
# What is signed may be so old, for a provider repeats itself for a day, and so far ahead.
MAX_AGE_S, MAX_AHEAD_S = 26 * 3600, 300
MESSAGE_ID_CHARS = 200
# Of what is told the rest says nothing of the way of a mail: what was queued, opened, clicked, answered.
FOLLOWED = {
    EventType.SENT: Tracked.SENT,
    EventType.DEFERRED: Tracked.DEFERRED,
    EventType.DELIVERED: Tracked.DELIVERED,
    EventType.BOUNCED: Tracked.BOUNCED,
    EventType.REJECTED: Tracked.REJECTED,
    EventType.FAILED: Tracked.FAILED,
    EventType.COMPLAINED: Tracked.COMPLAINED,
    EventType.UNSUBSCRIBED: Tracked.UNSUBSCRIBED,
    EventType.SUBSCRIBED: Tracked.SUBSCRIBED,
}
# Why a provider did not even try: it has a list of its own.
LISTED = {
    RejectReason.BOUNCED: SuppressionReason.BOUNCED,
    RejectReason.SPAM: SuppressionReason.COMPLAINED,
    RejectReason.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}


class _Hook:
    """Mixin before anymail's view: nothing without a secret, sizes and times checked, effects once."""

    esp_name: ClassVar[str]
    secret_setting: ClassVar[str]

    def head(self, request: HttpRequest) -> HttpResponse:
        """Whether there is somebody: providers ask before they keep an address."""
        self._require_configured()
        return HttpResponse()

    def post(self, request: HttpRequest) -> HttpResponse:
        """200 when all of it has had its effect, now or before. Each event has a transaction of its own."""
        self._require_configured()
        problem = request_problem(
            request, content_type="application/json", max_bytes=MAX_BODY_BYTES
        )
        if problem is not None:
            return problem
        view: Any = self
        try:
            view.run_validators(request)
        except AnymailWebhookValidationFailure as error:
            log.warning("messaging.hook_refused", provider=self.provider, reason=str(error))
            return refuse(request, 400, "invalid_signature", "The signature is not valid.")
        except UNREADABLE:
            return refuse(request, 400, "invalid", "This cannot be read.")
        try:
            told = [self._told(event) for event in view.parse_events(request)]
        except UNREADABLE as error:
            log.warning("messaging.hook_unreadable", provider=self.provider, reason=repr(error))
            return refuse(request, 400, "invalid", "This cannot be read.")
        for one in told:
            if one is not None:
                track(one)
        return HttpResponse()

    @property
    def provider(self) -> str:
        return self.esp_name.lower()

    def _require_configured(self) -> None:
        if not settings.ANYMAIL[self.secret_setting]:
            raise Http404

    def _told(self, event: AnymailTrackingEvent) -> Told | None:
        """None for what is not followed. Raises one of UNREADABLE."""
        kind = FOLLOWED.get(event.event_type)
        if kind is None:
            return None
        is_hard = kind is Tracked.BOUNCED and self.is_hard(event.esp_event)
        metadata = event.metadata or {}
        return Told(
            key=self.key(event.esp_event),
            nonce=self.nonce(event.esp_event),
            channel=Channel.EMAIL,
            provider=self.provider,
            kind=kind,
            address=str(event.recipient),
            message_id=str(event.message_id or "")[:MESSAGE_ID_CHARS],
            tenant_id=parse_uuid(metadata.get("tenant_id")),
            delivery_id=parse_uuid(metadata.get("delivery_id")),
            reason=str(event.description or event.mta_response or event.reject_reason or ""),
            is_hard=is_hard,
            suppress=self._suppress(kind, event, is_hard=is_hard),
            occurred_at=event.timestamp or timezone.now(),
        )

    def _suppress(
        self, kind: Tracked, event: AnymailTrackingEvent, *, is_hard: bool
    ) -> SuppressionReason | None:
        if kind is Tracked.COMPLAINED:
            return SuppressionReason.COMPLAINED
        if kind is Tracked.UNSUBSCRIBED:
            return SuppressionReason.UNSUBSCRIBED
        if kind is Tracked.REJECTED:
            return self.listed(event)
        return SuppressionReason.BOUNCED if is_hard else None

    def listed(self, event: AnymailTrackingEvent) -> SuppressionReason | None:
        return LISTED.get(event.reject_reason)

    def key(self, told: Mapping[str, Any]) -> str:
        raise NotImplementedError

    def nonce(self, told: Mapping[str, Any]) -> str | None:
        return None

    def is_hard(self, told: Mapping[str, Any]) -> bool:
        raise NotImplementedError


def _check_age(signed_at: str) -> None:
    """Raises AnymailWebhookValidationFailure, ValueError."""
    age_s = time.time() - int(signed_at)
    if not -MAX_AHEAD_S <= age_s <= MAX_AGE_S:
        raise AnymailWebhookValidationFailure("the time of the signature is too far away")


class MailgunHook(_Hook, MailgunTrackingWebhookView):
    """https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads

    Its signature covers a time and a token, not what it tells: the token is good for one event.
    """

    secret_setting = "MAILGUN_WEBHOOK_SIGNING_KEY"  # noqa: S105 - the name of a setting
    # Other reasons of a failure that is permanent are of the mail, of us or of the time that it took.
    HARD = frozenset({"bounce", "suppress-bounce"})
    LISTED: ClassVar = {
        "suppress-complaint": SuppressionReason.COMPLAINED,
        "suppress-unsubscribe": SuppressionReason.UNSUBSCRIBED,
    }

    def validate_request(self, request: HttpRequest) -> None:
        """Besides anymail's own, which run too. Raises AnymailWebhookValidationFailure."""
        _check_age(json.loads(request.body)["signature"]["timestamp"])

    def key(self, told: Mapping[str, Any]) -> str:
        """Its ids are unique within a day."""
        data = told["event-data"]
        return f"{data['id']}:{data['timestamp']}"

    def nonce(self, told: Mapping[str, Any]) -> str | None:
        return str(told["signature"]["token"])

    def is_hard(self, told: Mapping[str, Any]) -> bool:
        return told["event-data"].get("reason") in self.HARD


class SendGridHook(_Hook, SendGridTrackingWebhookView):
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event"""

    secret_setting = "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY"  # noqa: S105 - the name of a setting

    def validate_request(self, request: HttpRequest) -> None:
        """Besides anymail's own, which run too. Raises AnymailWebhookValidationFailure."""
        _check_age(request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", ""))

    def listed(self, event: AnymailTrackingEvent) -> SuppressionReason | None:
        if str(event.esp_event.get("reason", "")).lower() == "spam reporting address":
            return SuppressionReason.COMPLAINED
        return super().listed(event)

    def key(self, told: Mapping[str, Any]) -> str:
        return str(told["sg_event_id"])

    def is_hard(self, told: Mapping[str, Any]) -> bool:
        """`blocked` is of the mail or of us: the address itself is good."""
        return told.get("type") == "bounce"
