"""Mailgun's v3: messages, and the events of one."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.sandbox.messaging import keys
from apps.sandbox.messaging.mails import Given, take
from apps.sandbox.messaging.models import Outcome, Provider
from apps.sandbox.messaging.serving import api, basic_auth, number
from apps.sandbox.messaging.telling import tell_of_mail
from apps.sandbox.models import Email


def refusal(status: int, text: str) -> HttpResponse:
    return JsonResponse({"message": text}, status=status)


def _refused(request: HttpRequest, domain: str) -> HttpResponse | None:
    if basic_auth(request) != ("api", keys.MAILGUN_KEY):
        return refusal(401, "Forbidden")
    if domain != keys.MAILGUN_DOMAIN:
        return refusal(404, f"Domain not found: {domain}")
    return None


def _split(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


@api(Provider.MAILGUN, refusal)
def messages(request: HttpRequest, outcome: Outcome, domain: str) -> HttpResponse:
    if refused := _refused(request, domain):
        return refused
    form = request.POST
    given = Given(
        sender=form.get("from", ""),
        to=[one for text in form.getlist("to") for one in _split(text)],
        cc=[one for text in form.getlist("cc") for one in _split(text)],
        bcc=[one for text in form.getlist("bcc") for one in _split(text)],
        subject=form.get("subject", ""),
        text=form.get("text", ""),
        html=form.get("html", ""),
        headers={name[2:]: form[name] for name in form if name.startswith("h:")},
        metadata={name[2:]: form[name] for name in form if name.startswith("v:")},
    )
    if not given.to or not all("@" in one for one in given.to):
        return refusal(400, "to parameter is not a valid address. please check documentation")
    if not (given.text or given.html):
        return refusal(400, "Need at least one of 'text', 'html', 'amp-html' or 'template'")
    with transaction.atomic():
        email = take(Provider.MAILGUN, given, provider_id="")
        tell_of_mail(email, outcome)
    return JsonResponse({"id": email.message_id, "message": "Queued. Thank you."})


@api(Provider.MAILGUN, refusal)
def events(request: HttpRequest, outcome: Outcome, domain: str) -> HttpResponse:
    """That it was accepted, for each mail with a Message-ID."""
    if refused := _refused(request, domain):
        return refused
    wanted = request.GET.get("message-id", "")
    rows = Email.objects.filter(provider=Provider.MAILGUN, message_id=f"<{wanted}>")
    limit = number(request.GET.get("limit"), 100, 300)
    items = [_accepted(one) for one in rows.defer("raw", "html")[:limit]]
    return JsonResponse({"items": items, "paging": {}})


def _accepted(row: Email) -> dict[str, Any]:
    return {
        "event": "accepted",
        "id": str(row.id),
        "timestamp": row.created_at.timestamp(),
        "recipient": row.recipients[0],
        "message": {"headers": {"message-id": row.message_id.strip("<>")}},
        "user-variables": row.metadata,
    }
