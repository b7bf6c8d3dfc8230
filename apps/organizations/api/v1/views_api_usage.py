"""Who calls the API of the workspace, and what is left to them."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView
from apps.organizations.api.v1.examples import AT, BOB, LATER
from apps.organizations.api.v1.serializers_api_usage import ApiUsageSerializer
from apps.organizations.selectors_api_usage import api_usage_for
from apps.tenants.permissions import VIEW_SETTINGS

USAGE = OpenApiExample(
    "A member and a key",
    {
        "since": AT,
        "until": LATER,
        "limit": 800,
        "workspace_limit": 8000,
        "workspace_remaining": 7187,
        "requests": 816,
        "callers": [
            {
                "kind": "api_key",
                "id": "0197c2a4-7f60-7b55-8e65-708192a3b4c5",
                "name": "Import",
                "requests": 801,
                "remaining": 0,
                "refused": 14,
                "refused_at": AT,
            },
            {
                "kind": "member",
                "id": BOB["id"],
                "name": BOB["name"],
                "requests": 15,
                "remaining": 785,
                "refused": 0,
                "refused_at": None,
            },
        ],
        "others": 0,
    },
    response_only=True,
)


class ApiUsageView(TenantView):
    needs = {"GET": VIEW_SETTINGS}

    @extend_schema(
        operation_id="tenant_api_usage_retrieve",
        summary="Who calls the API",
        description=(
            "Requests of the present window of 15 minutes by member and API key, what is left to each, and "
            "who was refused with 429 yesterday and today. They are for people: a restart may lose them."
        ),
        responses={200: ApiUsageSerializer},
        examples=[USAGE],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return Response(ApiUsageSerializer(api_usage_for(self.actor)).data)
