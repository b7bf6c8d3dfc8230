from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.common.api.fields import QuerySerializer, TextField
from apps.roles.enums import HeldBy, SourceKind
from apps.roles.models import Role
from apps.roles.selectors import included_roles


class PermissionSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="`app.verb_noun`")
    app = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField()
    scoped = serializers.BooleanField(
        help_text="Whether it can be held at one organization, not only in the whole workspace."
    )
    dangerous = serializers.BooleanField(help_text="Can lock people out or destroy data.")
    for_keys = serializers.BooleanField(help_text="Whether an API key can have it.")
    read_only = serializers.BooleanField(  # type: ignore[assignment]
        source="is_read_only", help_text="Changes nothing: the auditor holds it."
    )
    implies = serializers.ListField(
        child=serializers.CharField(), help_text="Codes that come with it, and what they imply."
    )


class RoleRefSerializer(serializers.ModelSerializer[Role]):
    class Meta:
        model = Role
        fields = ["id", "code", "name"]
        read_only_fields = fields


class RoleSerializer(serializers.ModelSerializer[Role]):
    """Of roles with what they include, as selectors.roles_for reads them."""

    permissions = serializers.SerializerMethodField(help_text="Codes of its own, in order.")
    includes = serializers.SerializerMethodField(
        help_text="Roles whose permissions it has too, by name."
    )
    effective_permissions = serializers.SerializerMethodField(
        help_text="All that it allows: its own, those of included roles, and what they imply."
    )
    unknown_permissions = serializers.SerializerMethodField(
        help_text="Codes that no app declares any more. They allow nothing, and stay until taken away."
    )

    class Meta:
        model = Role
        fields = [
            "id",
            "code",
            "name",
            "description",
            "is_system",
            "permissions",
            "includes",
            "effective_permissions",
            "unknown_permissions",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_permissions(self, role: Role) -> list[str]:
        return sorted(role.own)

    @extend_schema_field(RoleRefSerializer(many=True))
    def get_includes(self, role: Role) -> list[dict[str, Any]]:
        return [dict(RoleRefSerializer(one).data) for one in included_roles(role)]

    def get_effective_permissions(self, role: Role) -> list[str]:
        return sorted(role.effective)

    def get_unknown_permissions(self, role: Role) -> list[str]:
        return sorted(role.unknown)


class RoleInputSerializer(serializers.Serializer):
    name = TextField(max_length=80)
    description = TextField(max_length=300, required=False, allow_blank=True)
    permissions = serializers.ListField(
        child=TextField(max_length=80), max_length=200, help_text="Codes from `permissions/`."
    )
    includes = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=200,
        required=False,
        help_text="Ids of roles whose permissions it has too.",
    )


class RoleUpdateSerializer(RoleInputSerializer):
    unknown_permissions = serializers.ListField(
        child=TextField(max_length=80),
        max_length=200,
        required=False,
        help_text="Which of them stay. Without it: all.",
    )


class RoleComparisonQuery(QuerySerializer):
    a = serializers.UUIDField(help_text="Id of a role.")
    b = serializers.UUIDField(help_text="Id of another.")


class SourceSerializer(serializers.Serializer):
    """How a role comes to hold a permission."""

    kind = serializers.ChoiceField(
        choices=SourceKind.choices,
        help_text="Its own, implied by a permission of its own, or by a role that it includes itself.",
    )
    code = serializers.CharField(help_text="Of the role, or of the permission that implies it.")
    name = serializers.CharField()


class ComparedPermissionSerializer(serializers.Serializer):
    code = serializers.CharField(source="permission.code")
    app = serializers.CharField(source="permission.app")
    label = serializers.CharField(source="permission.label")  # type: ignore[assignment]
    dangerous = serializers.BooleanField(source="permission.dangerous")
    held_by = serializers.ChoiceField(choices=HeldBy.choices)
    a_sources = SourceSerializer(many=True)
    b_sources = SourceSerializer(many=True)


class RoleComparisonSerializer(serializers.Serializer):
    a = RoleRefSerializer()
    b = RoleRefSerializer()
    permissions = ComparedPermissionSerializer(
        many=True, help_text="What one of them allows, or both, in the order of the codes."
    )
