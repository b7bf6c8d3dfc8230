"""Debits, and holds with what becomes of them: each once by its Idempotency-Key."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.idempotency import Once
from apps.common.api.schema import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from apps.common.api.views import TenantView
from apps.common.errors import InvalidInput
from apps.credits import selectors
from apps.credits.api.v1 import examples
from apps.credits.api.v1.serializers import (
    CapturedSerializer,
    CreditCaptureSerializer,
    CreditDebitSerializer,
    CreditHoldCreateSerializer,
    CreditHoldSerializer,
    CreditHoldsQuery,
    HeldSerializer,
    SpentSerializer,
)
from apps.credits.permissions import SPEND_CREDITS, VIEW_CREDITS
from apps.credits.services import credits_debit, credits_hold, hold_capture, hold_release
from apps.organizations.api.expansions import MEMBER, ORGANIZATION

ONCE = [IDEMPOTENCY_HEADER, REPLAYED_HEADER]
SPENDING_PROBLEMS = ("402", "409", "422")
CLOSING_PROBLEMS = ("409", "422")


class OnceView(TenantView):
    """Of writes that the ledger itself remembers by their key, for as long as it is kept."""

    once = Once.ITSELF

    @property
    def idempotency_key(self) -> str:
        """Raises InvalidInput where it is missing; the service says what is wrong with it."""
        key: str | None = self.request.headers.get("Idempotency-Key")
        if not key:
            raise InvalidInput.field(
                "Idempotency-Key", _("Send the header Idempotency-Key."), "required"
            )
        return key

    def made(self, data: Mapping[str, Any], *, is_replay: bool) -> Response:
        headers = {"Idempotency-Replayed": "true"} if is_replay else {}
        return Response(data, status=201, headers=headers)


class DebitsView(OnceView):
    needs = {"POST": SPEND_CREDITS}
    problems = {"POST": SPENDING_PROBLEMS}

    @extend_schema(
        operation_id="credits_debits_create",
        summary="Spend credits",
        description=(
            "402 `insufficient_credits`, `spending_cap_reached`; 409 `account_frozen`. What was refused can "
            "be sent again by the same key."
        ),
        parameters=ONCE,
        request=CreditDebitSerializer,
        responses={201: SpentSerializer},
        examples=[examples.DEBIT, examples.SPENT],
    )
    def post(self, _request: Request) -> Response:
        sent = self.body(CreditDebitSerializer)
        spent = credits_debit(actor=self.actor, idempotency_key=self.idempotency_key, **sent)
        return self.made(SpentSerializer(spent).data, is_replay=spent.is_replay)


class HoldsView(OnceView):
    needs = {"GET": VIEW_CREDITS, "POST": SPEND_CREDITS}
    problems = {"POST": SPENDING_PROBLEMS}
    expandable = {"organization": ORGANIZATION, "member": MEMBER}

    @extend_schema(
        operation_id="credits_holds_list",
        summary="Holds",
        description="The newest first.",
        parameters=[CreditHoldsQuery],
        responses={200: CreditHoldSerializer(many=True)},
        examples=[examples.HOLD],
    )
    def get(self, _request: Request) -> Response:
        filters = self.query(CreditHoldsQuery)
        holds = selectors.holds_matching(selectors.holds_for(self.actor), **filters)
        return self.page(holds, CreditHoldSerializer, ("-id",))

    @extend_schema(
        operation_id="credits_holds_create",
        summary="Set credits aside",
        description=(
            "Until they are captured or released, or `ttl_s` is over. Problems as of a debit: "
            "402 `insufficient_credits`, `spending_cap_reached`; 409 `account_frozen`."
        ),
        parameters=ONCE,
        request=CreditHoldCreateSerializer,
        responses={201: HeldSerializer},
        examples=[examples.HOLD_REQUEST, examples.HELD],
    )
    def post(self, _request: Request) -> Response:
        sent = self.body(CreditHoldCreateSerializer)
        held = credits_hold(actor=self.actor, idempotency_key=self.idempotency_key, **sent)
        expires_at = selectors.hold_expires_at(held.transaction_id)
        data = {**SpentSerializer(held).data, "expires_at": expires_at}
        return self.made(data, is_replay=held.is_replay)


class HoldView(TenantView):
    needs = {"GET": VIEW_CREDITS}

    @extend_schema(
        operation_id="credits_holds_retrieve",
        summary="One hold",
        responses={200: CreditHoldSerializer},
        examples=[examples.HOLD],
    )
    def get(self, _request: Request, hold_id: uuid.UUID) -> Response:
        self.query()
        return Response(CreditHoldSerializer(selectors.hold_visible(self.actor, hold_id)).data)


class CaptureView(OnceView):
    needs = {"POST": SPEND_CREDITS}
    problems = {"POST": CLOSING_PROBLEMS}

    @extend_schema(
        operation_id="credits_holds_capture",
        summary="Use what was held, or a part of it",
        description="As often as something is left. 409 `hold_closed`; 400 `more_than_held`.",
        parameters=ONCE,
        request=CreditCaptureSerializer,
        responses={201: CapturedSerializer},
        examples=[examples.CAPTURE, examples.CAPTURED],
    )
    def post(self, _request: Request, hold_id: uuid.UUID) -> Response:
        done = hold_capture(
            actor=self.actor,
            hold_id=hold_id,
            idempotency_key=self.idempotency_key,
            **self.body(CreditCaptureSerializer),
        )
        return self.made(CapturedSerializer(done).data, is_replay=done.is_replay)


class ReleaseView(OnceView):
    needs = {"POST": SPEND_CREDITS}
    problems = {"POST": CLOSING_PROBLEMS}

    @extend_schema(
        operation_id="credits_holds_release",
        summary="Give back what is left of a hold",
        description="409 `hold_closed`.",
        parameters=ONCE,
        request=None,
        responses={201: CapturedSerializer},
        examples=[examples.RELEASED],
    )
    def post(self, _request: Request, hold_id: uuid.UUID) -> Response:
        done = hold_release(actor=self.actor, hold_id=hold_id, idempotency_key=self.idempotency_key)
        return self.made(CapturedSerializer(done).data, is_replay=done.is_replay)
