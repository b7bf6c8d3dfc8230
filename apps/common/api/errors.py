"""The API's one error handler: whatever a view raises leaves as problem+json."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback
from drf_standardized_errors.handler import ExceptionHandler

from apps.common.errors import PlatformError
from apps.common.problems import CONTENT_TYPE, problem

TITLES = {
    400: "The input is not valid",
    401: "Sign in first",
    403: "You may not do this",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    413: "The request is too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Something went wrong on our side",
}


class ProblemHandler(ExceptionHandler):
    """drf-standardized-errors flattens nested errors and reports crashes; the shape is ours."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, DjangoValidationError):
            return exceptions.ValidationError(exc.messages)
        return super().convert_known_exceptions(exc)

    def format_exception(self, exc: exceptions.APIException) -> dict[str, Any]:
        formatted = super().format_exception(exc)
        errors = formatted["errors"]
        status = exc.status_code
        first = errors[0] if errors else {"code": "error", "detail": ""}
        fields = errors if isinstance(exc, exceptions.ValidationError) else []
        detail = first["detail"]
        if first.get("attr") and fields:
            detail = f"{first['attr']}: {detail}"
        return problem(
            self.context["request"]._request,
            status=status,
            code="invalid" if fields else first["code"],
            title=TITLES.get(status, HTTPStatus(status).phrase),
            detail=detail,
            errors=fields,
        )

    def get_response(self, exc: exceptions.APIException, data: dict[str, Any]) -> Response:
        response = super().get_response(exc, data)
        response.content_type = CONTENT_TYPE
        return response


def exception_handler(exc: Exception, context: Any) -> Response | None:
    """Entry point of REST_FRAMEWORK["EXCEPTION_HANDLER"]."""
    if isinstance(exc, PlatformError):
        set_rollback()
        return _platform_error(exc, context)
    return ProblemHandler(exc, context).run()


def _platform_error(exc: PlatformError, context: Any) -> Response:
    data = problem(
        context["request"]._request,
        status=exc.status,
        code=exc.code,
        title=str(exc.title),
        detail=str(exc.detail),
        errors=[{"code": e.code, "detail": str(e.detail), "attr": e.attr} for e in exc.errors],
    )
    return Response(data, status=exc.status, headers=exc.headers, content_type=CONTENT_TYPE)
