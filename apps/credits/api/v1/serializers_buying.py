from typing import Any

from rest_framework import serializers

from apps.billing.api.v1.serializers_subscription import MoneySerializer
from apps.billing.models import CreditPack, PackPrice
from apps.billing.services.purchases import MOST_PACKS
from apps.credits.amounts import MAX_MICROCREDITS
from apps.credits.selectors_buying import TopUp


class PackPriceSerializer(serializers.ModelSerializer[PackPrice]):
    class Meta:
        model = PackPrice
        fields = ["currency", "amount_minor"]
        read_only_fields = fields
        extra_kwargs = {
            "currency": {"help_text": "ISO 4217."},
            "amount_minor": {"help_text": "Of one pack, in the currency's smallest unit."},
        }


class PackSerializer(serializers.ModelSerializer[CreditPack]):
    prices = PackPriceSerializer(many=True)

    class Meta:
        model = CreditPack
        fields = [
            *("code", "name", "description", "credits_microcredits", "valid_days"),
            *("priority", "prices"),
        ]
        read_only_fields = fields
        extra_kwargs = {
            "valid_days": {"help_text": "From the purchase on; null: they do not expire."},
            "priority": {"help_text": "0 to 100; 0 is used up first."},
        }


class PackCheckoutSerializer(serializers.Serializer):
    pack = serializers.CharField(max_length=40, help_text="The code of a pack on sale.")
    currency = serializers.CharField(
        min_length=3, max_length=3, help_text="ISO 4217, one of the pack's prices."
    )
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_PACKS, default=1)


class AutoTopUpChangeSerializer(serializers.Serializer):
    is_on = serializers.BooleanField(
        help_text="Whether packs are bought when the wallet falls below `alert_below_microcredits`."
    )
    alert_below_microcredits = serializers.IntegerField(
        min_value=1,
        max_value=MAX_MICROCREDITS,
        allow_null=True,
        help_text="Below it the wallet is low: who looks after the credits is told. Null: it never is. At "
        "most what is bought at once.",
    )
    pack = serializers.CharField(
        max_length=40,
        allow_null=True,
        default=None,
        help_text="Its code. Null: off, and kept as it is.",
    )
    currency = serializers.CharField(
        min_length=3, max_length=3, allow_null=True, default=None, help_text="Of the pack's price."
    )
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_PACKS, default=1)
    monthly_cap_minor = serializers.IntegerField(
        min_value=1,
        allow_null=True,
        default=None,
        help_text="What may be charged so in a calendar month (UTC), in the smallest unit, without taxes.",
    )


class AutoTopUpSerializer(serializers.Serializer):
    is_on = serializers.BooleanField()
    alert_below_microcredits = serializers.IntegerField(allow_null=True)
    pack = serializers.CharField(allow_null=True, help_text="Null: none was chosen yet.")
    currency = serializers.CharField(allow_null=True)
    quantity = serializers.IntegerField()
    monthly_cap_minor = serializers.IntegerField(allow_null=True)
    charged_this_month = MoneySerializer(
        allow_null=True, help_text="Automatic purchases, with those under way, without taxes."
    )
    is_capped = serializers.BooleanField(
        help_text="The wallet is low, and more would be above the cap: nothing is bought this month."
    )
    paused_at = serializers.DateTimeField(
        allow_null=True, help_text="A payment failed then; nothing is bought until it is resumed."
    )
    pause_code = serializers.CharField(help_text="Stripe's, or `no_payment_method`; empty if not.")
    pause_reason = serializers.CharField()

    def to_representation(self, instance: TopUp) -> dict[str, Any]:
        row = instance.setting
        return {
            "is_on": instance.is_on,
            "alert_below_microcredits": instance.alert_below_microcredits,
            "pack": row.pack.code if row else None,
            "currency": row.currency if row else None,
            "quantity": row.quantity if row else 1,
            "monthly_cap_minor": row.monthly_cap_minor if row else None,
            "charged_this_month": MoneySerializer(instance.charged).data
            if instance.charged
            else None,
            "is_capped": instance.is_capped,
            "paused_at": serializers.DateTimeField().to_representation(row.paused_at)
            if row and row.paused_at
            else None,
            "pause_code": row.pause_code if row else "",
            "pause_reason": row.pause_reason if row else "",
        }
