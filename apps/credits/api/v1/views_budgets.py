"""Budgets of organizations, transfers between them, and spending caps of members."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from apps.common.actors import Actor
from apps.common.api.views import TenantView
from apps.common.errors import NotFound
from apps.credits import selectors_budgets as selectors
from apps.credits import services
from apps.credits.api.v1 import examples_budgets as examples
from apps.credits.api.v1.serializers_budgets import (
    BudgetSerializer,
    BudgetSetSerializer,
    BudgetTransferredSerializer,
    BudgetTransferSerializer,
    SpendingCapSerializer,
    SpendingCapSetSerializer,
)
from apps.credits.api.v1.views_spending import ONCE, OnceView
from apps.credits.permissions import MANAGE_BUDGETS, VIEW_CREDITS

WRITING_PROBLEMS = ("402", "409")


class LinesView(TenantView):
    """Lists whose rows are read a page at a time."""

    def lines(
        self,
        rows: QuerySet[Any],
        lines: Callable[[Actor, Sequence[Any]], list[Any]],
        serializer_class: type[BaseSerializer],
        ordering: tuple[str, ...],
    ) -> Response:
        paginator = self.pagination_class()
        paginator.ordering = ordering  # type: ignore[assignment]
        found = paginator.paginate_queryset(rows, self.request, view=self)
        shown = lines(self.actor, found or [])
        return paginator.get_paginated_response(self.data(serializer_class(shown, many=True)))


class BudgetsView(LinesView):
    needs = {"GET": VIEW_CREDITS}

    @extend_schema(
        operation_id="credits_budgets_list",
        summary="The budgets, in tree order",
        description="Of the organizations at which you may see credits; not of archived ones.",
        responses={200: BudgetSerializer(many=True)},
        examples=[examples.BUDGET],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        rows = selectors.organizations_budgeted(self.actor)
        return self.lines(rows, selectors.budget_lines, BudgetSerializer, ("path",))


class BudgetView(TenantView):
    needs = {
        "GET": VIEW_CREDITS,
        "PUT": MANAGE_BUDGETS,
        "PATCH": MANAGE_BUDGETS,
        "DELETE": MANAGE_BUDGETS,
    }
    problems = {"PUT": WRITING_PROBLEMS, "PATCH": WRITING_PROBLEMS, "DELETE": ("409",)}

    @extend_schema(
        operation_id="credits_budgets_retrieve",
        summary="An organization's budget",
        responses={200: BudgetSerializer},
        examples=[examples.BUDGET],
    )
    def get(self, _request: Request, organization_id: uuid.UUID) -> Response:
        return self._answer(organization_id)

    @extend_schema(
        operation_id="credits_budgets_set",
        summary="Give an organization a budget, or change it",
        description=(
            "What it is allocated more comes at once from the nearest budget above, or the wallet; what it "
            "is allocated less goes back there, as far as it is not used. Needs the permission at the "
            "organization above, too. Safe to repeat. 402 `insufficient_credits`; 409 `root_organization`, "
            "`organization_archived` or `account_frozen`."
        ),
        request=BudgetSetSerializer,
        responses={200: BudgetSerializer},
        examples=[examples.BUDGET_SET, examples.BUDGET],
    )
    def put(self, _request: Request, organization_id: uuid.UUID) -> Response:
        return self._set(organization_id, self.body(BudgetSetSerializer))

    @extend_schema(
        operation_id="credits_budgets_update",
        summary="Change something of an organization's budget",
        description="As by PUT; what is not sent stays as it is. 409 `no_budget` where there is none.",
        request=BudgetSetSerializer,
        responses={200: BudgetSerializer},
        examples=[examples.BUDGET_CHANGE, examples.BUDGET],
    )
    def patch(self, _request: Request, organization_id: uuid.UUID) -> Response:
        return self._set(organization_id, self.body(BudgetSetSerializer, partial=True))

    @extend_schema(
        operation_id="credits_budgets_close",
        summary="Close an organization's budget",
        description=(
            "What is left goes back to the nearest budget above, or the wallet, from which the organization "
            "spends from then on. Budgets below it stay. 409 `no_budget` or `account_frozen`."
        ),
        responses={204: None},
    )
    def delete(self, _request: Request, organization_id: uuid.UUID) -> Response:
        services.budget_close(actor=self.actor, organization_id=organization_id)
        return Response(status=204)

    def _set(self, organization_id: uuid.UUID, sent: dict[str, Any]) -> Response:
        services.budget_set(actor=self.actor, organization_id=organization_id, **sent)
        return self._answer(organization_id)

    def _answer(self, organization_id: uuid.UUID) -> Response:
        line = selectors.budget_line(self.actor, organization_id)
        if line.budget is None:
            raise NotFound(_("This organization has no budget."))
        return Response(BudgetSerializer(line).data)


class BudgetTransfersView(OnceView):
    needs = {"POST": MANAGE_BUDGETS}
    problems = {"POST": ("402", "409", "422")}

    @extend_schema(
        operation_id="credits_budgets_transfer",
        summary="Move credits from one budget to another",
        description=(
            "Needs the permission at both organizations. What they are allocated each period stays as it is; "
            "without a period it changes along. Credits that the other could not spend are not moved. 402 "
            "`insufficient_credits`; 409 `no_budget`, `organization_archived` or `account_frozen`."
        ),
        parameters=ONCE,
        request=BudgetTransferSerializer,
        responses={201: BudgetTransferredSerializer},
        examples=[examples.TRANSFER, examples.TRANSFERRED],
    )
    def post(self, request: Request) -> Response:
        sent = self.body(BudgetTransferSerializer)
        done = services.budget_transfer(
            actor=self.actor, idempotency_key=self.idempotency_key, **sent
        )
        made = {"id": done.transaction.id, "created_at": done.transaction.created_at, **sent}
        return self.made(BudgetTransferredSerializer(made).data, is_replay=done.is_replay)


class SpendingCapsView(LinesView):
    needs = {"GET": VIEW_CREDITS}

    @extend_schema(
        operation_id="credits_spending_caps_list",
        summary="The members' spending caps",
        description="Of the members whose primary organization is where you may see credits.",
        responses={200: SpendingCapSerializer(many=True)},
        examples=[examples.CAP],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        rows = selectors.members_capped(self.actor)
        return self.lines(rows, selectors.cap_lines, SpendingCapSerializer, ("id",))


class SpendingCapView(TenantView):
    needs = {"GET": VIEW_CREDITS, "PUT": MANAGE_BUDGETS, "DELETE": MANAGE_BUDGETS}

    @extend_schema(
        operation_id="credits_spending_caps_retrieve",
        summary="A member's spending cap",
        responses={200: SpendingCapSerializer},
        examples=[examples.CAP],
    )
    def get(self, _request: Request, member_id: uuid.UUID) -> Response:
        return self._answer(member_id)

    @extend_schema(
        operation_id="credits_spending_caps_set",
        summary="Cap what a member spends in a period",
        description=(
            "Wherever they spend it; what they used in the period so far counts. Needs the permission at "
            "their primary organization. Safe to repeat."
        ),
        request=SpendingCapSetSerializer,
        responses={200: SpendingCapSerializer},
        examples=[examples.CAP_SET, examples.CAP],
    )
    def put(self, _request: Request, member_id: uuid.UUID) -> Response:
        sent = self.body(SpendingCapSetSerializer)
        services.spending_cap_set(actor=self.actor, member_id=member_id, **sent)
        return self._answer(member_id)

    @extend_schema(
        operation_id="credits_spending_caps_remove",
        summary="Take a member's spending cap away",
        responses={204: None},
    )
    def delete(self, _request: Request, member_id: uuid.UUID) -> Response:
        services.spending_cap_remove(actor=self.actor, member_id=member_id)
        return Response(status=204)

    def _answer(self, member_id: uuid.UUID) -> Response:
        line = selectors.cap_line(self.actor, member_id)
        if line.cap is None:
            raise NotFound(_("This member has no spending cap."))
        return Response(SpendingCapSerializer(line).data)
