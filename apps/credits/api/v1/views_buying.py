"""Buying credits: packs, and having them bought when the wallet is low."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.billing.api.v1.serializers_subscription import PageSerializer
from apps.billing.selectors import packs_public
from apps.common.access import authorize
from apps.common.api.idempotency import Once
from apps.common.api.views import TenantView
from apps.credits.api.v1 import examples_buying as examples
from apps.credits.api.v1.serializers_buying import (
    AutoTopUpChangeSerializer,
    AutoTopUpSerializer,
    PackCheckoutSerializer,
    PackSerializer,
)
from apps.credits.permissions import BUY_CREDITS, VIEW_CREDITS
from apps.credits.selectors_buying import auto_top_up_of
from apps.credits.services.buying import (
    auto_top_up_resume,
    auto_top_up_set,
    packs_checkout_begin,
)


class PacksView(TenantView):
    needs = {"GET": VIEW_CREDITS}

    @extend_schema(
        operation_id="credits_packs_list",
        summary="Packs of credits on sale",
        responses={200: PackSerializer(many=True)},
        examples=[examples.PACK],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        authorize(self.actor, VIEW_CREDITS)
        return self.whole(packs_public(), PackSerializer)


class PackCheckoutView(TenantView):
    once = Once.BY_LEASE
    needs = {"POST": BUY_CREDITS}
    costs = {"POST": 5}
    problems = {"POST": ("402", "404", "409", "503")}

    @extend_schema(
        operation_id="credits_checkout_sessions_create",
        summary="Buy packs of credits",
        description=(
            "The answer is a page of Stripe's, which takes the card. What was paid for comes as a grant with "
            "the source `purchase` a moment after, with an invoice in `billing/invoices/`. 409 "
            "`other_currency`: the workspace pays in another one."
        ),
        request=PackCheckoutSerializer,
        responses={201: PageSerializer},
        examples=[examples.CHECKOUT, examples.PAGE],
    )
    def post(self, request: Request) -> Response:
        sent = self.body(PackCheckoutSerializer)
        page = packs_checkout_begin(
            actor=self.actor, tenant=_tenant(request), email=self.actor.label, **sent
        )
        return Response(PageSerializer(page).data, status=201)


class AutoTopUpView(TenantView):
    needs = {"GET": BUY_CREDITS, "PUT": BUY_CREDITS}
    problems = {"PUT": ("404", "409", "503")}

    @extend_schema(
        operation_id="credits_auto_top_up_retrieve",
        summary="Below what the wallet is low, and what is bought then",
        responses={200: AutoTopUpSerializer},
        examples=[examples.TOP_UP],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        return Response(AutoTopUpSerializer(auto_top_up_of(self.actor)).data)

    @extend_schema(
        operation_id="credits_auto_top_up_replace",
        summary="Say below what the wallet is low, and what is bought then",
        description=(
            "It is bought with the default payment method, without anybody there, up to `monthly_cap_minor`. "
            "A payment that fails pauses it. 409 `no_payment_method`: there is no card yet; buy a pack once, "
            "or add one in `billing/portal-sessions/`. To replace a setting that is paused resumes it."
        ),
        request=AutoTopUpChangeSerializer,
        responses={200: AutoTopUpSerializer},
        examples=[examples.CHANGE, examples.TOP_UP],
    )
    def put(self, request: Request) -> Response:
        sent = self.body(AutoTopUpChangeSerializer)
        auto_top_up_set(
            actor=self.actor,
            tenant=_tenant(request),
            is_on=sent["is_on"],
            alert_below_microcredits=sent["alert_below_microcredits"],
            pack=sent["pack"] or "",
            currency=sent["currency"] or "",
            quantity=sent["quantity"],
            monthly_cap_minor=sent["monthly_cap_minor"] or 0,
        )
        return Response(AutoTopUpSerializer(auto_top_up_of(self.actor)).data)


class AutoTopUpResumeView(TenantView):
    once = Once.BY_LEASE
    needs = {"POST": BUY_CREDITS}
    problems = {"POST": ("404", "409", "503")}

    @extend_schema(
        operation_id="credits_auto_top_up_resume",
        summary="Buy again, after a payment failed",
        description="404: it is off. 409 `not_paused`, `no_payment_method`.",
        request=None,
        responses={200: AutoTopUpSerializer},
        examples=[examples.TOP_UP],
    )
    def post(self, request: Request) -> Response:
        auto_top_up_resume(actor=self.actor, tenant=_tenant(request))
        return Response(AutoTopUpSerializer(auto_top_up_of(self.actor)).data)


def _tenant(request: Request) -> Any:
    return request._request.tenant  # type: ignore[attr-defined]
