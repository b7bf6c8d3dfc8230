"""What no view should have to see: what is too large, or cannot be stored. Looked at before all else."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext_lazy as _

from apps.common.api.exceptions import (
    BodyTooLarge,
    HeadersTooLarge,
    UnsupportedMediaType,
    UriTooLong,
)
from apps.common.errors import InvalidInput, PlatformError

MAX_URL_CHARS = 8192
MAX_PARAMETERS = 200
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32_768
CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")  # the last two are a part of UTF-8
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Controls but the tab (RFC 9110, section 5.5), and halves of characters, which no server should let through.
NO_HEADER_TEXT = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def refusal(request: HttpRequest) -> PlatformError | None:
    """Why a request is not answered; None: it is. Nothing of its body is read."""
    return _of_address(request) or _of_headers(request) or _of_body(request)


def _of_address(request: HttpRequest) -> PlatformError | None:
    query: str = request.META.get("QUERY_STRING", "")
    if len(request.path) + len(query) > MAX_URL_CHARS:
        return UriTooLong()
    if "\0" in request.path or "%00" in query or "\0" in query:
        return InvalidInput(_("The address contains a NUL byte."))
    if query.count("&") >= MAX_PARAMETERS:
        return InvalidInput(_("A query may have at most %d parameters.") % MAX_PARAMETERS)
    return None


def _of_headers(request: HttpRequest) -> PlatformError | None:
    meta = request.META
    sent = [name + text for name, text in meta.items() if name.startswith("HTTP_")]
    everything = "".join(sent) + meta.get("CONTENT_TYPE", "")
    if len(sent) > MAX_HEADERS or len(everything) > MAX_HEADER_BYTES:
        return HeadersTooLarge()
    if NO_HEADER_TEXT.search(everything):
        return InvalidInput(_("A header contains a control character."))
    return None


def _of_body(request: HttpRequest) -> PlatformError | None:
    """415 to a charset that is not UTF-8: Django would decode query and form with whatever codec of

    Python's it names, and some of these raise, others yield NUL bytes and lone surrogates.
    """
    charset = (request.content_params or {}).get("charset", "utf-8")
    if charset.lower() not in CHARSETS:
        return UnsupportedMediaType()
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (length.isascii() and length.isdigit()):
        return InvalidInput(_("The length of the body is no number."))
    if int(length) > settings.REQUEST_MAX_BYTES:
        return BodyTooLarge(
            _("A request may have at most %d MiB.") % (settings.REQUEST_MAX_BYTES // 1_048_576)
        )
    return None


def form_refusal(request: HttpRequest, view: Any) -> PlatformError | None:
    """Of a form with a NUL byte in a field, which PostgreSQL cannot store. Views of hooks read their own.

    The form is read here or by the check of its token, which comes next. Raises what Django does for forms
    that are too large or broken.
    """
    if (
        request.method != "POST"
        or request.content_type not in FORMS
        or getattr(view, "csrf_exempt", False)
    ):
        return None
    try:
        fields = request.POST.lists()
    except UnreadablePostError:
        return InvalidInput(_("The request cannot be read."))
    if any("\0" in name or any("\0" in value for value in values) for name, values in fields):
        return InvalidInput(_("A field contains a NUL byte."))
    return None
