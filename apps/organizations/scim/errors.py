"""Whatever goes wrong, as SCIM says it (RFC 7644, section 3.12). Never lets an exception through."""

from typing import Any

import structlog
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DataError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from pydantic import ValidationError
from rest_framework.exceptions import ParseError
from scim2_models import Error, SCIMException

from apps.common.entitlements import EntitlementExceeded
from apps.common.errors import Conflict, InvalidInput, PlatformError
from apps.common.outages import OUTAGES, RETRY_AFTER_S
from apps.common.problems import scim_error

log = structlog.get_logger(__name__)

UNREADABLE = (ParseError, BadRequest, SuspiciousOperation, UnreadablePostError)


def error_response(request: HttpRequest, error: Exception) -> HttpResponse:  # noqa: PLR0911 - a table
    match error:
        case SCIMException():
            return _from_scim(error.to_error())
        case ValidationError():
            return _from_scim(Error.from_validation_errors(error)[0])
        case PlatformError():
            return _from_platform(error)
    if isinstance(error, UNREADABLE):
        detail = str(error) or "The request cannot be read."
        return scim_error(400, detail, scim_type="invalidSyntax")
    if isinstance(error, DataError):
        # Validation should have refused it: the caller gets a 400, and we a traceback.
        log.error("scim.data_error", exc_info=error)
        return scim_error(
            400, "A value is out of the range that can be stored.", scim_type="invalidValue"
        )
    if isinstance(error, OUTAGES):
        log.error("scim.dependency_unavailable", exc_info=error)
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return scim_error(503, "Try again in a moment.", headers=headers)
    # As Django does for exceptions of pages: error monitoring listens to this.
    got_request_exception.send(sender=None, request=request)
    log.error("scim.unexpected_error", exc_info=error)
    return scim_error(500, "The error has been recorded. If it stays, tell us the X-Request-ID.")


def _from_scim(error: Error) -> HttpResponse:
    return scim_error(error.status or 400, error.detail or "", scim_type=error.scim_type)


def _from_platform(error: PlatformError) -> HttpResponse:
    scim_type = None
    detail = str(error.detail)
    if isinstance(error, InvalidInput):
        scim_type = "invalidValue"
        attrs = [one.attr for one in error.errors if one.attr]
        detail = f"{attrs[0]}: {detail}" if attrs else detail
    elif isinstance(error, Conflict) and error.code == "uniqueness":
        scim_type = "uniqueness"
    headers: dict[str, Any] = dict(error.headers)
    if error.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="scim"')
    # SCIM's clients know no 402.
    status = 403 if isinstance(error, EntitlementExceeded) else error.status
    return scim_error(status, detail, scim_type=scim_type, headers=headers)
