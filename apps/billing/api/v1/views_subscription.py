"""What the workspace pays for: buying, changing, cancelling, and its invoices."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.billing.api.v1 import examples_subscription as examples
from apps.billing.api.v1.serializers_subscription import (
    NONE,
    CheckoutSerializer,
    InvoiceSerializer,
    PageSerializer,
    PreviewSerializer,
    SubscriptionChangeSerializer,
    SubscriptionSerializer,
    WantedSerializer,
)
from apps.billing.invoices import InvoiceLine, invoices_for
from apps.billing.permissions import MANAGE_BILLING, VIEW_BILLING
from apps.billing.selectors import add_ons_paid_for, price_of, subscription_for
from apps.billing.services import (
    AddOnsPreview,
    Preview,
    add_ons_change,
    add_ons_preview,
    change_preview,
    checkout_begin,
    plan_change,
    portal_begin,
    subscription_cancel,
    subscription_keep,
    subscription_pause,
    subscription_resume,
)
from apps.common.api.idempotency import Once
from apps.common.api.views import TenantView
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput
from apps.common.ids import uuid7

NOTHING: dict[str, Any] = {
    "standing": NONE,
    "status": None,
    "price": None,
    "quantity": 0,
    "add_ons": [],
    "trial_ends_at": None,
    "period_ends_at": None,
    "ends_at": None,
    "is_own_pause": False,
    "resumes_at": None,
    "next_price": None,
    "next_price_at": None,
    "unpaid_since": None,
}


def _answer(actor: Any) -> Response:
    row = subscription_for(actor)
    if row is None:
        return Response(NOTHING)
    context = {"add_ons": add_ons_paid_for(row.tenant_id)}
    return Response(SubscriptionSerializer(row, context=context).data)


class SubscriptionView(TenantView):
    needs = {"GET": VIEW_BILLING, "PATCH": MANAGE_BILLING}
    problems = {"PATCH": ("402", "404", "409", "503")}

    @extend_schema(
        operation_id="billing_subscription_retrieve",
        summary="What the workspace pays for",
        responses={200: SubscriptionSerializer},
        examples=[examples.SUBSCRIPTION],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        return _answer(self.actor)

    @extend_schema(
        operation_id="billing_subscription_update",
        summary="Change the plan or add-ons, cancel, pause, or take that back",
        description=(
            "A dearer plan begins at once, and the difference is charged; a cheaper one when the period "
            "ends. Add-ons change at once: what costs more is charged, what costs less is credited. Ask "
            "`billing/subscription/preview/` first. 409 `not_subscribed`: nothing was bought yet, use "
            "`billing/checkout-sessions/`. 409 `cannot_pause`: only what is paid for, by the month, and "
            "neither cancelled nor changing can be paused."
        ),
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description=(
                    "Passed on to Stripe, which remembers it for a day. Without one, too, a request that is "
                    "repeated changes and charges nothing again."
                ),
            )
        ],
        request=SubscriptionChangeSerializer,
        responses={200: SubscriptionSerializer},
        examples=[
            examples.CHANGE,
            examples.CANCEL,
            examples.ADD_ONS,
            examples.PAUSE,
            examples.SUBSCRIPTION,
        ],
    )
    def patch(self, request: Request) -> Response:
        sent = self.body(SubscriptionChangeSerializer)
        tenant: Any = request._request.tenant  # type: ignore[attr-defined]
        if "cancel_at_period_end" in sent and len(sent) == 1:
            change = subscription_cancel if sent["cancel_at_period_end"] else subscription_keep
            change(actor=self.actor, tenant=tenant)
        elif {"plan", "interval"} == set(sent):
            price = _price(self.actor, sent)
            plan_change(actor=self.actor, tenant=tenant, price_id=price.id, key=_key(request))
        elif {"add_ons"} == set(sent):
            add_ons_change(
                actor=self.actor, tenant=tenant, wanted=_quantities(sent), key=_key(request)
            )
        elif {"pause_months"} == set(sent):
            _pause(self.actor, tenant, sent["pause_months"])
        else:
            raise InvalidInput(
                "Send `plan` and `interval`, or one of `add_ons`, `cancel_at_period_end` and "
                "`pause_months` alone."
            )
        return _answer(self.actor)


class PreviewView(TenantView):
    once = Once.NEVER
    needs = {"POST": MANAGE_BILLING}
    costs = {"POST": 5}
    problems = {"POST": ("402", "404", "409", "503")}

    @extend_schema(
        operation_id="billing_subscription_preview",
        summary="What another plan, or other add-ons, would cost",
        request=WantedSerializer,
        responses={200: PreviewSerializer},
        examples=[examples.CHANGE, examples.ADD_ONS, examples.PREVIEW],
    )
    def post(self, request: Request) -> Response:
        sent = self.body(WantedSerializer)
        tenant: Any = request._request.tenant  # type: ignore[attr-defined]
        found: Preview | AddOnsPreview
        if {"plan", "interval"} == set(sent):
            price = _price(self.actor, sent)
            found = change_preview(actor=self.actor, tenant=tenant, price_id=price.id)
        elif {"add_ons"} == set(sent):
            found = add_ons_preview(actor=self.actor, tenant=tenant, wanted=_quantities(sent))
        else:
            raise InvalidInput("Send `plan` and `interval`, or `add_ons` alone.")
        return Response(PreviewSerializer(found).data)


class CheckoutView(TenantView):
    once = Once.BY_LEASE
    needs = {"POST": MANAGE_BILLING}
    costs = {"POST": 5}
    problems = {"POST": ("402", "404", "409", "503")}

    @extend_schema(
        operation_id="billing_checkout_sessions_create",
        summary="Buy a plan",
        description=(
            "The answer is a page of Stripe's, which takes the card. What was bought shows in "
            "`billing/subscription/` a moment after. A page that was open before is closed."
        ),
        request=CheckoutSerializer,
        responses={201: PageSerializer},
        examples=[examples.CHECKOUT, examples.PAGE],
    )
    def post(self, request: Request) -> Response:
        sent = self.body(CheckoutSerializer)
        price = price_of(sent["plan"], sent["interval"], sent["currency"])
        tenant: Any = request._request.tenant  # type: ignore[attr-defined]
        page = checkout_begin(
            actor=self.actor,
            tenant=tenant,
            price_id=price.id,
            email=self.actor.label,
            add_ons=_quantities(sent),
        )
        return Response(PageSerializer(page).data, status=201)


class PortalView(TenantView):
    once = Once.BY_LEASE
    needs = {"POST": MANAGE_BILLING}
    costs = {"POST": 5}
    problems = {"POST": ("402", "409", "503")}

    @extend_schema(
        operation_id="billing_portal_sessions_create",
        summary="Payment methods, address and receipts, on Stripe's page",
        request=None,
        responses={201: PageSerializer},
        examples=[examples.PAGE],
    )
    def post(self, request: Request) -> Response:
        tenant: Any = request._request.tenant  # type: ignore[attr-defined]
        page = portal_begin(actor=self.actor, tenant=tenant)
        return Response(PageSerializer(page).data, status=201)


class InvoicesView(TenantView):
    is_shapeable = False
    needs = {"GET": VIEW_BILLING}

    @extend_schema(
        operation_id="billing_invoices_list",
        summary="Invoices, the newest first",
        responses={200: InvoiceSerializer(many=True)},
        examples=[examples.INVOICE],
    )
    def get(self, _request: Request) -> Response:
        paginator = self.pagination_class()
        paginator.ordering = ("-created", "-djstripe_id")  # type: ignore[assignment]
        rows = invoices_for(self.actor)
        with system_connection():
            page: Any = paginator.paginate_queryset(rows, self.request, view=self)
        lines = [InvoiceLine.of(row) for row in page]
        return paginator.get_paginated_response(InvoiceSerializer(lines, many=True).data)


def _key(request: Request) -> str:
    """Of the request, for Stripe; beside others of the tenant."""
    return request.headers.get("Idempotency-Key", "")[:100] or str(uuid7())


def _quantities(sent: dict[str, Any]) -> dict[str, int]:
    return {one["code"]: one["quantity"] for one in sent.get("add_ons", [])}


def _pause(actor: Any, tenant: Any, months: int) -> None:
    if months:
        subscription_pause(actor=actor, tenant=tenant, months=months)
    else:
        subscription_resume(actor=actor, tenant=tenant)


def _price(actor: Any, sent: dict[str, Any]) -> Any:
    """In the currency that the workspace pays in."""
    row = subscription_for(actor)
    if row is None or row.price is None:
        raise Conflict("There is no subscription. Buy a plan first.", code="not_subscribed")
    return price_of(sent["plan"], sent["interval"], row.price.currency)
