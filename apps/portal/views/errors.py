"""Error pages, and the same errors as problem+json for programs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.common.problems import problem_or_page, problem_response, wants_problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_or_page(
        request,
        400,
        "invalid",
        "The request could not be understood",
        "Go back, check what you entered and try again.",
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    detail = str(exception) or "Your roles do not allow this. Ask an administrator."
    return problem_or_page(request, 403, "permission_denied", "You may not do this", detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_or_page(
        request,
        404,
        "not_found",
        "There is nothing here",
        "The address may be mistyped, or what was here is gone, or you may not see it.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    if wants_problem(request):
        return problem_response(
            request,
            status=500,
            code="error",
            title="Something went wrong on our side",
            detail="Try again; if it stays, send us the request id.",
        )
    return render(
        request, "500.html", {"request_id": getattr(request, "request_id", "")}, status=500
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem_or_page(
        request,
        403,
        "csrf_failed",
        "This form has expired",
        "Go back, reload the page and send the form again. Cookies must be allowed.",
    )
