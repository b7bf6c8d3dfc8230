"""Where Twilio tells what became of SMS, and what people reply: /hooks/sms/twilio/...

https://www.twilio.com/docs/usage/webhooks/webhooks-security and
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

import base64
import hashlib
import hmac

import structlog
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt

from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.hooks import UNREADABLE, refuse, request_problem
from apps.common.ids import parse_uuid
from apps.common.urls import public_url
from apps.messaging.enums import Channel, SuppressionReason, Tracked
from apps.messaging.suppressions import suppress, suppression_end
from apps.messaging.tracking import Told, remember, track

log = structlog.get_logger(__name__)

PROVIDER = "twilio"
MAX_BODY_BYTES = 64 * 1024
FORM = "application/x-www-form-urlencoded"
# Of the rest (accepted, queued, sending, ...) nobody wants to know.
FOLLOWED = {
    "sent": Tracked.SENT,
    "delivered": Tracked.DELIVERED,
    "undelivered": Tracked.BOUNCED,
    "failed": Tracked.FAILED,
    "canceled": Tracked.FAILED,
}
# https://www.twilio.com/docs/api/errors: no such number, and a landline or a carrier that takes no SMS.
HARD = frozenset({"30005", "30006"})
UNSUBSCRIBED = "21610"
# https://help.twilio.com/articles/223134027: what Twilio itself takes for these words.
STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"})
START = frozenset({"START", "YES", "UNSTOP"})


def signature(url: str, form: dict[str, list[str]], token: str) -> str:
    """The header X-Twilio-Signature: of the address as it was asked, and the form's fields by their names."""
    fields = "".join(name + value for name in sorted(form) for value in sorted(set(form[name])))
    digest = hmac.new(token.encode(), (url + fields).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


@csrf_exempt
def status(request: HttpRequest) -> HttpResponse:
    """What became of an SMS; of whose, says the address, which the signature covers."""
    refusal = _refusal(request)
    if refusal is not None:
        return refusal
    kind = FOLLOWED.get(request.POST.get("MessageStatus", ""))
    if kind is None:
        return HttpResponse(status=204)
    code = request.POST.get("ErrorCode", "")
    is_hard = code in HARD
    sid = request.POST.get("MessageSid", "")
    listed = SuppressionReason.BOUNCED if is_hard else None
    try:
        track(
            Told(
                key=f"{sid}:{request.POST['MessageStatus']}",
                channel=Channel.SMS,
                provider=PROVIDER,
                kind=kind,
                address=request.POST.get("To", ""),
                message_id=sid,
                tenant_id=parse_uuid(request.GET.get("tenant_id", "")),
                delivery_id=parse_uuid(request.GET.get("delivery_id", "")),
                reason=" ".join(filter(None, (code, request.POST.get("ErrorMessage", "")))),
                is_hard=is_hard or code == UNSUBSCRIBED,
                suppress=SuppressionReason.UNSUBSCRIBED if code == UNSUBSCRIBED else listed,
                occurred_at=timezone.now(),
            )
        )
    except UNREADABLE as error:
        return _unreadable(request, error)
    return HttpResponse(status=204)


@csrf_exempt
def reply(request: HttpRequest) -> HttpResponse:
    """STOP and START, by the word or by what Twilio makes of it (OptOutType); the rest is not kept."""
    refusal = _refusal(request)
    if refusal is not None:
        return refusal
    word = request.POST.get("OptOutType") or request.POST.get("Body", "")
    try:
        _take_word(
            word=word.strip().upper(),
            address=request.POST.get("From", ""),
            sid=request.POST.get("MessageSid", ""),
        )
    except UNREADABLE as error:
        return _unreadable(request, error)
    return HttpResponse("<Response/>", content_type="text/xml")


@system_connection()
@transaction.atomic
def _take_word(*, word: str, address: str, sid: str) -> None:
    """Once for each message. Raises ValueError for what is no number."""
    if word not in STOP | START or not remember(PROVIDER, f"{sid}:reply"):
        return
    actor = Actor.system(PROVIDER)
    if word in START:
        suppression_end(actor=actor, channel=Channel.SMS, address=address, provider=PROVIDER)
        return
    suppress(
        actor=actor,
        channel=Channel.SMS,
        address=address,
        reason=SuppressionReason.UNSUBSCRIBED,
        provider=PROVIDER,
        since=timezone.now(),
    )


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """Raises Http404 where there is no account: nobody could have signed."""
    token = settings.TWILIO_AUTH_TOKEN
    if not token:
        raise Http404
    problem = request_problem(request, content_type=FORM, max_bytes=MAX_BODY_BYTES)
    if problem is not None:
        return problem
    url = public_url(request.get_full_path())
    form = {name: list(map(str, values)) for name, values in request.POST.lists()}
    given = request.headers.get("X-Twilio-Signature", "")
    if constant_time_compare(given, signature(url, form, token)):
        return None
    log.warning("messaging.hook_refused", provider=PROVIDER, reason="the signature does not fit")
    return refuse(request, 400, "invalid_signature", "The signature is not valid.")


def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    log.warning("messaging.hook_unreadable", provider=PROVIDER, reason=repr(error))
    return refuse(request, 400, "invalid", "This cannot be read.")
