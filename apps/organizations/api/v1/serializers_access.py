"""Role bindings, groups, what members may do, and what changes of these change."""

import datetime as dt
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.common.api.deprecation import Deprecation, deprecates
from apps.common.api.fields import FlagField, IdField, QuerySerializer, TextField
from apps.organizations.api.v1.serializers import (
    MemberBriefSerializer,
    OrganizationBriefSerializer,
    RoleBriefSerializer,
)
from apps.organizations.enums import BindingState
from apps.organizations.holders import binding_state
from apps.organizations.models import Group, GroupMembership, RoleBinding
from apps.organizations.previews import SHOWN, AccessPreview
from apps.organizations.services.local_groups import MEMBERS_AT_ONCE


class GroupBriefSerializer(serializers.ModelSerializer[Group]):
    name = serializers.CharField(source="display_name")

    class Meta:
        model = Group
        fields = ["id", "name"]


class RoleBindingSerializer(serializers.ModelSerializer[RoleBinding]):
    member = MemberBriefSerializer(allow_null=True, help_text="Null where a group holds it.")
    group = GroupBriefSerializer(allow_null=True, help_text="Null where a member holds it.")
    role = RoleBriefSerializer()
    organization = OrganizationBriefSerializer()
    state = serializers.ChoiceField(choices=BindingState.choices)

    sql_columns = {"state": binding_state}

    class Meta:
        model = RoleBinding
        fields = [
            "id",
            "member",
            "group",
            "role",
            "organization",
            "starts_at",
            "ends_at",
            "state",
            "created_at",
        ]


class RoleBindingCreateSerializer(serializers.Serializer):
    member_id = IdField(required=False, help_text="This or `group_id`.")
    group_id = IdField(required=False)
    role_id = IdField()
    organization_id = IdField()
    starts_at = serializers.DateTimeField(
        allow_null=True, default=None, help_text="Null: at once. At most ten years ahead."
    )
    ends_at = serializers.DateTimeField(
        allow_null=True, default=None, help_text="Null: never. Not granted any more at this moment."
    )


class RoleBindingUpdateSerializer(serializers.Serializer):
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Null: never.")
    dry_run = FlagField(default=False, help_text="Only say what would change.")


class RoleBindingsQuery(QuerySerializer):
    member = IdField(required=False)
    group = IdField(required=False)
    role = IdField(required=False)
    organization = IdField(required=False, help_text="Bound at it, not below it.")


class DryRunQuery(QuerySerializer):
    dry_run = serializers.BooleanField(
        default=False, help_text="Change nothing, and answer 200 with what would change."
    )


class CodesField(serializers.ListField):
    """Permissions by their codes."""

    child = serializers.CharField()

    def to_representation(self, data: Any) -> list[str]:
        return [permission.code for permission in data]


class EffectSerializer(serializers.Serializer):
    member = MemberBriefSerializer()
    organization = OrganizationBriefSerializer(help_text="There, and below it.")
    organizations = serializers.IntegerField(help_text="In how many organizations.")
    but = OrganizationBriefSerializer(
        many=True, help_text="Not at these, and not below them: there it is otherwise."
    )
    whole_tenant = serializers.BooleanField(
        source="is_whole",
        help_text="These permissions are held in the whole workspace, or not at all.",
    )
    gained = CodesField()
    lost = CodesField()


class AccessPreviewSerializer(serializers.Serializer[AccessPreview]):
    at = serializers.DateTimeField(help_text="The moment that is looked at: now, or when it ends.")
    gaining = MemberBriefSerializer(
        many=True, help_text=f"Members who gain permissions, by name; at most {SHOWN}."
    )
    losing = MemberBriefSerializer(
        many=True, help_text=f"Members who lose permissions, by name; at most {SHOWN}."
    )
    gaining_count = serializers.IntegerField()
    losing_count = serializers.IntegerField()
    effects = EffectSerializer(
        many=True, help_text=f"Who gains or loses what where; at most {SHOWN}, of whom you see."
    )
    effect_count = serializers.IntegerField(help_text="How many there are.")


