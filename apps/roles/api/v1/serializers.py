from rest_framework import serializers

from apps.common.api.fields import TextField
from apps.roles.models import Role, role_permissions


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


class RoleSerializer(serializers.ModelSerializer[Role]):
    permissions = serializers.SerializerMethodField(
        help_text="Codes of what the role allows now, in order."
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
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_permissions(self, role: Role) -> list[str]:
        return sorted(role_permissions(role.code, role.is_system, role.permissions))


class RoleInputSerializer(serializers.Serializer):
    name = TextField(max_length=80)
    description = TextField(max_length=300, required=False, allow_blank=True)
    permissions = serializers.ListField(
        child=TextField(max_length=80), max_length=200, help_text="Codes from `permissions/`."
    )
