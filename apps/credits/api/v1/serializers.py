from rest_framework import serializers

from apps.common.api.fields import FlagField, QuerySerializer
from apps.credits.api.v1.fields import PlacedSerializer, amount_field, quantity_field
from apps.credits.enums import GrantSource, GrantState, HoldState, TransactionKind
from apps.credits.models import SPENDABLE, Account, Entry, Grant, Hold, Transaction
from apps.credits.services.spending import MAX_TTL_S

ACCOUNT_KINDS = [(kind.value, kind.label) for kind in SPENDABLE]


class CreditAccountSerializer(serializers.ModelSerializer[Account]):
    kind = serializers.ChoiceField(choices=ACCOUNT_KINDS)

    class Meta:
        model = Account
        fields = [
            *("id", "kind", "organization_id", "balance_microcredits", "frozen_at"),
            *("alert_below_microcredits", "low_at"),
        ]
        read_only_fields = fields
        extra_kwargs = {
            "organization_id": {"help_text": "Whose budget it is; null for the wallet."},
            "balance_microcredits": {"help_text": "1,000,000 are a credit. Without what is held."},
            "frozen_at": {
                "help_text": "Since when nothing is spent from it; of the wallet: at all."
            },
            "alert_below_microcredits": {"help_text": "Below it the balance is low; null: never."},
            "low_at": {"help_text": "Since when the balance is low; null: it is not."},
        }


class CreditGrantSerializer(serializers.ModelSerializer[Grant]):
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=GrantSource.choices
    )
    state = serializers.ChoiceField(choices=GrantState.choices)
    left_microcredits = serializers.IntegerField(
        help_text="Of what you may see, what is left to spend; without what is held."
    )

    class Meta:
        model = Grant
        fields = [
            *("id", "source", "state", "description", "amount_microcredits", "left_microcredits"),
            *("priority", "effective_at", "expires_at", "expired_at", "revoked_at"),
            *("operations", "organization_ids", "rollover_cap_microcredits", "rolled_from_id"),
        ]
        read_only_fields = fields
        extra_kwargs = {
            "priority": {"help_text": "The smallest is used up first; then what expires first."},
            "expires_at": {"help_text": "Null: never."},
            "operations": {"help_text": "It pays for these alone; empty: for all."},
            "organization_ids": {"help_text": "... at and below these alone; empty: at all."},
            "rollover_cap_microcredits": {"help_text": "So much of what is left then goes on."},
            "rolled_from_id": {"help_text": "The grant that it is the rest of."},
        }


class CreditGrantsQuery(QuerySerializer):
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=GrantSource.choices, required=False
    )
    state = serializers.ChoiceField(choices=GrantState.choices, required=False)


class CreditDebitSerializer(PlacedSerializer):
    amount_microcredits = amount_field(help_text="Either this, or `quantity`.")
    quantity = quantity_field(
        required=False, help_text="Of the operation's unit; costs what its rate says now."
    )


class SpentSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="transaction_id")
    amount_microcredits = serializers.IntegerField()
    balance_after_microcredits = serializers.IntegerField(
        help_text="What could still be spent there then."
    )


class CreditHoldCreateSerializer(CreditDebitSerializer):
    ttl_s = quantity_field(
        default=900, help_text=f"Seconds after which it is released; at most {MAX_TTL_S}."
    )


class HeldSerializer(SpentSerializer):
    id = serializers.UUIDField(source="transaction_id", help_text="Of the hold.")
    expires_at = serializers.DateTimeField()


class CreditHoldSerializer(serializers.ModelSerializer[Hold]):
    state = serializers.ChoiceField(choices=HoldState.choices)
    remaining_microcredits = serializers.IntegerField(help_text="What can still be captured.")

    class Meta:
        model = Hold
        fields = [
            *("id", "state", "operation", "organization_id", "member_id", "amount_microcredits"),
            *("captured_microcredits", "released_microcredits", "remaining_microcredits"),
            *("created_at", "expires_at"),
        ]
        read_only_fields = fields
        extra_kwargs = {"operation": {"help_text": "A code of `credits/operations/`."}}


class CreditHoldsQuery(QuerySerializer):
    state = serializers.ChoiceField(choices=HoldState.choices, required=False)


class CreditCaptureSerializer(serializers.Serializer):
    amount_microcredits = amount_field(help_text="All that is left, unless given.")
    is_final = FlagField(default=False, help_text="Whether what is left then is released.")


class CreditEntrySerializer(serializers.ModelSerializer[Entry]):
    class Meta:
        model = Entry
        fields = [
            *("position", "debited_account_id", "credited_account_id", "grant_id"),
            "amount_microcredits",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "debited_account_id": {"help_text": "The account that has less then."},
            "credited_account_id": {"help_text": "The account that has more then."},
        }


class CreditActorSerializer(serializers.Serializer):
    kind = serializers.CharField(source="actor_kind", help_text="person, staff, system or api_key.")
    id = serializers.UUIDField(
        source="actor_id", allow_null=True, help_text="Of the person, or the API key."
    )


class CreditTransactionSerializer(serializers.ModelSerializer[Transaction]):
    kind = serializers.ChoiceField(choices=TransactionKind.choices)
    actor = CreditActorSerializer(source="*")
    details = serializers.DictField()
    entries = CreditEntrySerializer(many=True)

    class Meta:
        model = Transaction
        fields = [
            *("id", "created_at", "kind", "amount_microcredits", "balance_after_microcredits"),
            *("operation", "organization_id", "member_id", "related_id", "idempotency_key"),
            *("actor", "details", "entries"),
        ]
        read_only_fields = fields
        extra_kwargs = {
            "related_id": {
                "help_text": "The hold of a capture or release, the debit of a refund, the grant of a grant."
            },
            "balance_after_microcredits": {"help_text": "What could still be spent there then."},
        }


class CreditEntriesQuery(QuerySerializer):
    kind = serializers.ChoiceField(choices=TransactionKind.choices, required=False)
    operation = serializers.CharField(required=False, max_length=80)
    organization = serializers.UUIDField(required=False)
    member = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False, help_text="From this moment on.")
    until = serializers.DateTimeField(required=False, help_text="Before this moment.")


class CapturedSerializer(serializers.ModelSerializer[Transaction]):
    hold_id = serializers.UUIDField(source="related_id")
    kind = serializers.ChoiceField(choices=TransactionKind.choices)

    class Meta:
        model = Transaction
        fields = ["id", "kind", "hold_id", "amount_microcredits", "created_at"]
        read_only_fields = fields
        extra_kwargs = {"amount_microcredits": {"help_text": "What was captured, or released."}}
