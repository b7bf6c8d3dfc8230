"""API keys of the workspace: made by people, who see each key's text once."""

import uuid
from typing import Any

from django.db import transaction
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView, etag_of
from apps.roles import services
from apps.roles.api.v1 import examples
from apps.roles.api.v1.serializers_api_keys import (
    ApiKeyCreateSerializer,
    ApiKeyRotateSerializer,
    ApiKeySerializer,
    ApiKeyUpdateSerializer,
    NewApiKeySerializer,
)
from apps.roles.permissions import MANAGE_API_KEY
from apps.roles.selectors_api_keys import api_key_for, api_key_locked, api_keys_for
from apps.roles.services import NewApiKey


class ApiKeysView(TenantView):
    needs = {"GET": MANAGE_API_KEY, "POST": MANAGE_API_KEY}
    problems = {"POST": ("402", "409")}

    @extend_schema(
        operation_id="api_keys_list",
        summary="The workspace's API keys",
        description="Oldest first, also the revoked and expired ones, which stay for 90 days.",
        responses={200: ApiKeySerializer(many=True)},
        examples=[examples.API_KEY],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return self.page(api_keys_for(self.actor), ApiKeySerializer, again=True)

    @extend_schema(
        operation_id="api_keys_create",
        summary="Create an API key",
        description=(
            "The answer has the key itself, once. A permission that you do not hold there yourself "
            "answers 403; one that no key can have, 400 `not_for_keys`."
        ),
        request=ApiKeyCreateSerializer,
        responses={201: NewApiKeySerializer},
        examples=[examples.API_KEY_CREATE, examples.API_KEY_NEW],
    )
    def post(self, request: Request) -> Response:
        made = services.api_key_create(
            actor=self.actor, **_named(self.body(ApiKeyCreateSerializer))
        )
        response = _shown_once(made, status=201)
        response["Location"] = reverse("api_api_key", args=[made.key.id])
        return response


class ApiKeyView(TenantView):
    needs = {"GET": MANAGE_API_KEY, "PATCH": MANAGE_API_KEY, "DELETE": MANAGE_API_KEY}
    etag_methods = ("GET", "PATCH")
    problems = {"PATCH": ("409",), "DELETE": ("409",)}

    @extend_schema(
        operation_id="api_keys_retrieve",
        summary="One API key",
        responses={200: ApiKeySerializer},
        examples=[examples.API_KEY],
    )
    def get(self, request: Request, api_key_id: uuid.UUID) -> HttpResponseBase:
        return self.versioned(api_key_for(self.actor, api_key_id), ApiKeySerializer)

    @extend_schema(
        operation_id="api_keys_update",
        summary="Change an API key",
        description=(
            "`permissions` and `networks` replace the whole lists; the change holds from the key's next "
            "request on. 403 if the key would then allow what you lack there yourself, even when you "
            "change something else. 409 `api_key_revoked`, `api_key_expired`."
        ),
        request=ApiKeyUpdateSerializer,
        responses={200: ApiKeySerializer},
        examples=[examples.API_KEY_UPDATE, examples.API_KEY],
    )
    def patch(self, request: Request, api_key_id: uuid.UUID) -> HttpResponseBase:
        changes = _named(self.body(ApiKeyUpdateSerializer, partial=True))
        with transaction.atomic():
            if self.has_condition:
                self.check_condition(api_key_locked(self.actor, api_key_id), ApiKeySerializer)
            key = services.api_key_update(actor=self.actor, api_key_id=api_key_id, **changes)
        return self.versioned(key, ApiKeySerializer)

    @extend_schema(
        operation_id="api_keys_revoke",
        summary="Revoke an API key",
        description="It is refused from its next request on, for good. It stays in the list for 90 days.",
        responses={204: None},
    )
    def delete(self, request: Request, api_key_id: uuid.UUID) -> Response:
        services.api_key_revoke(actor=self.actor, api_key_id=api_key_id)
        return Response(status=204)


class ApiKeyRotateView(TenantView):
    needs = {"POST": MANAGE_API_KEY}
    etag_methods = ("POST",)
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="api_keys_rotate",
        summary="Rotate an API key",
        description=(
            "The answer has another key with the same permissions, once. The one of before is good for "
            "`overlap_s` more, at most until its own expiry; one of before that no longer. 403 if the key "
            "allows what you lack there yourself."
        ),
        request=ApiKeyRotateSerializer,
        responses={200: NewApiKeySerializer},
        examples=[examples.API_KEY_ROTATE, examples.API_KEY_NEW],
    )
    def post(self, request: Request, api_key_id: uuid.UUID) -> Response:
        data = self.body(ApiKeyRotateSerializer)
        with transaction.atomic():
            if self.has_condition:
                self.check_condition(api_key_locked(self.actor, api_key_id), ApiKeySerializer)
            made = services.api_key_rotate(actor=self.actor, api_key_id=api_key_id, **data)
        return _shown_once(made)


def _shown_once(made: NewApiKey, *, status: int = 200) -> Response:
    data = ApiKeySerializer(made.key).data
    return Response(
        {"key": made.text, **data},
        status=status,
        headers={"ETag": etag_of(data), "Cache-Control": "no-store"},
    )


def _named(data: dict[str, Any]) -> dict[str, Any]:
    """The body's fields under the names of the service's arguments."""
    if "permissions" in data:
        data["permission_codes"] = data.pop("permissions")
    return data
