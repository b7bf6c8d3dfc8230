"""What can happen on this platform. The same for everybody, and public as the OpenAPI document is."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import PlatformView
from apps.common.errors import NotFound
from apps.events import catalogue
from apps.events.api.v1 import examples
from apps.events.api.v1.serializers import EventTypeSerializer


class _PublicView(PlatformView):
    authentication_classes = []
    permission_classes = [AllowAny]


class EventTypesView(_PublicView):
    @extend_schema(
        operation_id="event_types_list",
        summary="Every type of event",
        description="In the order of their names, on one page, each with the JSON Schema of its payload.",
        responses={200: EventTypeSerializer(many=True)},
        examples=[examples.EVENT_TYPE],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return self.whole(catalogue.event_types(), EventTypeSerializer)


class EventTypeView(_PublicView):
    @extend_schema(
        operation_id="event_types_retrieve",
        summary="One type of event",
        responses={200: EventTypeSerializer},
        examples=[examples.EVENT_TYPE],
    )
    def get(self, request: Request, name: str) -> Response:
        found = catalogue.event_type(name)
        if found is None:
            raise NotFound
        return Response(EventTypeSerializer(found).data)
