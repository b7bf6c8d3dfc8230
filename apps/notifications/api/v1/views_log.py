"""What was sent to whom, and why or why not."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView
from apps.notifications.api.v1 import examples
from apps.notifications.api.v1.serializers_log import DeliveriesQuery, DeliverySerializer
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.notifications.selectors_log import LogFilter, deliveries_for, delivery_for
from apps.notifications.services import delivery_retry


class DeliveriesView(TenantView):
    needs = {"GET": MANAGE_NOTIFICATIONS}

    @extend_schema(
        operation_id="notifications_deliveries_list",
        summary="What was sent to whom",
        description="The newest first, of the last half year; what was decided against too.",
        parameters=[DeliveriesQuery],
        responses={200: DeliverySerializer(many=True)},
        examples=[examples.DELIVERY],
    )
    def get(self, _request: Request) -> Response:
        filters = self.query(DeliveriesQuery)
        wanted = LogFilter(
            kind=filters.get("type", ""),
            member_id=filters.get("member"),
            channel=filters.get("channel", ""),
            state=filters.get("state", ""),
        )
        rows = deliveries_for(self.actor, wanted, filters.get("notification"))
        return self.page(rows, DeliverySerializer, ("-id",))


class DeliveryRetryView(TenantView):
    needs = {"POST": MANAGE_NOTIFICATIONS}

    @extend_schema(
        operation_id="notifications_deliveries_retry",
        summary="Try again what was not sent",
        description=(
            "What failed, came back, found no address or was over a limit; 409 for what is on its way, was "
            "sent, or was turned off."
        ),
        request=None,
        responses={200: DeliverySerializer},
        examples=[examples.DELIVERY],
    )
    def post(self, _request: Request, delivery_id: uuid.UUID) -> Response:
        delivery_retry(actor=self.actor, delivery_id=delivery_id)
        return Response(DeliverySerializer(delivery_for(self.actor, delivery_id)).data)
