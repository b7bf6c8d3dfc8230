"""What there is: accounts, grants, the statement, and what operations cost."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.idempotency import Once
from apps.common.api.views import TenantView
from apps.credits import selectors
from apps.credits.api.v1 import examples
from apps.credits.api.v1.serializers import (
    CreditAccountSerializer,
    CreditEntriesQuery,
    CreditGrantSerializer,
    CreditGrantsQuery,
    CreditTransactionSerializer,
)
from apps.credits.api.v1.serializers_usage import (
    EstimateRequestSerializer,
    EstimateSerializer,
    OperationSerializer,
)
from apps.credits.estimating import estimate
from apps.credits.operations import operations
from apps.credits.permissions import SPEND_CREDITS, VIEW_CREDITS
from apps.organizations.api.expansions import MEMBER, ORGANIZATION


class AccountsView(TenantView):
    needs = {"GET": VIEW_CREDITS}
    expandable = {"organization": ORGANIZATION}

    @extend_schema(
        operation_id="credits_accounts_list",
        summary="The wallet and the budgets",
        description="The wallet is seen by who may view credits in the whole workspace.",
        responses={200: CreditAccountSerializer(many=True)},
        examples=[examples.WALLET],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        return self.page(selectors.accounts_for(self.actor), CreditAccountSerializer)


class GrantsView(TenantView):
    needs = {"GET": VIEW_CREDITS}

    @extend_schema(
        operation_id="credits_grants_list",
        summary="What came in, and what is left of each",
        description=(
            "The newest first. Who may not view the whole workspace gets the grants that lie in budgets of "
            "theirs, with what is left there."
        ),
        parameters=[CreditGrantsQuery],
        responses={200: CreditGrantSerializer(many=True)},
        examples=[examples.GRANT],
    )
    def get(self, _request: Request) -> Response:
        filters = self.query(CreditGrantsQuery)
        grants = selectors.grants_matching(selectors.grants_for(self.actor), **filters)
        return self.page(grants, CreditGrantSerializer, ("-id",))


class EntriesView(TenantView):
    needs = {"GET": VIEW_CREDITS}
    expandable = {"organization": ORGANIZATION, "member": MEMBER}

    @extend_schema(
        operation_id="credits_entries_list",
        summary="The statement: transactions with their entries",
        description=(
            "The newest first. Nothing in it ever changes. An entry moves an amount of a grant from one "
            "account to another."
        ),
        parameters=[CreditEntriesQuery],
        responses={200: CreditTransactionSerializer(many=True)},
        examples=[examples.TRANSACTION],
    )
    def get(self, _request: Request) -> Response:
        filters = self.query(CreditEntriesQuery)
        found = selectors.transactions_matching(selectors.transactions_for(self.actor), **filters)
        return self.page(found, CreditTransactionSerializer, ("-id",))


class EntryView(TenantView):
    needs = {"GET": VIEW_CREDITS}

    @extend_schema(
        operation_id="credits_entries_retrieve",
        summary="One transaction",
        responses={200: CreditTransactionSerializer},
        examples=[examples.TRANSACTION],
    )
    def get(self, _request: Request, transaction_id: uuid.UUID) -> Response:
        self.query()
        found = selectors.transaction_visible(self.actor, transaction_id)
        return Response(CreditTransactionSerializer(found).data)


class OperationsView(TenantView):
    @extend_schema(
        operation_id="credits_operations_list",
        summary="What costs credits, and how much",
        description="By code. Rates never change: another one follows from a moment on.",
        responses={200: OperationSerializer(many=True)},
        examples=[examples.OPERATION],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        return self.whole(list(operations().values()), OperationSerializer)


class EstimateView(TenantView):
    once = Once.NEVER
    needs = {"POST": SPEND_CREDITS}

    @extend_schema(
        operation_id="credits_estimate",
        summary="What something would cost, and whether it could be spent",
        description="Reads only. What is answered may have changed when it is spent.",
        request=EstimateRequestSerializer,
        responses={200: EstimateSerializer},
        examples=[examples.ESTIMATE_REQUEST, examples.ESTIMATE],
    )
    def post(self, _request: Request) -> Response:
        found = estimate(actor=self.actor, **self.body(EstimateRequestSerializer))
        return Response(EstimateSerializer(found).data)
