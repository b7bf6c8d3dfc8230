"""What becomes of messages is told by webhooks: owed with them, signed and sent by `manage.py sandbox`."""

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import close_old_connections, transaction
from django.urls import reverse
from django.utils import timezone

from apps.sandbox.messaging import keys
from apps.sandbox.messaging.models import Outcome, Provider, Sms, Telling
from apps.sandbox.models import Email

TIMEOUT_S = 10
# After a failure; then it is given up. The real ones go on for hours.
PAUSES_S = (1, 5, 30, 120, 600)
LEASE_S = 30
AT_ONCE = 8
# What is told, one after another, of what becomes of a message; the words are Mailgun's.
MAIL_STORIES = {
    Outcome.DELIVERED: ("delivered",),
    Outcome.BOUNCED: ("failed",),
    Outcome.DEFERRED: ("delayed", "delivered"),
    Outcome.COMPLAINED: ("delivered", "complained"),
    Outcome.UNSUBSCRIBED: ("delivered", "unsubscribed"),
    Outcome.UNTOLD: (),
}
SMS_STORIES = {
    Outcome.BOUNCED: ("sent", "undelivered"),
    Outcome.UNTOLD: (),
}
SENDGRID_WORDS = {
    "delivered": {"event": "delivered", "response": "250 OK"},
    "failed": {
        "event": "bounce",
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 The account that you tried to reach does not exist",
    },
    "delayed": {"event": "deferred", "response": "451 4.7.1 Try again later", "attempt": "1"},
    "complained": {"event": "spamreport"},
    "unsubscribed": {"event": "unsubscribe"},
}
NO_SUCH_ADDRESS = {
    "code": 550,
    "message": "5.1.1 The account that you tried to reach does not exist",
    "description": "",
}
UNKNOWN_NUMBER = "30005"


@dataclass(frozen=True, slots=True)
class Parcel:
    id: uuid.UUID
    url: str
    headers: dict[str, str]
    body: bytes


def tell_of_mail(email: Email, outcome: Outcome) -> None:
    """Owe what becomes of a mail, for each of its recipients."""
    tell = {Provider.MAILGUN: _mailgun, Provider.SENDGRID: _sendgrid}[Provider(email.provider)]
    for recipient in email.recipients:
        for place, word in enumerate(MAIL_STORIES[outcome]):
            _owe(
                Provider(email.provider),
                settings.PUBLIC_URL + _path(f"hook_email_{email.provider}"),
                tell(email, recipient, word),
                after_s=place,
            )


def tell_of_sms(sms: Sms, callback: str, outcome: Outcome) -> None:
    for place, word in enumerate(SMS_STORIES.get(outcome, ("sent", "delivered"))):
        told = {
            "MessageSid": sms.sid,
            "SmsSid": sms.sid,
            "MessageStatus": word,
            "SmsStatus": word,
            "AccountSid": keys.TWILIO_SID,
            "From": sms.sender,
            "To": sms.to,
            "ApiVersion": "2010-04-01",
        }
        if word == "undelivered":
            told["ErrorCode"] = UNKNOWN_NUMBER
        _owe(Provider.TWILIO, callback, told, after_s=place)


def tell_of_reply(sms: Sms) -> None:
    """Somebody wrote to us."""
    told = {
        "MessageSid": sms.sid,
        "SmsSid": sms.sid,
        "AccountSid": keys.TWILIO_SID,
        "From": sms.sender,
        "To": sms.to,
        "Body": sms.body,
        "NumMedia": "0",
        "ApiVersion": "2010-04-01",
    }
    url = settings.PUBLIC_URL + _path("hook_sms_twilio_reply")
    _owe(Provider.TWILIO, url, told, after_s=0)


