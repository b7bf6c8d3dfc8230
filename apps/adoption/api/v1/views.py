"""Feature flags: which are on for who asks."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.adoption.api.v1.serializers import FlagsSerializer
from apps.common.api.views import TenantView
from apps.common.flags import flags_on


class FlagsView(TenantView):
    @extend_schema(
        operation_id="flags_list",
        summary="Feature flags that are on for you",
        description=(
            "For clients that show what is there. A change reaches this within a second; some are off while "
            "what they need is away. No permission is needed, and none is given by a flag."
        ),
        responses={200: FlagsSerializer},
        examples=[
            OpenApiExample(
                "Flags",
                {"on": ["notifications.sms_codes"]},
                response_only=True,
                status_codes=["200"],
            )
        ],
    )
    def get(self, request: Request) -> Response:
        self.query()
        on = flags_on(person_id=self.actor.person_id)
        return Response(FlagsSerializer({"on": on}).data)
