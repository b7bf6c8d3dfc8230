from typing import Any

from rest_framework import serializers

from apps.accounts.models import ScimToken
from apps.common.api.fields import TextField
from apps.organizations.services.scim_tokens import MAX_DAYS


class ScimTokenSerializer(serializers.ModelSerializer[ScimToken]):
    is_good = serializers.BooleanField(help_text="Neither revoked nor expired.")
    hint = serializers.CharField(help_text="The last characters of the token.")

    class Meta:
        model = ScimToken
        fields = [
            "id",
            "label",
            "hint",
            "is_good",
            "created_by",
            "expires_at",
            "last_used_at",
            "last_used_ip",
            "revoked_at",
            "created_at",
            "updated_at",
        ]


class NewScimTokenSerializer(ScimTokenSerializer):
    """With the token itself, this once."""

    token = serializers.SerializerMethodField(
        help_text="Keep it now: nobody can read it again, you neither."
    )

    class Meta(ScimTokenSerializer.Meta):
        fields = ["token", *ScimTokenSerializer.Meta.fields]

    def get_token(self, _token: Any) -> str:
        return str(self.context["secret"])


class WholeNumberField(serializers.IntegerField):
    """A JSON number; the framework also takes text and fractions that mean one."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class ScimTokenCreateSerializer(serializers.Serializer):
    label = TextField(max_length=80, help_text="What it is for, for example the provider's name.")  # type: ignore[assignment]
    expires_in_days = WholeNumberField(
        min_value=1,
        max_value=MAX_DAYS,
        allow_null=True,
        default=None,
        help_text="Null: it lasts until it is revoked.",
    )
