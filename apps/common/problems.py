"""Problem details (RFC 9457): the one shape in which errors leave the platform, but for SCIM's own."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.common.errors import PlatformError

CONTENT_TYPE = "application/problem+json"
SCIM_PATH = "/scim/"
SCIM_CONTENT_TYPE = "application/scim+json"
MACHINE_PATHS = ("/api/", "/.well-known/", "/hooks/", "/health/", "/reports/", "/ws/", SCIM_PATH)


def problem(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    return problem_body(
        getattr(request, "request_id", ""),
        status=status,
        code=code,
        title=title,
        detail=detail,
        errors=errors,
    )


def problem_body(
    request_id: str,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """`type` is a stable address of the code's description in the API docs."""
    return {
        "type": f"/api/docs/#error-{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": list(errors),
        "request_id": request_id,
    }


def wants_problem(request: HttpRequest) -> bool:
    """True for clients that are programs: API paths, or an Accept header that asks for JSON first."""
    return request.path.startswith(MACHINE_PATHS) or request.headers.get("Accept", "").startswith(
        ("application/json", CONTENT_TYPE)
    )


def scim_error(
    status: int,
    detail: str,
    *,
    scim_type: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """An error as SCIM clients read it (RFC 7644, section 3.12); the status is text there."""
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": str(status),
        **({"scimType": scim_type} if scim_type else {}),
        "detail": detail,
    }
    return HttpResponse(
        orjson.dumps(body), status=status, content_type=SCIM_CONTENT_TYPE, headers=headers
    )


def problem_response(request: HttpRequest, **fields: Any) -> HttpResponse:
    headers = fields.pop("headers", None)
    if request.path.startswith(SCIM_PATH):
        return scim_error(fields["status"], fields["detail"], headers=headers)
    body = problem(request, **fields)
    return HttpResponse(
        orjson.dumps(body), status=body["status"], content_type=CONTENT_TYPE, headers=headers
    )


def problem_or_page(
    request: HttpRequest,
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    template: str = "errors/message.html",
    context: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The same error for a program and for a person: problem+json, or a page of the design system."""
    if wants_problem(request):
        return problem_response(
            request, status=status, code=code, title=title, detail=detail, headers=headers
        )
    page = {"status": status, "title": title, "detail": detail, **(context or {})}
    response = render(request, template, page, status=status)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def error_response(request: HttpRequest, error: PlatformError) -> HttpResponse:
    """An error of ours, where no view has answered yet."""
    return problem_or_page(
        request,
        error.status,
        error.code,
        str(error.title),
        str(error.detail),
        headers=error.headers,
    )
