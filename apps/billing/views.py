"""Where Stripe delivers events: /hooks/stripe/ on the public host."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apps.billing.inbox.receiving import stripe_event_receive
from apps.billing.tasks import lane_queue
from apps.common.errors import PlatformError
from apps.common.hooks import request_problem
from apps.common.problems import problem_response

# Stripe's largest events, invoices with hundreds of lines, have some 200 KB.
MAX_BODY_BYTES = 1024 * 1024


@csrf_exempt
def stripe_hook(request: HttpRequest) -> HttpResponse:
    """Answers 200 when the event is stored, also when it was before: Stripe stops delivering it then."""
    refusal = request_problem(request, content_type="application/json", max_bytes=MAX_BODY_BYTES)
    if refusal is not None:
        return refusal
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
