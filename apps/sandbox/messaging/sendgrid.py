"""SendGrid's v3: mail/send, and what Email Activity knows of it."""

import json
import re
import secrets
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from apps.sandbox.messaging import keys
from apps.sandbox.messaging.mails import Given, take
from apps.sandbox.messaging.models import Outcome, Provider
from apps.sandbox.messaging.serving import api, number
from apps.sandbox.messaging.telling import tell_of_mail
from apps.sandbox.models import Email

TO_EMAIL = re.compile(r'to_email="([^"]+)"')


def refusal(status: int, text: str) -> HttpResponse:
    return JsonResponse({"errors": [{"message": text, "field": None, "help": None}]}, status=status)


def _is_known(request: HttpRequest) -> bool:
    return request.headers.get("Authorization") == f"Bearer {keys.SENDGRID_KEY}"


def _address(given: dict[str, Any]) -> str:
    return f"{given['name']} <{given['email']}>" if given.get("name") else str(given["email"])


@api(Provider.SENDGRID, refusal)
def send(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    if not _is_known(request):
        return refusal(401, "The provided authorization grant is invalid, expired, or revoked")
    try:
        body = json.loads(request.body)
        parts = [_given(body, part) for part in body["personalizations"]]
    except (ValueError, TypeError, LookupError, AttributeError):
        return refusal(400, "Bad Request")
    if not parts or not all(one.to and one.subject and one.text for one in parts):
        return refusal(400, "The to array, the subject and the content are required.")
    message_id = secrets.token_urlsafe(16)
    with transaction.atomic():
        for one in parts:
            tell_of_mail(take(Provider.SENDGRID, one, provider_id=message_id), outcome)
    return HttpResponse(status=202, headers={"X-Message-Id": message_id})


def _given(body: dict[str, Any], part: dict[str, Any]) -> Given:
    content = {one["type"]: one["value"] for one in body.get("content", [])}
    return Given(
        sender=_address(body["from"]),
        to=[_address(one) for one in part.get("to", [])],
        cc=[_address(one) for one in part.get("cc", [])],
        bcc=[_address(one) for one in part.get("bcc", [])],
        subject=part.get("subject") or body.get("subject", ""),
        text=content.get("text/plain", ""),
        html=content.get("text/html", ""),
        headers=body.get("headers", {}),
        metadata={**body.get("custom_args", {}), **part.get("custom_args", {})},
    )


@api(Provider.SENDGRID, refusal)
def activity(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    """By `to_email` alone; times in the query are not looked at."""
    found = TO_EMAIL.search(request.GET.get("query", ""))
    if not _is_known(request):
        return refusal(401, "access forbidden")
    if found is None:
        return refusal(400, "invalid query")
    rows = _rows().filter(recipients__contains=[found[1]])
    limit = number(request.GET.get("limit"), 10, 1000)
    return JsonResponse({"messages": [_listed(one) for one in rows[:limit]]})


@api(Provider.SENDGRID, refusal)
def activity_of(request: HttpRequest, outcome: Outcome, message_id: str) -> HttpResponse:
    row = _rows().filter(id=message_id).first()
    if not _is_known(request) or row is None:
        return refusal(404 if _is_known(request) else 401, "not found")
    return JsonResponse({**_listed(row), "unique_args": json.dumps(row.metadata)})


def _rows() -> Any:
    return Email.objects.filter(provider=Provider.SENDGRID).defer("raw", "html")


def _listed(row: Email) -> dict[str, Any]:
    return {
        "msg_id": str(row.id),
        "from_email": row.sender,
        "to_email": row.recipients[0],
        "subject": row.subject,
        "status": "delivered",
        "last_event_time": timezone.localtime(row.created_at).isoformat(),
    }
