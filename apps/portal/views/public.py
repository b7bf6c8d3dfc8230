"""The landing page, and small things that both kinds of host have."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.redirects import safe_path
from apps.common.cookies import cookie_set
from apps.common.requests import host_name
from apps.portal.shell import THEMES, theme_cookie

YEAR_S = 365 * 24 * 3600


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/landing.html")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark in a cookie for all our hosts; anything else means the system's choice.

    A workspace's own domain has a cookie of its own.
    """
    chosen = request.POST.get("theme", "")
    is_script = request.headers.get("X-Requested-With") == "fetch"
    back = safe_path(request.POST.get("next"))
    response = HttpResponse(status=204) if is_script else redirect(back)
    domain = _cookie_domain(request)
    if chosen in THEMES:
        cookie_set(response, theme_cookie(), chosen, max_age_s=YEAR_S, domain=domain)
    else:
        response.delete_cookie(theme_cookie(), domain=domain, samesite="Lax")
    return response


def _cookie_domain(request: HttpRequest) -> str | None:
    """None: this host only, where browsers would refuse the base domain."""
    base = settings.BASE_DOMAIN
    return base if "." in base and f".{host_name(request)}".endswith(f".{base}") else None
