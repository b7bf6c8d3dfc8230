"""Twilio's Messages: to create one, and to list them."""

import re
import secrets
from datetime import UTC
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.sandbox.messaging import keys
from apps.sandbox.messaging.models import Outcome, Provider, Sms
from apps.sandbox.messaging.serving import api, basic_auth, number
from apps.sandbox.messaging.telling import tell_of_reply, tell_of_sms

E164 = re.compile(r"\+[1-9]\d{6,14}")
STOP, START = {"STOP", "STOPALL", "UNSUBSCRIBE"}, {"START", "YES", "UNSTOP"}
CODES = {401: 20003, 404: 20404, 429: 20429, 500: 20500, 503: 20503}
MAX_CHARS = 1600


def refusal(status: int, text: str, code: int = 0) -> HttpResponse:
    code = code or CODES.get(status, 21600)
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": text, "more_info": more, "status": status}
    return JsonResponse(body, status=status)


@api(Provider.TWILIO, refusal)
def messages(request: HttpRequest, outcome: Outcome, account: str) -> HttpResponse:
    if basic_auth(request) != (keys.TWILIO_SID, keys.TWILIO_TOKEN):
        return refusal(401, "Authenticate")
    if account != keys.TWILIO_SID:
        return refusal(404, "The requested resource was not found")
    return _create(request, outcome) if request.method == "POST" else _list(request)


def _create(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    form = request.POST
    to, body = form.get("To", ""), form.get("Body", "")
    sender = form.get("From") or form.get("MessagingServiceSid", "")
    if not E164.fullmatch(to):
        return refusal(400, f"The 'To' number {to} is not a valid phone number.", 21211)
    if not sender:
        return refusal(400, "A 'From' phone number is required.", 21603)
    if not body:
        return refusal(400, "Message body is required.", 21602)
    if len(body) > MAX_CHARS:
        return refusal(400, "The concatenated message body exceeds the 1600 character limit", 21617)
    if is_stopped(to):
        return refusal(400, "Attempt to send to unsubscribed recipient", 21610)
    callback = form.get("StatusCallback", "")
    with transaction.atomic():
        sms = Sms.objects.create(
            sid=_sid(), to=to, sender=sender, body=body, status="queued", key=_key(callback)
        )
        if callback:
            tell_of_sms(sms, callback, outcome)
    return JsonResponse(_shown(sms), status=201)


def _list(request: HttpRequest) -> HttpResponse:
    rows = Sms.objects.filter(is_reply=False)
    if request.GET.get("To"):
        rows = rows.filter(to=request.GET["To"])
    if request.GET.get("DateSent>"):
        rows = rows.filter(created_at__date__gte=request.GET["DateSent>"])
    limit = number(request.GET.get("PageSize"), 50, 1000)
    return JsonResponse({"messages": [_shown(one) for one in rows[:limit]], "page_size": limit})


def reply(*, sender: str, to: str, body: str) -> Sms:
    """Somebody answers an SMS."""
    with transaction.atomic():
        sms = Sms.objects.create(
            sid=_sid(), to=to, sender=sender, body=body, status="received", is_reply=True
        )
        tell_of_reply(sms)
    return sms


def is_stopped(sender: str) -> bool:
    """Whether their last word was STOP."""
    words = Sms.objects.filter(sender=sender, is_reply=True).values_list("body", flat=True)
    said = (word.strip().upper() for word in words)
    return next((word in STOP for word in said if word in STOP | START), False)


def _sid() -> str:
    return "SM" + secrets.token_hex(16)


def _key(callback: str) -> str:
    query = parse_qs(urlsplit(callback).query)
    return query.get("delivery_id", [""])[0]


def _shown(sms: Sms) -> dict[str, Any]:
    created = format_datetime(sms.created_at.astimezone(UTC))
    return {
        "sid": sms.sid,
        "account_sid": keys.TWILIO_SID,
        "to": sms.to,
        "from": sms.sender,
        "body": sms.body,
        "status": sms.status,
        "direction": "outbound-api",
        "date_created": created,
        "date_sent": created,
        "error_code": None,
        "error_message": None,
    }
