"""Where Stripe delivers events: /hooks/stripe/ on the public host."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apps.billing.inbox.receiving import stripe_event_receive
from apps.billing.tasks import lane_queue
from apps.common.errors import PlatformError
from apps.common.problems import problem_response

# Stripe's largest events, invoices with hundreds of lines, have some 200 KB.
MAX_BODY_BYTES = 1024 * 1024


@csrf_exempt
def stripe_hook(request: HttpRequest) -> HttpResponse:
    """Answers 200 when the event is stored, also when it was before: Stripe stops delivering it then.

    Nothing here reads addresses or names of a client: a signature says who it is, and X-Forwarded-For may
    say what it likes. No cookie is read.
    """
    if request.method != "POST":
        return _refuse(request, 405, "method_not_allowed", "Method not allowed", {"Allow": "POST"})
    if request.content_type != "application/json":
        return _refuse(request, 415, "unsupported_media_type", "Send application/json.")
    if not _length(request) <= MAX_BODY_BYTES:
        return _refuse(request, 413, "too_large", f"Send at most {MAX_BODY_BYTES} bytes.")
    try:
        lane = stripe_event_receive(
            body=request.body, signature=request.headers.get("Stripe-Signature", "")
        )
    except PlatformError as error:
        return problem_response(
            request,
            status=error.status,
            code=error.code,
            title=str(error.title),
            detail=str(error.detail),
        )
    if lane is not None:
        lane_queue(lane)
    return HttpResponse(status=200)


def _length(request: HttpRequest) -> int:
    """Of the body, as Django will read it: without a length it reads none."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _refuse(
    request: HttpRequest, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> HttpResponse:
    return problem_response(
        request, status=status, code=code, title=detail, detail=detail, headers=headers
    )
