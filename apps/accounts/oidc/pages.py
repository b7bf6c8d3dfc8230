"""The one page that every failure of a provider ends on."""

from django.http import HttpRequest, HttpResponse

from apps.common.errors import PlatformError
from apps.common.problems import problem_or_page


def refused(request: HttpRequest, error: PlatformError, back_url: str = "") -> HttpResponse:
    """back_url: where to begin anew; empty: the platform's sign-in page."""
    return problem_or_page(
        request,
        error.status,
        error.code,
        str(error.title),
        str(error.detail),
        template="account/provider_refused.html",
        context={"back_url": back_url},
        headers={"Cache-Control": "no-store"},
    )
