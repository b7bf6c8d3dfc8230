from django.db.models import OuterRef
from rest_framework import serializers

from apps.accounts.models import Erasure
from apps.common.api.fields import FlagField, IdField, QuerySerializer, TextField
from apps.common.api.sql_json import Json, json_list
from apps.organizations.enums import BindingState, InvitationStatus, MemberStatus
from apps.organizations.holders import binding_state
from apps.organizations.models import Invitation, Member, Organization, Placement, RoleBinding
from apps.organizations.selectors_tree import ARCHIVED
from apps.roles.models import Role
from apps.tenants.api.v1.serializers import TenantSummarySerializer

ACTIVE_STATUSES = [choice for choice in MemberStatus.choices if choice[0] != MemberStatus.REMOVED]


class OrganizationBriefSerializer(serializers.ModelSerializer[Organization]):
    class Meta:
        model = Organization
        fields = ["id", "name"]


class MemberBriefSerializer(serializers.ModelSerializer[Member]):
    class Meta:
        model = Member
        fields = ["id", "name", "email"]


class RoleBriefSerializer(serializers.ModelSerializer[Role]):
    class Meta:
        model = Role
        fields = ["id", "code", "name"]


class OrganizationSerializer(serializers.ModelSerializer[Organization]):
    parent = serializers.UUIDField(  # type: ignore[assignment]
        source="parent_id", allow_null=True, help_text="null: the root, which is the workspace."
    )
    depth = serializers.IntegerField(help_text="1 for the root.")
    path = serializers.CharField(
        help_text="What is below an organization has a path that starts with its path."
    )

    class Meta:
        model = Organization
        fields = [
            "id",
            "name",
            "parent",
            "depth",
            "path",
            "archived_at",
            "created_at",
            "updated_at",
        ]


class OrganizationsQuery(QuerySerializer):
    archived = serializers.ChoiceField(
        choices=ARCHIVED, required=False, help_text="`exclude` if not given."
    )
    parent = IdField(  # type: ignore[assignment]
        required=False, help_text="Those directly below it."
    )
    q = TextField(
        max_length=100, required=False, allow_blank=True, help_text="Part of the name, in any case."
    )


class OrganizationCreateSerializer(serializers.Serializer):
    name = TextField(max_length=100)
    parent = IdField()  # type: ignore[assignment]


class OrganizationUpdateSerializer(serializers.Serializer):
    name = TextField(max_length=100)


class OrganizationMoveSerializer(serializers.Serializer):
    parent = IdField(  # type: ignore[assignment]
        help_text="The organization to hang it under."
    )
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would change.")


class HeldRoleSerializer(serializers.ModelSerializer[RoleBinding]):
    binding_id = serializers.UUIDField(source="id", help_text="For `role-bindings/{id}/`.")
    role = RoleBriefSerializer()
    organization = OrganizationBriefSerializer()
    state = serializers.ChoiceField(choices=BindingState.choices)

    sql_columns = {"state": binding_state}

    class Meta:
        model = RoleBinding
        fields = ["binding_id", "role", "organization", "starts_at", "ends_at", "state"]


def _further_organizations(prefix: str) -> Json:
    placed = Placement.objects.filter(member_id=OuterRef(f"{prefix}id"))
    rows = placed.order_by("organization__path")
    return json_list(rows, OrganizationBriefSerializer(), "organization__")


def _roles(prefix: str) -> Json:
    held = RoleBinding.objects.filter(member_id=OuterRef(f"{prefix}id"))
    return json_list(held.order_by("id"), HeldRoleSerializer())


