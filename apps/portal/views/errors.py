"""Pages for what went wrong before or outside a view of ours; programs get problem+json."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.utils.translation import gettext_lazy as _

from apps.common.api.exceptions import BodyTooLarge
from apps.common.outages import OUTAGES, RETRY_AFTER_S
from apps.common.problems import error_response, problem_or_page, problem_response, wants_problem
from apps.portal.shell import theme_of


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return error_response(
            request, BodyTooLarge(_("What you sent is too large. Send less of it at a time."))
        )
    return problem_or_page(
        request,
        400,
        "invalid",
        "This request can’t be read",
        "Something about it is malformed. Go back and try again.",
    )


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem_or_page(
        request,
        403,
        "permission_denied",
        "You may not see this page",
        str(exception or "")
        or "Your roles do not allow it. Ask an administrator of the workspace.",
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The token of a form was missing or old: usually cookies are off, or the page lay open too long."""
    return problem_or_page(
        request,
        403,
        "csrf_failed",
        "This form has expired",
        "For your safety the form was not sent. Go back, reload the page and send it again. "
        "If it keeps happening, allow cookies for this site.",
        context={"reload": True},
    )


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """allauth's limits answer with it."""
    return problem_or_page(
        request,
        429,
        "rate_limited",
        "Too many attempts",
        "Wait a few minutes, then try again.",
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem_or_page(
        request,
        404,
        "not_found",
        "There is nothing here",
        "The page was moved, deleted, or you may not know of it. Check the address.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Needs neither the database nor the session: they may be what failed, and then it is a 503."""
    if isinstance(sys.exception(), OUTAGES):
        return _unavailable(request)
    if wants_problem(request):
        return problem_response(
            request,
            status=500,
            code="server_error",
            title="Something went wrong on our side",
            detail="The error has been recorded. Try again in a moment.",
        )
    page = {"request": request, "theme": theme_of(request), "status": 500, "home_url": "/"}
    return HttpResponse(get_template("500.html").render(page), status=500)


def _unavailable(request: HttpRequest) -> HttpResponse:
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    detail = "A part that this needs is restarting. Try again in a moment."
    if wants_problem(request):
        return problem_response(
            request,
            status=503,
            code="unavailable",
            title="Not available right now",
            detail=detail,
            headers=headers,
        )
    page = {"request": request, "theme": theme_of(request), "home_url": "/", "detail": detail}
    body = get_template("errors/maintenance.html").render(page)
    return HttpResponse(body, status=503, headers=headers)
