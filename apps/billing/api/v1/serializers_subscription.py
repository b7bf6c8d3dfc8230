from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.billing.enums import Interval, Standing, SubscriptionStatus
from apps.billing.models import Price
from apps.common.money import Money

NONE = "none"


class MoneySerializer(serializers.Serializer[Money]):
    amount_minor = serializers.IntegerField(help_text="In the currency's smallest unit.")
    currency = serializers.CharField(help_text="ISO 4217.")


class PlanPriceSerializer(serializers.ModelSerializer[Price]):
    plan = serializers.CharField(source="plan_version.plan.code")
    version = serializers.IntegerField(source="plan_version.number")
    interval = serializers.ChoiceField(choices=Interval.choices)

    class Meta:
        model = Price
        fields = ["plan", "version", "currency", "interval", "amount_minor", "is_per_seat"]
        read_only_fields = fields


class AddOnQuantitySerializer(serializers.Serializer):
    code = serializers.CharField(max_length=40, help_text="As in `billing/add-ons/`.")
    quantity = serializers.IntegerField(min_value=0, max_value=100)


class SubscriptionSerializer(serializers.Serializer):
    standing = serializers.ChoiceField(
        choices=[(NONE, "Nothing was bought"), *Standing.choices],
        help_text="What it means for the workspace.",
    )
    status = serializers.ChoiceField(
        choices=SubscriptionStatus.choices, allow_null=True, help_text="Stripe's."
    )
    price = PlanPriceSerializer(allow_null=True)
    quantity = serializers.IntegerField(help_text="Seats that are paid for; 1 for a flat price.")
    add_ons = serializers.SerializerMethodField(
        help_text="Those that are paid for beside the plan."
    )
    trial_ends_at = serializers.DateTimeField(allow_null=True)
    period_ends_at = serializers.DateTimeField(
        allow_null=True, help_text="When it is paid for next."
    )
    ends_at = serializers.DateTimeField(allow_null=True, help_text="It is cancelled for then.")
    is_own_pause = serializers.BooleanField(help_text="The workspace paused it, and may end that.")
    resumes_at = serializers.DateTimeField(
        allow_null=True,
        help_text="The pause ends by itself then; null: it does not, or there is none.",
    )
    next_price = PlanPriceSerializer(
        allow_null=True, help_text="What it changes to at `next_price_at`."
    )
    next_price_at = serializers.DateTimeField(allow_null=True)
    unpaid_since = serializers.DateTimeField(
        allow_null=True, help_text="When a payment failed that is still owed."
    )

    @extend_schema_field(AddOnQuantitySerializer(many=True))
    def get_add_ons(self, _row: object) -> list[dict[str, Any]]:
        return [
            {"code": one.add_on.code, "quantity": one.paid_quantity}
            for one in self.context["add_ons"]
        ]


class ChoiceSerializer(serializers.Serializer):
    plan = serializers.CharField(max_length=40, help_text="The code of a plan on sale.")
    interval = serializers.ChoiceField(choices=Interval.choices)


class CheckoutSerializer(ChoiceSerializer):
    currency = serializers.CharField(
        min_length=3, max_length=3, help_text="ISO 4217, one of the plan's prices."
    )
    add_ons = AddOnQuantitySerializer(many=True, required=False)


class WantedSerializer(serializers.Serializer):
    """Another plan, or other add-ons."""

    plan = serializers.CharField(max_length=40, required=False, help_text="With `interval`.")
    interval = serializers.ChoiceField(choices=Interval.choices, required=False)
    add_ons = AddOnQuantitySerializer(
        many=True, required=False, help_text="Alone. Those not named stay."
    )


class SubscriptionChangeSerializer(WantedSerializer):
    """One of: another plan, other add-ons, whether it is cancelled, a pause."""

    cancel_at_period_end = serializers.BooleanField(
        required=False,
        help_text="False takes a cancellation back, and a change that waits for the period's end.",
    )
    pause_months = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=3,
        help_text="How many payments are left out, 1 to 3. The plan rests until then. 0 ends the pause now.",
    )


class PageSerializer(serializers.Serializer):
    id = serializers.CharField(help_text="Stripe's.")
    url = serializers.URLField(help_text="Send the browser there.")


class PreviewSerializer(serializers.Serializer):
    at = serializers.DateTimeField(
        allow_null=True, default=None, help_text="When it changes; null: at once."
    )
    quantity = serializers.IntegerField(
        allow_null=True, default=None, help_text="Seats of another plan; else null."
    )
    now_due = MoneySerializer(help_text="Charged now; below 0: credited to the next invoice.")
    next_total = MoneySerializer(help_text="Of the invoice after, without tax.")
    exceeded = serializers.SerializerMethodField(
        help_text="Entitlements of which more is used than the plan gives."
    )

    def get_exceeded(self, preview: object) -> list[str]:
        return [one.entitlement.code for one in getattr(preview, "exceeded", ())]


class InvoiceSerializer(serializers.Serializer):
    id = serializers.CharField(help_text="Stripe's.")
    number = serializers.CharField()
    status = serializers.ChoiceField(
        choices=[(one, one) for one in ("open", "paid", "void", "uncollectible")]
    )
    total = MoneySerializer()
    tax = MoneySerializer(help_text="Contained in `total`.")
    due = MoneySerializer(help_text="What is left to pay.")
    created = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField(
        help_text="Stripe's page of it, to see and to pay it; may be empty."
    )
    pdf_url = serializers.CharField(help_text="May be empty.")
