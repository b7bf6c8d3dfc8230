"""The API's one error handler: whatever a view raises leaves as problem+json."""

from http import HTTPStatus
from typing import Any

import structlog
from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.db import DataError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.formatter import flatten_errors
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from apps.common.api.exceptions import BodyTooLarge, ServerError
from apps.common.errors import (
    FieldError,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    PlatformError,
    Unavailable,
)
from apps.common.outages import OUTAGES, RETRY_AFTER_S
from apps.common.problems import CONTENT_TYPE, problem

log = structlog.get_logger(__name__)

TITLES = {
    400: _("The input is not valid"),
    401: _("Sign in first"),
    403: _("You may not do this"),
    404: _("Not found"),
    405: _("Method not allowed"),
    406: _("Not acceptable"),
    413: _("The request is too large"),
    415: _("Unsupported media type"),
    429: _("Too many requests"),
}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """Entry point of REST_FRAMEWORK["EXCEPTION_HANDLER"]. Never lets an exception through."""
    set_rollback()
    error = _as_platform_error(exc)
    if error is None and isinstance(exc, exceptions.APIException):
        fields = _from_framework(exc)
    else:
        fields = _from_platform(error or _unexpected(exc, context))
    response = Response(
        problem(context["request"]._request, **fields),
        status=fields["status"],
        headers=_headers(exc, error, context),
        content_type=CONTENT_TYPE,
    )
    response.exception = True
    return response


def _as_platform_error(exc: Exception) -> PlatformError | None:  # noqa: PLR0911 - a table
    """Errors of Django that a caller can cause, in our terms."""
    match exc:
        case PlatformError():
            return exc
        case Http404() | exceptions.NotFound():
            return NotFound()
        case exceptions.NotAuthenticated():
            return NotAuthenticated()
        case django_errors.ValidationError():
            return InvalidInput(errors=_validation_errors(exc))
        case django_errors.RequestDataTooBig():
            return BodyTooLarge()
        case (
            django_errors.BadRequest()
            | django_errors.SuspiciousOperation()
            | MultiPartParserError()
            | UnreadablePostError()
        ):
            return InvalidInput(_("The request cannot be read."))
        case DataError():
            # Validation should have refused it: the caller gets a 400, and we a traceback.
            log.error("api.data_error", exc_info=exc)
            return InvalidInput(_("A value is out of the range that can be stored."))
    if isinstance(exc, OUTAGES):
        log.error("api.dependency_unavailable", exc_info=exc)
        return Unavailable(headers={"Retry-After": str(RETRY_AFTER_S)})
    return None


def _unexpected(exc: Exception, context: dict[str, Any]) -> PlatformError:
    request = context["request"]._request
    # As Django does for exceptions of pages: error monitoring listens to this.
    got_request_exception.send(sender=None, request=request)
    log.error("api.unexpected_error", exc_info=exc)
    return ServerError()


def _from_platform(error: PlatformError) -> dict[str, Any]:
    return {
        "status": error.status,
        "code": error.code,
        "title": str(error.title),
        "detail": str(error.detail),
        "errors": [{"code": e.code, "detail": str(e.detail), "attr": e.attr} for e in error.errors],
    }


def _from_framework(exc: exceptions.APIException) -> dict[str, Any]:
    """The framework's own errors. Nested errors of fields are flattened to `attr`s with dots."""
    found = [
        {"code": str(e.code), "detail": e.detail, "attr": _attr(e.attr)}
        for e in flatten_errors(exc.detail)
    ]
    first = found[0] if found else {"code": "error", "detail": "", "attr": None}
    is_input = isinstance(exc, exceptions.ValidationError)
    detail = f"{first['attr']}: {first['detail']}" if first["attr"] else first["detail"]
    status = exc.status_code
    return {
        "status": status,
        "code": "invalid" if is_input else first["code"],
        "title": str(TITLES.get(status, HTTPStatus(status).phrase)),
        "detail": detail,
        "errors": found if is_input else [],
    }


def _attr(attr: str | None) -> str | None:
    """The field, or None where the whole body is wrong."""
    if attr is None:
        return None
    name = api_settings.NON_FIELD_ERRORS_KEY
    return None if attr == name else attr.removesuffix(f".{name}")


def _validation_errors(exc: django_errors.ValidationError) -> list[FieldError]:
    by_field = exc.error_dict if hasattr(exc, "error_dict") else {"__all__": exc.error_list}
    return [
        FieldError(
            error.code or "invalid",
            "; ".join(error.messages),
            None if field == django_errors.NON_FIELD_ERRORS else field,
        )
        for field, errors in by_field.items()
        for error in errors
    ]


def _headers(
    exc: Exception, error: PlatformError | None, context: dict[str, Any]
) -> dict[str, str]:
    headers = dict(error.headers) if error else {}
    status = error.status if error else getattr(exc, "status_code", 500)
    if (wait_s := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait_s))
    if status == 401:
        scheme = context["view"].get_authenticate_header(context["request"])
        headers.setdefault("WWW-Authenticate", scheme or 'Bearer realm="api"')
    return headers