class MovePreviewSerializer(AccessPreviewSerializer):
    organizations = serializers.IntegerField(help_text="How many move, with those below.")


class RoleRetireSerializer(serializers.Serializer):
    with_bindings = FlagField(
        default=False, help_text="Take it from all who hold it. Else that is 409 `role_in_use`."
    )
    dry_run = FlagField(default=False, help_text="Only say who would lose what.")


class GrantSerializer(serializers.Serializer):
    """A link of the chain: a binding, and what it binds."""

    binding_id = serializers.UUIDField(allow_null=True, help_text="For `role-bindings/{id}/`.")
    role = serializers.CharField(help_text="Code of the role.")
    role_id = serializers.UUIDField(allow_null=True)
    organization = serializers.SerializerMethodField()
    group = serializers.SerializerMethodField(help_text="Through which group, or null.")
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Until when.")

    @extend_schema_field(OrganizationBriefSerializer)
    def get_organization(self, grant: Any) -> dict[str, str]:
        return {"id": str(grant.organization_id), "name": grant.organization_name}

    @extend_schema_field(GroupBriefSerializer(allow_null=True))
    def get_group(self, grant: Any) -> dict[str, str] | None:
        return {"id": str(grant.group_id), "name": grant.group} if grant.group_id else None


class ExplainQuery(QuerySerializer):
    member = IdField()
    permission = TextField(max_length=80, help_text="A code from `permissions/`.")
    organization = IdField(required=False, help_text="If not given: in the whole workspace.")


class ExplanationSerializer(serializers.Serializer):
    permission = serializers.CharField(source="permission.code")
    allowed = serializers.BooleanField()
    reason = serializers.CharField(help_text="For people.")
    role = serializers.CharField(
        source="decision.role", allow_null=True, help_text="Code of the role that grants it."
    )
    organization_id = serializers.UUIDField(
        source="decision.organization_id", allow_null=True, help_text="Where that role is held."
    )
    grant = GrantSerializer(
        source="decision.grant", allow_null=True, help_text="What grants it: binding, role, place."
    )
    also = GrantSerializer(many=True, help_text="What grants it besides.")
    path = OrganizationBriefSerializer(
        many=True, help_text="From where the role is held down to the organization asked about."
    )
    held_elsewhere = GrantSerializer(
        source="decision.elsewhere",
        many=True,
        help_text="Where it is denied: what would grant it, but at other organizations.",
    )
    missing_roles = RoleBriefSerializer(
        source="roles", many=True, help_text="Where it is denied: roles that would grant it."
    )


class AccessQuery(QuerySerializer):
    organization = IdField(required=False, help_text="If not given: in the whole workspace.")


class HeldAtSerializer(serializers.Serializer):
    organization = serializers.SerializerMethodField()
    permissions = serializers.ListField(child=serializers.CharField())
    grants = GrantSerializer(many=True)

    @extend_schema_field(OrganizationBriefSerializer)
    def get_organization(self, held: Any) -> dict[str, str]:
        return {"id": str(held.organization_id), "name": held.organization_name}


class MemberAccessSerializer(serializers.Serializer):
    organization = OrganizationBriefSerializer(allow_null=True)
    permissions = ExplanationSerializer(
        source="explanations", many=True, help_text="Every permission, in the order of the codes."
    )
    held = HeldAtSerializer(many=True, help_text="By the organizations where roles are held.")


class HeldByGroupSerializer(serializers.ModelSerializer[RoleBinding]):
    binding_id = serializers.UUIDField(source="id", help_text="For `role-bindings/{id}/`.")
    role = RoleBriefSerializer()
    organization = OrganizationBriefSerializer()
    state = serializers.ChoiceField(choices=BindingState.choices)

    class Meta:
        model = RoleBinding
        fields = ["binding_id", "role", "organization", "starts_at", "ends_at", "state"]


