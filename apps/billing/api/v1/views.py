"""What is sold, for everybody; and what the workspace has of it."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.billing.api.v1 import examples
from apps.billing.api.v1.serializers import HoldingSerializer, PlanSerializer, ProductSerializer
from apps.billing.permissions import VIEW_BILLING
from apps.billing.selectors import add_ons_public, holding_for, plans_public
from apps.common.api.views import PlatformView, TenantView


class CatalogueView(PlatformView):
    """For anybody, as a page with prices is: who asks is not looked at."""

    authentication_classes = []
    permission_classes = [AllowAny]


class PlansView(CatalogueView):
    @extend_schema(
        operation_id="billing_plans_list",
        summary="Plans on sale",
        description="In the order that they are shown in. Anybody may ask, on every host.",
        responses={200: PlanSerializer(many=True)},
        examples=[examples.PLAN],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        return self.whole(plans_public(), PlanSerializer)


class AddOnsView(CatalogueView):
    @extend_schema(
        operation_id="billing_add_ons_list",
        summary="Add-ons on sale",
        description="What can be bought besides a plan. Their limits are added to the plan's.",
        responses={200: ProductSerializer(many=True)},
        examples=[examples.ADD_ON],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        return self.whole(add_ons_public(), ProductSerializer)


class EntitlementsView(TenantView):
    needs = {"GET": VIEW_BILLING}

    @extend_schema(
        operation_id="billing_entitlements_retrieve",
        summary="What the workspace's plan includes, and how much of it is used",
        responses={200: HoldingSerializer},
        examples=[examples.HOLDING],
    )
    def get(self, _request: Request) -> Response:
        return Response(HoldingSerializer(holding_for(self.actor)).data)
