"""Which roles the groups of the identity provider give."""

import uuid
from typing import ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import MANAGE_IDENTITY_PROVIDER
from apps.accounts.validators import validate_printable
from apps.common.api.fields import IdField, TextField
from apps.common.api.views import TenantView
from apps.organizations import selectors
from apps.organizations.models import ProviderGroupRole
from apps.organizations.services.provider_groups import (
    GROUP_MAX_LENGTH,
    provider_group_role_create,
    provider_group_role_delete,
)

IDS = {
    "role_id": "0197c2a4-7d00-7a11-8b22-1a2b3c4d5e6f",
    "organization_id": "0197c2a4-7c00-7b22-9c33-1a2b3c4d5e6f",
}
CREATE = OpenApiExample("Map a group", {"group": "engineering", **IDS}, request_only=True)
ROW = OpenApiExample(
    "Engineers",
    {
        "id": "0197c2a4-7e11-7c33-8d44-1a2b3c4d5e6f",
        "group": "engineering",
        **IDS,
        "created_at": "2026-01-05T09:00:00Z",
    },
    response_only=True,
)


class ProviderGroupRoleSerializer(serializers.ModelSerializer[ProviderGroupRole]):
    class Meta:
        model = ProviderGroupRole
        fields: ClassVar[list[str]] = ["id", "group", "role_id", "organization_id", "created_at"]
        read_only_fields = fields


class ProviderGroupRoleCreateSerializer(serializers.Serializer):
    group = TextField(max_length=GROUP_MAX_LENGTH, validators=[validate_printable])
    role_id = IdField()
    organization_id = IdField(required=False, help_text="Left out: the whole workspace.")


class ProviderGroupRolesView(TenantView):
    needs = {"GET": MANAGE_IDENTITY_PROVIDER, "POST": MANAGE_IDENTITY_PROVIDER}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="identity_provider_group_roles_list",
        summary="Which roles groups give",
        description="Roles that are named here are given and taken at each sign-in by the provider.",
        responses={200: ProviderGroupRoleSerializer(many=True)},
        examples=[ROW],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return self.page(
            selectors.provider_group_roles_for(self.actor), ProviderGroupRoleSerializer
        )

    @extend_schema(
        operation_id="identity_provider_group_roles_create",
        summary="Let a group give a role",
        description="Never the owner's, nor one that allows more than you hold yourself.",
        request=ProviderGroupRoleCreateSerializer,
        responses={201: ProviderGroupRoleSerializer},
        examples=[CREATE, ROW],
    )
    def post(self, request: Request) -> Response:
        row = provider_group_role_create(
            actor=self.actor, **self.body(ProviderGroupRoleCreateSerializer)
        )
        return Response(ProviderGroupRoleSerializer(row).data, status=201)


class ProviderGroupRoleView(TenantView):
    needs = {"DELETE": MANAGE_IDENTITY_PROVIDER}

    @extend_schema(
        operation_id="identity_provider_group_roles_destroy",
        summary="Let a group no longer give a role",
        description="Who holds the role keeps it.",
        responses={204: None},
    )
    def delete(self, request: Request, group_role_id: uuid.UUID) -> Response:
        provider_group_role_delete(actor=self.actor, group_role_id=group_role_id)
        return Response(status=204)