def _mailgun(email: Email, recipient: str, word: str) -> dict[str, Any]:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads"""
    data: dict[str, Any] = {
        "id": secrets.token_urlsafe(16),
        "timestamp": time.time(),
        "event": "failed" if word == "delayed" else word,
        "recipient": recipient,
        "message": {"headers": {"message-id": email.message_id.strip("<>"), "to": recipient}},
        "user-variables": email.metadata,
        "tags": [],
    }
    if word == "failed":
        data |= {"severity": "permanent", "reason": "bounce", "delivery-status": NO_SUCH_ADDRESS}
    if word == "delayed":
        data |= {"severity": "temporary", "reason": "generic", "delivery-status": {"code": 451}}
    return data


def _sendgrid(email: Email, recipient: str, word: str) -> dict[str, Any]:
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event"""
    return {
        "email": recipient,
        "timestamp": int(time.time()),
        "sg_event_id": secrets.token_urlsafe(16),
        "sg_message_id": f"{email.provider_id}.recvd-0",
        "smtp-id": email.message_id,
        **SENDGRID_WORDS[word],
        **email.metadata,
    }


def _owe(provider: Provider, url: str, told: dict[str, Any], *, after_s: float) -> None:
    Telling.objects.create(
        provider=provider, url=url, told=told, next_at=timezone.now() + timedelta(seconds=after_s)
    )


def _path(name: str) -> str:
    return reverse(name, urlconf=settings.PUBLIC_URLCONF)


def twilio_signature(url: str, form: dict[str, str]) -> str:
    text = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(keys.TWILIO_TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def parcel(one: Telling) -> Parcel:
    """Signed now, as it would be at each attempt."""
    sign = {
        Provider.TWILIO: _twilio_parcel,
        Provider.MAILGUN: _mailgun_parcel,
        Provider.SENDGRID: _sendgrid_parcel,
    }[Provider(one.provider)]
    return sign(one, str(int(time.time())))


def _twilio_parcel(one: Telling, now: str) -> Parcel:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": twilio_signature(one.url, one.told),
    }
    return Parcel(one.id, one.url, headers, urlencode(one.told).encode())


def _mailgun_parcel(one: Telling, now: str) -> Parcel:
    token = secrets.token_hex(25)
    text = f"{now}{token}".encode()
    digest = hmac.new(keys.MAILGUN_SIGNING_KEY.encode(), text, hashlib.sha256).hexdigest()
    signed = {"timestamp": now, "token": token, "signature": digest}
    body = json.dumps({"signature": signed, "event-data": one.told}).encode()
    return Parcel(one.id, one.url, {"Content-Type": "application/json"}, body)


def _sendgrid_parcel(one: Telling, now: str) -> Parcel:
    body = json.dumps([one.told]).encode()
    signed = keys.sendgrid_signing_key().sign(now.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signed).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": now,
    }
    return Parcel(one.id, one.url, headers, body)


def deliver_due(limit: int = 200) -> int:
    """Send what is due, eight at a time; returns how many were sent."""
    close_old_connections()
    now = timezone.now()
    with transaction.atomic():
        taken = list(
            Telling.objects.select_for_update(skip_locked=True)
            .filter(status="pending", next_at__lte=now)
            .order_by("next_at")[:limit]
        )
        ids = [one.id for one in taken]
        Telling.objects.filter(id__in=ids).update(next_at=now + timedelta(seconds=LEASE_S))
    if not taken:
        return 0
    with requests.Session() as session, ThreadPoolExecutor(AT_ONCE, "telling") as pool:
        answers = list(pool.map(partial(_send, session), [parcel(one) for one in taken]))
    for one, answer in zip(taken, answers, strict=True):
        _note(one, answer)
    Telling.objects.bulk_update(taken, ["status", "attempts", "next_at"])
    return len(taken)


def _send(session: requests.Session, one: Parcel) -> str:
    """In a thread that touches no database: what was answered."""
    try:
        answer = session.post(
            one.url, data=one.body, headers=one.headers, timeout=TIMEOUT_S, allow_redirects=False
        )
    except requests.RequestException as error:
        return type(error).__name__
    return str(answer.status_code)


def _note(one: Telling, answer: str) -> None:
    one.attempts.append(answer)
    if answer.startswith("2"):
        one.status = "taken"
    elif len(one.attempts) > len(PAUSES_S):
        one.status = "given_up"
    else:
        pause = timedelta(seconds=PAUSES_S[len(one.attempts) - 1])
        one.next_at = timezone.now() + pause
