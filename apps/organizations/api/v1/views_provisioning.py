"""Provisioning: tokens of identity providers, and what the groups that they keep stand for."""

import uuid

from django.db import transaction
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView, etag_of
from apps.organizations import services
from apps.organizations.api.v1 import examples_provisioning as examples
from apps.organizations.api.v1.serializers_provisioning import (
    GroupSerializer,
    GroupUpdateSerializer,
    NewScimTokenSerializer,
    ScimTokenCreateSerializer,
    ScimTokenSerializer,
)
from apps.organizations.permissions import MANAGE_PROVISIONING
from apps.organizations.selectors_directory import (
    counted_group_for,
    counted_groups_for,
    scim_token_for,
    scim_tokens_for,
)
from apps.organizations.services.directory import directory_locked


class ScimTokensView(TenantView):
    needs = {"GET": MANAGE_PROVISIONING, "POST": MANAGE_PROVISIONING}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="scim_tokens_list",
        summary="Provisioning tokens",
        description="Of identity providers that keep members by SCIM at `/scim/v2/`. Oldest first.",
        responses={200: ScimTokenSerializer(many=True)},
        examples=[examples.TOKEN],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return self.page(scim_tokens_for(self.actor), ScimTokenSerializer)

    @extend_schema(
        operation_id="scim_tokens_create",
        summary="Create a provisioning token",
        description=(
            "The answer has the token itself, once. To rotate, create another one, give it to the "
            "provider, and revoke the old one. 409 `too_many_tokens` from four good ones on."
        ),
        request=ScimTokenCreateSerializer,
        responses={201: NewScimTokenSerializer},
        examples=[examples.TOKEN_CREATE, examples.NEW_TOKEN],
    )
    def post(self, request: Request) -> Response:
        token, secret = services.scim_token_create(
            actor=self.actor, **self.body(ScimTokenCreateSerializer)
        )
        data = NewScimTokenSerializer(token, context={"secret": secret}).data
        headers = {
            "Location": reverse("api_scim_token", args=[token.id]),
            "ETag": etag_of(ScimTokenSerializer(token).data),
            "Cache-Control": "no-store",
        }
        return Response(data, status=201, headers=headers)


class ScimTokenView(TenantView):
    needs = {"GET": MANAGE_PROVISIONING, "DELETE": MANAGE_PROVISIONING}
    etag_methods = ("GET",)

    @extend_schema(
        operation_id="scim_tokens_retrieve",
        summary="One provisioning token",
        responses={200: ScimTokenSerializer},
        examples=[examples.TOKEN],
    )
    def get(self, request: Request, scim_token_id: uuid.UUID) -> HttpResponseBase:
        return self.versioned(scim_token_for(self.actor, scim_token_id), ScimTokenSerializer)

    @extend_schema(
        operation_id="scim_tokens_revoke",
        summary="Revoke a provisioning token",
        description="It is refused from its next request on, for good. Members and groups stay.",
        responses={204: None},
    )
    def delete(self, request: Request, scim_token_id: uuid.UUID) -> Response:
        services.scim_token_revoke(actor=self.actor, token_id=scim_token_id)
        return Response(status=204)


class GroupsView(TenantView):
    needs = {"GET": MANAGE_PROVISIONING}

    @extend_schema(
        operation_id="groups_list",
        summary="Groups of the identity provider",
        description="Oldest first. The provider keeps them by SCIM; here they are mapped to roles.",
        responses={200: GroupSerializer(many=True)},
        examples=[examples.GROUP],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return self.page(counted_groups_for(self.actor), GroupSerializer)


class GroupView(TenantView):
    needs = {"GET": MANAGE_PROVISIONING, "PATCH": MANAGE_PROVISIONING}
    etag_methods = ("GET", "PATCH")

    @extend_schema(
        operation_id="groups_retrieve",
        summary="One group",
        responses={200: GroupSerializer},
        examples=[examples.GROUP],
    )
    def get(self, request: Request, group_id: uuid.UUID) -> HttpResponseBase:
        return self.versioned(counted_group_for(self.actor, group_id), GroupSerializer)

    @extend_schema(
        operation_id="groups_update",
        summary="Map a group to a role",
        description=(
            "Its members hold the role at the organization from now on, whoever the provider puts into "
            "it; both null: not any more. 403 for a role that allows more than you hold there, 400 "
            "`owner` for the owner's."
        ),
        request=GroupUpdateSerializer,
        responses={200: GroupSerializer},
        examples=[examples.GROUP_UPDATE, examples.GROUP],
    )
    def patch(self, request: Request, group_id: uuid.UUID) -> HttpResponseBase:
        data = self.body(GroupUpdateSerializer)
        with transaction.atomic():
            if self.has_condition:
                directory_locked()
                self.check_condition(counted_group_for(self.actor, group_id), GroupSerializer)
            services.group_map(actor=self.actor, group_id=group_id, **data)
            group = counted_group_for(self.actor, group_id)
        return self.versioned(group, GroupSerializer)