class MemberSerializer(serializers.ModelSerializer[Member]):
    status = serializers.ChoiceField(choices=MemberStatus.choices)
    organization = OrganizationBriefSerializer(help_text="The primary one of where they belong.")
    further_organizations = OrganizationBriefSerializer(
        many=True, help_text="Where they belong besides."
    )
    roles = HeldRoleSerializer(
        source="bindings",
        many=True,
        help_text="Their own; what groups give besides is in `members/{id}/access/`.",
    )

    sql_columns = {"further_organizations": _further_organizations, "roles": _roles}

    class Meta:
        model = Member
        fields = [
            "id",
            "person_id",
            "email",
            "name",
            "status",
            "organization",
            "further_organizations",
            "roles",
            "created_at",
            "updated_at",
        ]


class MemberUpdateSerializer(serializers.Serializer):
    status = serializers.ChoiceField(choices=ACTIVE_STATUSES, required=False)
    organization_id = IdField(required=False, help_text="The primary one from now on.")


class MemberOrganizationSerializer(serializers.Serializer):
    primary = FlagField(default=False, help_text="Whether it becomes the primary one.")


MEMBER_ORDERINGS = {
    "joined": ("id",),
    "-joined": ("-id",),
    "name": ("name", "id"),
    "-name": ("-name", "-id"),
}


class MembersQuery(QuerySerializer):
    status = serializers.ChoiceField(choices=ACTIVE_STATUSES, required=False)
    role = TextField(
        max_length=50, required=False, help_text="Code of a role that they hold anywhere."
    )
    organization = IdField(required=False, help_text="They belong to it or below it.")
    q = TextField(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="Part of the name or the e-mail address, in any case.",
    )
    ordering = serializers.ChoiceField(
        choices=list(MEMBER_ORDERINGS), required=False, help_text="`joined` if not given."
    )


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    status = serializers.ChoiceField(choices=InvitationStatus.choices)
    organization = OrganizationBriefSerializer()
    role_ids = serializers.ListField(child=serializers.UUIDField())
    invited_by = MemberBriefSerializer(allow_null=True)
    member_id = serializers.UUIDField(
        allow_null=True, help_text="Who joined by it, once it is accepted."
    )

    class Meta:
        model = Invitation
        fields = [
            "id",
            "email",
            "status",
            "organization",
            "role_ids",
            "invited_by",
            "member_id",
            "sent_at",
            "expires_at",
            "accepted_at",
            "revoked_at",
            "created_at",
            "updated_at",
        ]


class InvitationCreateSerializer(serializers.Serializer):
    email = TextField(max_length=254)
    role_ids = serializers.ListField(child=IdField(), min_length=1, max_length=50)
    organization_id = IdField(required=False, help_text="The root if not given.")


class InvitationsQuery(QuerySerializer):
    state = serializers.ChoiceField(choices=InvitationStatus.choices, required=False)
    q = TextField(
        max_length=100, required=False, allow_blank=True, help_text="Part of the e-mail address."
    )


class InvitationAcceptSerializer(serializers.Serializer):
    token = TextField(max_length=1000, help_text="From the link in the e-mail.")


class InvitationAcceptedSerializer(serializers.Serializer):
    tenant = TenantSummarySerializer()
    member_id = serializers.UUIDField()


class OffboardSerializer(serializers.Serializer):
    successor_id = IdField(help_text="The active member who takes over.")
    dry_run = FlagField(default=False)


class OwnedSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    count = serializers.IntegerField()


class OffboardedSerializer(serializers.Serializer):
    handed_over = OwnedSerializer(many=True)


class OwnWorkspaceSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    tables = serializers.DictField(child=serializers.ListField(child=serializers.DictField()))


class OwnDataSerializer(serializers.Serializer):
    exported_at = serializers.DateTimeField()
    account = serializers.DictField(
        child=serializers.ListField(child=serializers.DictField()),
        help_text="Rows by table. Tables and columns may come and go.",
    )
    workspaces = OwnWorkspaceSerializer(many=True)


class ErasureRequestSerializer(serializers.Serializer):
    email = serializers.CharField(max_length=254, help_text="Your own, to confirm.")


class ErasureSerializer(serializers.ModelSerializer[Erasure]):
    class Meta:
        model = Erasure
        fields = ["id", "created_at"]
