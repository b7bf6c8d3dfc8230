"""Provisioning: tokens of identity providers."""

import uuid

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView, etag_of
from apps.organizations import services
from apps.organizations.api.v1 import examples_provisioning as examples
from apps.organizations.api.v1.serializers_provisioning import (
    NewScimTokenSerializer,
    ScimTokenCreateSerializer,
    ScimTokenSerializer,
)
from apps.organizations.permissions import MANAGE_PROVISIONING
from apps.organizations.selectors_directory import (
    scim_token_for,
    scim_tokens_for,
)


class ScimTokensView(TenantView):
    needs = {"GET": MANAGE_PROVISIONING, "POST": MANAGE_PROVISIONING}
    problems = {"POST": ("402", "409")}

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
