"""What was used; and usage that was metered elsewhere."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.idempotency import Once
from apps.common.api.views import TenantView
from apps.common.errors import InvalidInput
from apps.credits.api.v1 import examples
from apps.credits.api.v1.serializers_usage import (
    IngestedSerializer,
    UsageEventsSerializer,
    UsageQuery,
    UsageSerializer,
)
from apps.credits.permissions import SPEND_CREDITS, VIEW_CREDITS
from apps.credits.selectors import usage_for
from apps.credits.services import usage_ingest
from apps.credits.services.ingestion import EventResult, EventStatus


class UsageView(TenantView):
    needs = {"GET": VIEW_CREDITS}
    costs = {"GET": 5}

    @extend_schema(
        operation_id="credits_usage_retrieve",
        summary="What was used",
        description="Costs the same however many transactions there were.",
        parameters=[UsageQuery],
        responses={200: UsageSerializer},
        examples=[examples.USAGE],
    )
    def get(self, _request: Request) -> Response:
        query = self.query(UsageQuery)
        found = usage_for(self.actor, **query)
        return Response(
            {
                "since": query["since"],
                "until": query["until"],
                "group_by": query["by"],
                "used_microcredits": found.used_microcredits,
                "uses": found.uses,
                "is_truncated": found.is_truncated,
                "results": found.rows,
            }
        )


class UsageEventsView(TenantView):
    once = Once.ITSELF
    needs = {"POST": SPEND_CREDITS}
    costs = {"POST": 5}

    @extend_schema(
        operation_id="credits_usage_events_create",
        summary="Spend what was used, in batches",
        description=(
            "Each event is taken once by its id, so a call can be sent again at any time, and needs no "
            "Idempotency-Key. One that is refused keeps no other back: see `results`. Events of one "
            "organization, operation and member become one transaction."
        ),
        request=UsageEventsSerializer,
        responses={200: IngestedSerializer},
        examples=[examples.USAGE_EVENTS, examples.INGESTED],
    )
    def post(self, request: Request) -> Response:
        sent: Any = request.data
        events = sent.get("events") if isinstance(sent, dict) else None
        if not isinstance(events, list):
            raise InvalidInput.field("events", _("Send a list of events."), "required")
        # Read by the service, whose answer is about each; serializers would take as long as all else.
        done = usage_ingest(actor=self.actor, events=events)
        return Response(
            {
                "amount_microcredits": done.amount_microcredits,
                "counts": {one.value: done.counts[one] for one in EventStatus},
                "results": [_result(one) for one in done.results],
            }
        )


def _result(one: EventResult) -> dict[str, Any]:
    return {
        "id": one.event_id,
        "status": one.status.value,
        "amount_microcredits": one.amount_microcredits,
        "code": one.code,
        "detail": str(one.detail),
        "attr": one.attr,
    }
