"""The identity provider that people sign in to the current workspace by."""

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.v1 import examples_identity_provider as examples
from apps.accounts.api.v1.serializers_identity_provider import (
    IdentityProviderConnectSerializer,
    IdentityProviderSerializer,
    IdentityProviderUpdateSerializer,
)
from apps.accounts.enums import ProviderState
from apps.accounts.oidc import tenant_providers
from apps.accounts.permissions import MANAGE_IDENTITY_PROVIDER
from apps.common.api.views import TenantView
from apps.common.errors import NotFound


class IdentityProviderView(TenantView):
    needs = dict.fromkeys(("GET", "PUT", "PATCH", "DELETE"), MANAGE_IDENTITY_PROVIDER)
    etag_methods = ("GET",)
    problems = {"PUT": ("402", "409"), "PATCH": ("402", "409")}

    @extend_schema(
        operation_id="identity_provider_retrieve",
        summary="The workspace's identity provider",
        description="With what its last test found. 404 where none is connected.",
        responses={200: IdentityProviderSerializer},
        examples=[examples.PROVIDER],
    )
    def get(self, request: Request) -> HttpResponseBase:
        provider = tenant_providers.provider_for(self.actor)
        if provider is None:
            raise NotFound
        return self.versioned(provider, IdentityProviderSerializer)

    @extend_schema(
        operation_id="identity_provider_connect",
        summary="Connect an identity provider",
        description=(
            "Fetches the discovery document, which takes up to 5 seconds; it and all addresses in it must "
            "be https and public. Another address or client begins anew as a draft, to be tested on the "
            "settings page, and answers 409 `provider_on` while people sign in by the present one."
        ),
        request=IdentityProviderConnectSerializer,
        responses={200: IdentityProviderSerializer},
        examples=[examples.CONNECT, examples.PROVIDER],
    )
    def put(self, request: Request) -> Response:
        data = self.body(IdentityProviderConnectSerializer)
        provider = tenant_providers.provider_connect(
            actor=self.actor, discovery_url_given=data.pop("discovery_url"), **data
        )
        return Response(IdentityProviderSerializer(provider).data)

    @extend_schema(
        operation_id="identity_provider_update",
        summary="Turn it on or off, enforce it, say who joins by it",
        description=(
            "409: `provider_not_tested`, `provider_not_on`, `no_verified_domain`, `no_break_glass` (no owner "
            "is named who may come in without it), `would_lock_you_out`."
        ),
        request=IdentityProviderUpdateSerializer,
        responses={200: IdentityProviderSerializer},
        examples=[examples.ENFORCE, examples.PROVIDER],
    )
    def patch(self, request: Request) -> Response:
        data = self.body(IdentityProviderUpdateSerializer, partial=True)
        if "state" in data:
            data["state"] = ProviderState(data["state"])
        provider = tenant_providers.provider_update(actor=self.actor, **data)
        return Response(IdentityProviderSerializer(provider).data)

    @extend_schema(
        operation_id="identity_provider_destroy",
        summary="Disconnect the identity provider",
        description="People sign in with what else they have; who was who there is forgotten.",
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        tenant_providers.provider_remove(actor=self.actor)
        return Response(status=204)
