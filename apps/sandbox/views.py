"""The inbox: pages for people, JSON for tests."""

import uuid

from csp.decorators import csp, csp_update
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from apps.sandbox.models import Email

PAGE_SIZE = 25


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """`?to=` narrows to one recipient; JSON for those who accept JSON first."""
    recipient = request.GET.get("to", "").strip().lower()
    emails = Email.objects.defer("raw", "html")
    if recipient:
        emails = emails.filter(recipients__contains=[recipient])
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"results": [_json(email) for email in emails[:PAGE_SIZE]]})
    page = Paginator(emails, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "sandbox/inbox.html", {"page": page, "recipient": recipient})


@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type] # typed for views without arguments
@require_safe
def email(request: HttpRequest, email_id: uuid.UUID) -> HttpResponse:
    return render(request, "sandbox/email.html", {"email": get_object_or_404(Email, id=email_id)})


@csp(  # type: ignore[arg-type]
    {
        "default-src": ["'none'"],
        "style-src": ["'unsafe-inline'"],
        "img-src": ["data:"],
        "frame-ancestors": ["'self'"],
        "form-action": ["'none'"],
    }
)
@require_safe
@xframe_options_sameorigin
def email_html(request: HttpRequest, email_id: uuid.UUID) -> HttpResponse:
    """The HTML part as it was sent, for a frame that runs no script; its links leave the frame."""
    found = get_object_or_404(Email, id=email_id)
    if not found.html:
        raise Http404
    return HttpResponse(found.html.replace("<head>", '<head><base target="_top">', 1))


def _json(email: Email) -> dict[str, object]:
    return {
        "id": str(email.id),
        "to": email.recipients,
        "subject": email.subject,
        "text": email.text,
        "provider": email.provider,
        "message_id": email.message_id,
        "received_at": email.created_at.isoformat(),
    }
