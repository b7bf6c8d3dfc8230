from typing import Any

from rest_framework import serializers

from apps.common.api.fields import IdField, QuerySerializer, TextField
from apps.organizations.api.v1.serializers import (
    MemberUpdateSerializer,
    OrganizationBriefSerializer,
    RoleBriefSerializer,
)
from apps.organizations.invitation_csv import MAX_ROWS
from apps.organizations.services import InvitationOutcome, MemberOutcome
from apps.organizations.services.members_bulk import MAX_MEMBERS


class InvitationRowSerializer(serializers.Serializer):
    # Longer than an address may be: what is wrong with one is said in its row's result.
    email = TextField(max_length=1000, allow_blank=True)
    role_ids = serializers.ListField(
        child=IdField(), max_length=50, required=False, help_text="The role `member` if not given."
    )
    organization_id = IdField(required=False, help_text="The root if not given.")


class InvitationsBulkSerializer(serializers.Serializer):
    invitations = serializers.ListField(
        child=InvitationRowSerializer(), min_length=1, max_length=MAX_ROWS
    )


class InvitationsBulkQuery(QuerySerializer):
    dry_run = serializers.BooleanField(
        required=False, help_text="Only say what would become of each row."
    )


class InvitationOutcomeSerializer(serializers.Serializer[InvitationOutcome]):
    line = serializers.IntegerField(help_text="In the file, or the place in the list, from 1.")
    email = serializers.CharField()
    roles = RoleBriefSerializer(many=True)
    organization = OrganizationBriefSerializer(allow_null=True)
    code = serializers.CharField(
        help_text=(
            "Why the row invites nobody: `invalid`, `duplicate`, `already_member`, `already_invited`, "
            "`role_unknown`, `organization_unknown`, `organization_ambiguous`, `permission_denied`, "
            "`entitlement_exceeded`. Empty: it is right."
        )
    )
    detail = serializers.CharField(help_text="The same for people; empty where it is right.")
    invitation_id = serializers.UUIDField(
        allow_null=True, help_text="Null in a dry run, and where nobody is invited."
    )


class InvitationsBulkResultSerializer(serializers.Serializer):
    right = serializers.IntegerField(help_text="Rows that invite somebody, or would.")
    wrong = serializers.IntegerField(help_text="Rows that do not.")
    results = InvitationOutcomeSerializer(many=True)


class MembersBulkSerializer(MemberUpdateSerializer):
    member_ids = serializers.ListField(child=IdField(), min_length=1, max_length=MAX_MEMBERS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not {"status", "organization_id"} & {*attrs}:
            raise serializers.ValidationError({"status": "Send what to change."}, code="required")
        return attrs


class MemberOutcomeSerializer(serializers.Serializer[MemberOutcome]):
    member_id = serializers.UUIDField()
    code = serializers.CharField(
        help_text=(
            "Why nothing changed for this one: `not_found`, `permission_denied`, `last_owner`, "
            "`own_membership`, `organization_archived`, `entitlement_exceeded`. Empty: it is right."
        )
    )
    detail = serializers.CharField(help_text="The same for people; empty where it is right.")


class MembersBulkResultSerializer(serializers.Serializer):
    right = serializers.IntegerField(help_text="Members that are now as asked for.")
    wrong = serializers.IntegerField(help_text="Members that are as before.")
    results = MemberOutcomeSerializer(many=True)
