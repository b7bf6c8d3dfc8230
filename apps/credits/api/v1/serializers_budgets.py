from typing import Any

from rest_framework import serializers

from apps.common.api.fields import FlagField, IdField, WholeNumberField
from apps.credits.amounts import MAX_MICROCREDITS
from apps.credits.enums import BudgetPeriod, CapPeriod
from apps.credits.selectors_budgets import BudgetLine, CapLine
from apps.organizations.api.v1.serializers import MemberBriefSerializer, OrganizationBriefSerializer


def limit_field(**kwargs: Any) -> WholeNumberField:
    return WholeNumberField(min_value=0, max_value=MAX_MICROCREDITS, **kwargs)


class BudgetSerializer(serializers.Serializer[BudgetLine]):
    organization = OrganizationBriefSerializer()
    depth = serializers.IntegerField(source="organization.depth", help_text="1 for the root.")
    path = serializers.CharField(
        source="organization.path",
        help_text="What is below an organization has a path that starts with its path.",
    )
    amount_microcredits = serializers.IntegerField(
        source="budget.amount_microcredits", help_text="What it is allocated each period."
    )
    allocated_microcredits = serializers.IntegerField(
        source="budget.allocated_microcredits",
        help_text=(
            "What it was allocated in this period, with what it passed on to budgets below it: less than the "
            "amount where there was not enough, and more or less after transfers."
        ),
    )
    left_microcredits = serializers.IntegerField(help_text="What is in its own account now.")
    left_below_microcredits = serializers.IntegerField(
        help_text="What is in the accounts of budgets below it."
    )
    used_microcredits = serializers.IntegerField(
        help_text="What it and all below it used in this period, also what came from elsewhere."
    )
    period = serializers.ChoiceField(source="budget.period", choices=BudgetPeriod.choices)
    period_start = serializers.DateField(
        source="budget.period_start", help_text="The day (UTC) on which the period began."
    )
    is_hard = serializers.BooleanField(
        source="budget.is_hard",
        help_text="When it is used up, nothing more is spent; otherwise it comes from what is above.",
    )
    allocated_from = OrganizationBriefSerializer(
        source="source",
        allow_null=True,
        help_text="Whose budget it is allocated from; null: the wallet, or one that you may not see.",
    )


class BudgetSetSerializer(serializers.Serializer):
    amount_microcredits = limit_field(help_text="For each period; 0: nothing.")
    period = serializers.ChoiceField(
        choices=BudgetPeriod.choices, required=False, help_text="`month` unless there is a budget."
    )
    is_hard = FlagField(required=False, help_text="`true` unless there is a budget.")


class BudgetTransferSerializer(serializers.Serializer):
    from_organization_id = IdField(help_text="The root's is the wallet.")
    to_organization_id = IdField(help_text="The root's is the wallet.")
    amount_microcredits = WholeNumberField(min_value=1, max_value=MAX_MICROCREDITS)


class BudgetTransferredSerializer(serializers.Serializer):
    id = serializers.UUIDField(help_text="Of the transaction; as in `credits/entries/`.")
    created_at = serializers.DateTimeField()
    from_organization_id = serializers.UUIDField()
    to_organization_id = serializers.UUIDField()
    amount_microcredits = serializers.IntegerField()


class SpendingCapSerializer(serializers.Serializer[CapLine]):
    member = MemberBriefSerializer()
    amount_microcredits = serializers.IntegerField(source="cap.amount_microcredits")
    period = serializers.ChoiceField(source="cap.period", choices=CapPeriod.choices)
    period_start = serializers.DateField(
        source="since", help_text="The day (UTC) on which the period that is now began."
    )
    spent_microcredits = serializers.IntegerField(
        help_text="Since then, with what is held for them."
    )
    left_microcredits = serializers.IntegerField()


class SpendingCapSetSerializer(serializers.Serializer):
    amount_microcredits = limit_field(help_text="For each period; 0: nothing.")
    period = serializers.ChoiceField(
        choices=CapPeriod.choices, required=False, help_text="`month` unless there is a cap."
    )
