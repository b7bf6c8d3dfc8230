from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.billing.enums import Interval
from apps.billing.models import Price, TenantPlan
from apps.common.entitlements import KINDS, PERIODS, Granted, Standing, entitlements


class PriceSerializer(serializers.ModelSerializer[Price]):
    interval = serializers.ChoiceField(choices=Interval.choices)

    class Meta:
        model = Price
        fields = ["currency", "interval", "amount_minor", "is_per_seat"]
        read_only_fields = fields
        extra_kwargs = {
            "currency": {"help_text": "ISO 4217."},
            "amount_minor": {
                "help_text": "In the currency's smallest unit: cents of EUR, whole JPY."
            },
            "is_per_seat": {"help_text": "Whether it is paid for each seat."},
        }


class EntitlementSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="`app.thing`")
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    unit = serializers.CharField(help_text="Of a number, for people; empty for a boolean.")
    period = serializers.ChoiceField(
        choices=PERIODS,
        allow_null=True,
        help_text="After which a metered one begins at nought again.",
    )
    value = serializers.IntegerField(
        allow_null=True,
        help_text="How many; 1 and 0 for a boolean; null: any number.",
    )
    is_soft = serializers.BooleanField(
        help_text="More than `value` is let through, and noted; else it is refused with 402."
    )


class StandingSerializer(EntitlementSerializer):
    used = serializers.IntegerField(allow_null=True, help_text="Null where nothing is counted.")
    state = serializers.ChoiceField(
        choices=[(one, one) for one in ("ok", "near", "full", "over")],
        help_text="`near`: 80 % are used. `over`: more than a soft limit, or than a limit that was lowered.",
    )

    def to_representation(self, instance: Standing) -> dict[str, Any]:
        return {
            **described(instance.entitlement.code, instance.granted),
            "used": instance.used,
            "state": instance.state,
        }


class ProductSerializer(serializers.Serializer):
    """A plan, or an add-on."""

    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    prices = PriceSerializer(many=True)
    entitlements = serializers.SerializerMethodField()

    @extend_schema_field(EntitlementSerializer(many=True))
    def get_entitlements(self, product: Any) -> list[dict[str, Any]]:
        return given(product.planentitlements.all())


class PlanSerializer(ProductSerializer):
    """Of versions, as selectors.plans_public reads them."""

    code = serializers.CharField(source="plan.code")
    name = serializers.CharField(source="plan.name")
    description = serializers.CharField(source="plan.description")
    version = serializers.IntegerField(
        source="number", help_text="Who has an older one keeps its terms."
    )
    trial_days = serializers.IntegerField()
    credits_per_period_microcredits = serializers.IntegerField()
    credits_rollover_microcredits = serializers.IntegerField(
        help_text="So much of what is left of them goes on into the next period."
    )


class HeldPlanSerializer(serializers.ModelSerializer[TenantPlan]):
    code = serializers.CharField(source="plan_version.plan.code")
    name = serializers.CharField(source="plan_version.plan.name")
    version = serializers.IntegerField(source="plan_version.number")

    class Meta:
        model = TenantPlan
        fields = ["code", "name", "version", "is_comp", "since"]
        read_only_fields = fields
        extra_kwargs = {"is_comp": {"help_text": "Whether it is free of charge."}}


class HoldingSerializer(serializers.Serializer):
    plan = HeldPlanSerializer(
        allow_null=True, help_text="Null where none is assigned: then nothing is limited."
    )
    entitlements = StandingSerializer(source="standings", many=True)


def given(rows: Any) -> list[dict[str, Any]]:
    """Of those that an app declares (still)."""
    known = entitlements()
    return [
        described(row.code, Granted(row.value, row.is_soft)) for row in rows if row.code in known
    ]


def described(code: str, granted: Granted) -> dict[str, Any]:
    one = entitlements()[code]
    return {
        "code": one.code,
        "label": str(one.label),
        "description": str(one.description),
        "kind": one.kind.value,
        "unit": str(one.unit),
        "period": one.period.value if one.period else None,
        "value": granted.value,
        "is_soft": granted.is_soft,
    }
