from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.common.api.fields import FlagField, IdField, TextField
from apps.roles.enums import ApiKeyState
from apps.roles.models import ApiKey
from apps.roles.places import place_of
from apps.roles.services.api_key_rules import NETWORKS_MAX
from apps.roles.services.api_keys import (
    EXPIRES_IN_DAYS,
    EXPIRES_IN_DAYS_MAX,
    OVERLAP_S_MAX,
    OVERLAP_S_MIN,
)

EXPIRES_HELP = (
    f"1 to {EXPIRES_IN_DAYS_MAX}, counted from now; {EXPIRES_IN_DAYS} if it is left out; `null`: never, "
    "which has to be chosen."
)


class WholeNumberField(serializers.IntegerField):
    """A JSON number; the framework also takes text and fractions that mean one."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class ApiKeyOrganizationSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    hint = serializers.CharField(
        read_only=True, help_text="First and last digits of the key, to know it by."
    )
    state = serializers.ChoiceField(
        ApiKeyState.choices,
        read_only=True,
        help_text="`expiring`: it works, and expires within 7 days.",
    )
    permissions = serializers.SerializerMethodField(
        help_text="Codes that it was given, and with them what they imply."
    )
    unknown_permissions = serializers.SerializerMethodField(
        help_text="Codes that no app declares any more. They allow nothing."
    )
    organization = serializers.SerializerMethodField(
        help_text="Where it is good, and below; null: its organization is gone, and it is good nowhere."
    )
    previous_hint = serializers.CharField(
        read_only=True, help_text="Of the key of before the last rotation; empty: there is none."
    )
    previous_until = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Until when the key of before is good too."
    )
    created_by = serializers.CharField(read_only=True)

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "hint",
            "state",
            "permissions",
            "unknown_permissions",
            "organization",
            "networks",
            "expires_at",
            "rotated_at",
            "previous_hint",
            "previous_until",
            "created_by",
            "created_at",
            "last_used_at",
            "last_used_ip",
            "revoked_at",
        ]
        read_only_fields = fields

    def get_permissions(self, key: ApiKey) -> list[str]:
        return key.given

    def get_unknown_permissions(self, key: ApiKey) -> list[str]:
        return sorted(key.unknown)

    @extend_schema_field(ApiKeyOrganizationSerializer(allow_null=True))
    def get_organization(self, key: ApiKey) -> dict[str, Any] | None:
        place = place_of(key)
        return {"id": str(place.id), "name": place.name} if place else None


class NewApiKeySerializer(ApiKeySerializer):
    """With the key itself, this once."""

    key = serializers.CharField(
        read_only=True, help_text="Keep it now: nobody can read it again, you neither."
    )

    class Meta(ApiKeySerializer.Meta):
        fields = ["key", *ApiKeySerializer.Meta.fields]
        read_only_fields = fields


class ApiKeyUpdateSerializer(serializers.Serializer):
    name = TextField(max_length=80)
    permissions = serializers.ListField(
        child=TextField(max_length=80),
        max_length=200,
        help_text="Codes from `permissions/` with `for_keys`; none that you lack there yourself.",
    )
    networks = serializers.ListField(
        child=TextField(max_length=50),
        max_length=NETWORKS_MAX,
        required=False,
        help_text="Addresses or CIDRs that it may be used from; empty: any.",
    )
    expires_in_days = WholeNumberField(
        min_value=1,
        max_value=EXPIRES_IN_DAYS_MAX,
        required=False,
        allow_null=True,
        help_text="1 to 365, counted from now; `null`: never.",
    )
    allow_dangerous = FlagField(
        required=False,
        help_text="Has to be true where a permission is `dangerous` that the key did not have before.",
    )


class ApiKeyCreateSerializer(ApiKeyUpdateSerializer):
    expires_in_days = WholeNumberField(
        min_value=1,
        max_value=EXPIRES_IN_DAYS_MAX,
        required=False,
        allow_null=True,
        help_text=EXPIRES_HELP,
    )
    organization_id = IdField(
        required=False,
        allow_null=True,
        help_text="Where it is good, and below; left out or null: in the whole workspace.",
    )


class ApiKeyRotateSerializer(serializers.Serializer):
    overlap_s = WholeNumberField(
        min_value=OVERLAP_S_MIN,
        max_value=OVERLAP_S_MAX,
        help_text="For so many seconds the key of before is good too: 3,600 to 604,800.",
    )
    expires_in_days = WholeNumberField(
        min_value=1,
        max_value=EXPIRES_IN_DAYS_MAX,
        required=False,
        allow_null=True,
        help_text=EXPIRES_HELP,
    )
