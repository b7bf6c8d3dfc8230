"""Forms of budgets and spending caps. The services check again."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms

from apps.credits.amounts import MAX_MICROCREDITS, microcredits_of
from apps.credits.enums import BudgetPeriod, CapPeriod
from apps.credits.models import Budget, SpendingCap
from apps.portal.forms.workspace import IdField

MAX_CREDITS = Decimal(MAX_MICROCREDITS).scaleb(-6)


class CreditsField(forms.DecimalField):
    """Credits with up to six decimals; cleaned, microcredits."""

    def __init__(self, *, least: str = "0", **kwargs: Any) -> None:
        super().__init__(
            min_value=Decimal(least),
            max_value=MAX_CREDITS,
            decimal_places=6,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            localize=True,
            error_messages={
                "required": "How many credits?",
                "invalid": "This is no number of credits.",
                "max_decimal_places": "Use at most six decimals.",
                "min_value": "Give a number above 0." if Decimal(least) else "Give 0 or more.",
            },
            **kwargs,
        )

    def clean(self, value: Any) -> int:
        return microcredits_of(super().clean(value))


def credits_of(amount_microcredits: int) -> Decimal:
    """For a field's initial value: without trailing noughts."""
    amount = Decimal(amount_microcredits).scaleb(-6)
    return (
        amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
    )


class BudgetForm(forms.Form):
    amount = CreditsField(label="Amount")
    period = forms.ChoiceField(
        label="Allocated",
        choices=[
            (BudgetPeriod.MONTH, "Each month"),
            (BudgetPeriod.QUARTER, "Each quarter"),
            (BudgetPeriod.NONE, "Once"),
        ],
        help_text="Months and quarters begin at midnight UTC. What is not used by then goes back.",
    )
    kind = forms.ChoiceField(
        label="When it is used up",
        choices=[
            ("hard", "Nothing more can be spent"),
            ("soft", "More comes from what is above"),
        ],
        widget=forms.RadioSelect,
    )
    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, budget: Budget | None, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "amount": credits_of(budget.amount_microcredits) if budget else None,
            "period": budget.period if budget else BudgetPeriod.MONTH,
            "kind": "hard" if budget is None or budget.is_hard else "soft",
        }
        super().__init__(*args, **kwargs)


class TransferForm(forms.Form):
    """key: of the page that the form was on, so that sending it twice transfers once."""

    to_organization_id = IdField(
        label="To", error_messages={"required": "Choose where the credits go."}
    )
    amount = CreditsField(label="Amount", least="0.000001")
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, places: list[tuple[str, str]], **kwargs: Any) -> None:
        kwargs["initial"] = {"key": uuid.uuid4()}
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to_organization_id"]
        field.choices = [("", "Choose an organization"), *places]


class SpendingCapForm(forms.Form):
    amount = CreditsField(label="Amount", help_text="0: nothing can be spent.")
    period = forms.ChoiceField(
        label="In",
        choices=[
            (CapPeriod.DAY, "A day"),
            (CapPeriod.MONTH, "A month"),
            (CapPeriod.QUARTER, "A quarter"),
        ],
        help_text="They begin at midnight UTC.",
    )

    def __init__(self, *args: Any, cap: SpendingCap | None, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "amount": credits_of(cap.amount_microcredits) if cap else None,
            "period": cap.period if cap else CapPeriod.MONTH,
        }
        super().__init__(*args, **kwargs)
