"""What several bodies of this API have in common."""

from typing import Any

from rest_framework import serializers

from apps.common.api.fields import IdField, TextField, WholeNumberField
from apps.credits.amounts import MAX_MICROCREDITS
from apps.credits.operations import MAX_QUANTITY


def amount_field(**kwargs: Any) -> WholeNumberField:
    return WholeNumberField(min_value=1, max_value=MAX_MICROCREDITS, required=False, **kwargs)


def quantity_field(**kwargs: Any) -> WholeNumberField:
    return WholeNumberField(min_value=1, max_value=MAX_QUANTITY, **kwargs)


class PlacedSerializer(serializers.Serializer):
    """Of which operation, where, and by whom."""

    operation = TextField(max_length=80, help_text="A code of `credits/operations/`.")
    organization_id = IdField(
        required=False,
        allow_null=True,
        help_text="Where it is spent; your primary organization, or a key's, unless given.",
    )
    member_id = IdField(
        required=False,
        allow_null=True,
        help_text="Whose spending it is; with an API key only. A person spends for themselves.",
    )
