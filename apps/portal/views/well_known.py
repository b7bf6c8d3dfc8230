"""What programs and password managers look for at fixed addresses (RFC 8615)."""

from datetime import UTC, datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from apps.common.requests import host_name
from apps.common.urls import host_url, public_url

SECURITY_TXT = "/.well-known/security.txt"


def security_txt_expires() -> datetime | None:
    """None where nothing is set. Raises ValueError for what is no time with its zone."""
    text = settings.SECURITY_TXT_EXPIRES
    if not text:
        return None
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text!r} is no time such as 2027-06-30T00:00:00Z")
    return moment.astimezone(UTC)


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """How to tell of a hole (RFC 9116); 404 when it has expired, as nobody may rely on it then."""
    expires = security_txt_expires()
    if expires is None or expires <= timezone.now():
        raise Http404
    here = host_name(request)
    places = [public_url(SECURITY_TXT)]
    if here not in settings.PUBLIC_HOSTS:
        places.append(host_url(here, SECURITY_TXT))
    lines = [
        *(f"Contact: {contact}" for contact in settings.SECURITY_CONTACTS),
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        *(f"Canonical: {place}" for place in places),
        "Preferred-Languages: en",
        *([f"Policy: {settings.SECURITY_POLICY_URL}"] if settings.SECURITY_POLICY_URL else []),
    ]
    return HttpResponse(
        "".join(f"{line}\n" for line in lines),
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "public, max-age=3600"},
    )


@require_safe
def change_password(request: HttpRequest) -> HttpResponse:
    """Where password managers send people (W3C, A Well-Known URL for Changing Passwords)."""
    path = reverse("account_change_password", urlconf=settings.PUBLIC_URLCONF)
    return redirect(public_url(path))
