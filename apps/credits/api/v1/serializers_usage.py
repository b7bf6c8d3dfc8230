from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from apps.common.api.fields import QuerySerializer, TextField
from apps.credits.api.v1.fields import PlacedSerializer, amount_field, quantity_field
from apps.credits.errors import AccountFrozen, InsufficientCredits, SpendingCapReached
from apps.credits.operations import Operation
from apps.credits.selectors import MAX_USAGE_DAYS, MAX_USAGE_ROWS, USAGE_GROUPS
from apps.credits.services.ingestion import MAX_EVENTS, EventStatus

USAGE_DAYS = 30
REFUSALS = (InsufficientCredits.code, SpendingCapReached.code, AccountFrozen.code)


class UsageQuery(QuerySerializer):
    PAGING = frozenset({"format"})

    group_by = serializers.CharField(
        default="day",
        max_length=40,
        help_text=f"One or two of {', '.join(USAGE_GROUPS)}, with a comma between.",
    )
    since = serializers.DateField(
        required=False, help_text=f"The first day (UTC); {USAGE_DAYS} days unless given."
    )
    until = serializers.DateField(required=False, help_text="The last day (UTC); today.")
    organization = serializers.UUIDField(required=False)
    member = serializers.UUIDField(required=False)
    operation = serializers.CharField(required=False, max_length=80)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        until = attrs.setdefault("until", timezone.now().date())
        attrs.setdefault("since", max(until, MIN_DAY) - timedelta(days=USAGE_DAYS - 1))
        attrs["by"] = attrs.pop("group_by").split(",")
        return attrs


# Below it there is no day so many days before.
MIN_DAY = date(1970, 1, 1)


class UsageRowSerializer(serializers.Serializer):
    """Has of day, organization, member and operation those that were grouped by."""

    day = serializers.DateField(required=False)
    organization_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="Null: of no organization."
    )
    member_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="Null: of no member, as by a program."
    )
    operation = serializers.CharField(required=False)
    used_microcredits = serializers.IntegerField(help_text="Less what was given back on the day.")
    uses = serializers.IntegerField()


class UsageSerializer(serializers.Serializer):
    since = serializers.DateField()
    until = serializers.DateField()
    group_by = serializers.ListField(child=serializers.ChoiceField(choices=list(USAGE_GROUPS)))
    used_microcredits = serializers.IntegerField(help_text="Of all.")
    uses = serializers.IntegerField(help_text="Of all.")
    is_truncated = serializers.BooleanField(
        help_text=f"Whether there are more than {MAX_USAGE_ROWS} results, which are not all here."
    )
    results = UsageRowSerializer(
        many=True,
        help_text=(
            "By day in the order of days, else what used the most first. "
            f"For at most {MAX_USAGE_DAYS} days."
        ),
    )


class UsageEventInSerializer(PlacedSerializer):
    id = TextField(max_length=200, help_text="Of your own. The same event is taken once.")
    amount_microcredits = amount_field(help_text="Either this, or `quantity`.")
    quantity = quantity_field(
        required=False, help_text="Priced by the rate of the time when it happened."
    )
    occurred_at = serializers.DateTimeField(
        help_text="At most 35 days ago, and 5 minutes ahead. With an offset, or Z."
    )


class UsageEventsSerializer(serializers.Serializer):
    events = UsageEventInSerializer(many=True, help_text=f"1 to {MAX_EVENTS}.")


class UsageEventResultSerializer(serializers.Serializer):
    id = serializers.CharField(allow_null=True, help_text="Null where what was sent is no text.")
    status = serializers.ChoiceField(choices=[(one.value, one.value) for one in EventStatus])
    amount_microcredits = serializers.IntegerField(
        allow_null=True, help_text="Of what is accepted."
    )
    code = serializers.CharField(help_text="Why it was not taken; else empty. For programs.")
    detail = serializers.CharField(help_text="... for people.")
    attr = serializers.CharField(allow_null=True, help_text="The field that is wrong.")


class UsageCountsSerializer(serializers.Serializer):
    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField(help_text="Taken before: nothing to do.")
    conflict = serializers.IntegerField(help_text="Their id was taken with another content.")
    invalid = serializers.IntegerField(help_text="They would be refused again.")
    insufficient = serializers.IntegerField(help_text="They can be sent again later.")


class IngestedSerializer(serializers.Serializer):
    amount_microcredits = serializers.IntegerField(help_text="Of all that was accepted now.")
    counts = UsageCountsSerializer()
    results = UsageEventResultSerializer(many=True, help_text="In the order of what was sent.")


class TierSerializer(serializers.Serializer):
    up_to = serializers.IntegerField(allow_null=True, help_text="Null: all further units.")
    microcredits = serializers.IntegerField(help_text="For `per` units.")


class RateSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    since = serializers.DateTimeField()
    tiers = TierSerializer(
        many=True, help_text="Each prices the part of the quantity that lies in it."
    )
    per = serializers.IntegerField(help_text="How many units a tier's price is for.")
    minimum_microcredits = serializers.IntegerField(help_text="A use costs no less.")


class OperationSerializer(serializers.Serializer[Operation]):
    code = serializers.CharField(help_text="`app.thing`; never changes.")
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField()
    unit = serializers.CharField(help_text="What a quantity counts.")
    rate = RateSerializer(help_text="What it costs now.")
    coming_rates = RateSerializer(many=True, help_text="What it will cost, the next one first.")

    def to_representation(self, instance: Operation) -> dict[str, Any]:
        now = timezone.now()
        coming = [rate for rate in instance.rates if rate.since > now]
        rate = instance.rate(now)
        return {
            "code": instance.code,
            "label": str(instance.label),
            "description": str(instance.description),
            "unit": str(instance.unit),
            "rate": RateSerializer(rate).data,
            "coming_rates": RateSerializer([c for c in coming if c != rate], many=True).data,
        }


class EstimateRequestSerializer(PlacedSerializer):
    quantity = quantity_field()


class EstimateSerializer(serializers.Serializer):
    operation = serializers.CharField()
    quantity = serializers.IntegerField()
    organization_id = serializers.UUIDField(allow_null=True)
    member_id = serializers.UUIDField(allow_null=True)
    amount_microcredits = serializers.IntegerField(help_text="What it costs now.")
    rate_version = serializers.IntegerField()
    available_microcredits = serializers.IntegerField(
        help_text="What could be spent on it there now."
    )
    cap_left_microcredits = serializers.IntegerField(
        allow_null=True, help_text="What the member's cap leaves; null: there is none."
    )
    can_spend = serializers.BooleanField()
    refusal = serializers.ChoiceField(
        choices=[("", "None"), *((code, code) for code in REFUSALS)],
        allow_blank=True,
        help_text="The code of the problem that a debit would answer now.",
    )
