"""What browsers tell of violations of the content security policy: into the log, and nowhere else.

Anybody can send them, so they are short, few, and say nothing that the log should not have.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.common.api.exceptions import BodyTooLarge, UnsupportedMediaType
from apps.common.errors import InvalidInput
from apps.common.origin import current_origin
from apps.common.problems import error_response, problem_response
from apps.common.rate_limits import Limit

log = structlog.get_logger(__name__)

MAX_BYTES = 16_384
MAX_REPORTS = 10
MAX_CHARS = 200
# The Reporting API's, and what came before it (CSP level 2).
CONTENT_TYPES = ("application/reports+json", "application/csp-report", "application/json")
NAMES = ("effectiveDirective", "blockedURL", "documentURL", "sourceFile", "lineNumber")
OLD_NAMES = ("effective-directive", "blocked-uri", "document-uri", "source-file", "line-number")
REPORTS = Limit("portal.csp_reports", 20, 60)
# Extensions of the browser change pages, and the policy stops some of them: nothing of ours.
EXTENSIONS = ("chrome-extension", "moz-extension", "safari-extension", "safari-web-extension")


@csrf_exempt
@require_POST
def index(request: HttpRequest) -> HttpResponse:
    """204; the log has each violation as `csp.violation`."""
    if request.content_type not in CONTENT_TYPES:
        return error_response(request, UnsupportedMediaType(_("Send application/reports+json.")))
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
        return error_response(
            request, BodyTooLarge(_("A report may have at most %d bytes.") % MAX_BYTES)
        )
    if wait_s := REPORTS.consume(current_origin().address):
        return problem_response(
            request,
            status=429,
            code="rate_limited",
            title=_("Too many requests"),
            detail=_("Too many reports. Send fewer."),
            headers={"Retry-After": str(wait_s)},
        )
    try:
        violations = list(_violations(orjson.loads(request.body)))
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError):
        return error_response(request, InvalidInput(_("This is no report.")))
    for violation in violations[:MAX_REPORTS]:
        log.warning("csp.violation", **violation)
    return HttpResponse(status=204)


def _violations(sent: Any) -> Iterator[dict[str, str]]:
    """Raises AttributeError, TypeError, ValueError for what is no report."""
    bodies: list[Any]
    if isinstance(sent, dict):
        bodies, names = [sent.get("csp-report")], OLD_NAMES
    else:
        bodies = [one.get("body") for one in sent if one.get("type") == "csp-violation"]
        names = NAMES
    for body in bodies:
        directive, blocked, page, source, line = (str(body.get(name) or "") for name in names)
        if not blocked.startswith(EXTENSIONS) and not source.startswith(EXTENSIONS):
            yield {
                "directive": directive[:MAX_CHARS],
                "blocked": _place(blocked),
                "page": _route(page),
                "source": _place(source),
                "line": line[:MAX_CHARS],
            }


def _place(address: str) -> str:
    """A word such as `inline`, the path of a static file, else the origin: paths may be secrets."""
    parts = urlsplit(address)
    if parts.path.startswith(settings.STATIC_URL):
        return parts.path[:MAX_CHARS]
    if parts.netloc:
        return f"{parts.scheme}://{parts.netloc}"[:MAX_CHARS]
    return address.partition(":")[0].partition("?")[0][:40]


def _route(address: str) -> str:
    """Which page of ours it was, without what its address says."""
    try:
        return str(resolve(urlsplit(address).path).route)
    except Resolver404:
        return ""