# A group held one role, at one place, before its bindings were as those of a member.
ONE_ROLE = Deprecation(dt.date(2026, 11, 30), dt.date(2027, 6, 30), "/api/v1/role-bindings/")


@deprecates(role=ONE_ROLE, organization=ONE_ROLE)
class GroupSerializer(serializers.ModelSerializer[Group]):
    name = serializers.CharField(source="display_name")
    source = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="`local`: kept here. `directory`: kept by the identity provider, by SCIM."
    )
    member_count = serializers.IntegerField()
    role = serializers.SerializerMethodField(
        help_text=f"What its members hold; the oldest, where it is several. Or null. {ONE_ROLE}"
    )
    organization = serializers.SerializerMethodField(
        help_text=f"Where they hold that role, and below it. {ONE_ROLE}"
    )
    roles = serializers.SerializerMethodField(help_text="All that its members hold.")

    class Meta:
        model = Group
        fields = [
            "id",
            "name",
            "source",
            "external_id",
            "member_count",
            "role",
            "organization",
            "roles",
            "created_at",
            "updated_at",
        ]

    @extend_schema_field(serializers.ChoiceField(choices=["local", "directory"]))
    def get_source(self, group: Group) -> str:
        return "local" if group.is_local else "directory"

    @extend_schema_field(RoleBriefSerializer(allow_null=True))
    def get_role(self, group: Group) -> Any:
        bindings = group.bindings.all()
        return RoleBriefSerializer(bindings[0].role).data if bindings else None

    @extend_schema_field(OrganizationBriefSerializer(allow_null=True))
    def get_organization(self, group: Group) -> Any:
        bindings = group.bindings.all()
        return OrganizationBriefSerializer(bindings[0].organization).data if bindings else None

    @extend_schema_field(HeldByGroupSerializer(many=True))
    def get_roles(self, group: Group) -> Any:
        return HeldByGroupSerializer(group.bindings.all(), many=True).data


class GroupCreateSerializer(serializers.Serializer):
    name = TextField(max_length=255)


@deprecates(role_id=ONE_ROLE, organization_id=ONE_ROLE)
class GroupUpdateSerializer(serializers.Serializer):
    name = TextField(max_length=255, required=False, help_text="Of a local group.")
    role_id = IdField(
        allow_null=True,
        required=False,
        help_text=f"With `organization_id`: the one role that it holds. Both null: none. {ONE_ROLE}",
    )
    organization_id = IdField(allow_null=True, required=False, help_text=str(ONE_ROLE))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError({"name": "Send what to change."}, code="required")
        for one, other in (("role_id", "organization_id"), ("organization_id", "role_id")):
            if one in attrs and other not in attrs:
                raise serializers.ValidationError({other: "Send both."}, code="required")
        return attrs


class GroupsQuery(QuerySerializer):
    source = serializers.ChoiceField(choices=["local", "directory"], required=False)  # type: ignore[assignment]
    q = TextField(
        max_length=100, required=False, allow_blank=True, help_text="Part of the name, in any case."
    )


class GroupPersonSerializer(serializers.ModelSerializer[GroupMembership]):
    member_id = serializers.UUIDField(
        source="holder_id",
        allow_null=True,
        help_text="Null while they have not accepted the identity provider's invitation.",
    )
    name = serializers.CharField()
    email = serializers.CharField()

    class Meta:
        model = GroupMembership
        fields = ["member_id", "name", "email", "created_at"]


class GroupMembersAddSerializer(serializers.Serializer):
    member_ids = serializers.ListField(
        child=IdField(), min_length=1, max_length=MEMBERS_AT_ONCE, help_text="Active members."
    )
    dry_run = FlagField(default=False, help_text="Only say who would gain what.")
