"""Workspaces: asking for one, watching it come, and the settings of the current one."""

import uuid
from typing import Any

from django.db import transaction
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.access import allows, authorize
from apps.common.api.idempotency import Once
from apps.common.api.views import PersonView, TenantView
from apps.tenants import selectors, services
from apps.tenants.api.v1 import examples
from apps.tenants.api.v1.serializers import (
    TenantCreateSerializer,
    TenantProgressSerializer,
    TenantSerializer,
    TenantSummarySerializer,
    TenantUpdateSerializer,
)
from apps.tenants.models import Tenant
from apps.tenants.permissions import MANAGE_DOMAINS, UPDATE_SETTINGS, VIEW_SETTINGS

LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    description="Path where status and progress are.",
    response=["202"],
)


class TenantsView(PersonView):
    once = Once.WITH_SYSTEMS
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="tenants_create",
        summary="Create a workspace",
        description=(
            "Reserves the address and answers at once; a worker sets the workspace up, usually within "
            "seconds. Follow `Location` to watch. A slug that cannot be used answers 400 with the code "
            "`slug_invalid`, `slug_reserved` or `slug_taken`; too many unfinished workspaces of yours "
            "409 `too_many_unfinished`."
        ),
        request=TenantCreateSerializer,
        responses={202: TenantSummarySerializer},
        parameters=[LOCATION],
        examples=[examples.CREATE, examples.REQUESTED],
    )
    def post(self, request: Request) -> Response:
        actor = self.actor
        assert actor.person_id is not None  # noqa: S101 - a person view's actor is a person
        tenant = services.tenant_create(
            actor=actor, owner_person_id=actor.person_id, **self.body(TenantCreateSerializer)
        )
        location = reverse("api_tenant_progress", args=[tenant.id])
        return Response(
            TenantSummarySerializer(tenant).data, status=202, headers={"Location": location}
        )


BRAND = ("accent_color", "mail_footer")


class TenantProgressView(PersonView):
    @extend_schema(
        operation_id="tenants_retrieve",
        summary="Status and progress of a workspace you asked for",
        description="Ask every second or so until `status` is `ready`, then go to `url`.",
        responses={200: TenantProgressSerializer},
        examples=[examples.PROGRESS],
    )
    def get(self, request: Request, tenant_id: uuid.UUID) -> Response:
        tenant = selectors.tenant_for(self.actor, tenant_id)
        return Response(
            TenantProgressSerializer(tenant).data, headers={"Cache-Control": "no-store"}
        )


class CurrentTenantView(TenantView):
    needs = {"GET": VIEW_SETTINGS}
    etag_methods = ("GET", "PATCH")
    problems = {"PATCH": ("409",)}

    @extend_schema(
        operation_id="tenant_retrieve",
        summary="The current workspace",
        responses={200: TenantSerializer},
        examples=[examples.CURRENT],
    )
    def get(self, request: Request) -> HttpResponseBase:
        return self.versioned(self._tenant, TenantSerializer)

    @extend_schema(
        operation_id="tenant_update",
        summary="Change the current workspace's name, brand or address",
        description=(
            "`slug` and `allowed_origins` need the permission `tenants.manage_domains`, the rest "
            "`tenants.update_settings`; all change, or none. An origin that cannot be allowed answers 400 "
            "with the code `origin_invalid`; a colour that white text cannot be read on with `contrast_low`. "
            "A slug that cannot be used answers 400 with the code `slug_invalid`, "
            "`slug_reserved` or `slug_taken`; a workspace with too many addresses 409 `too_many_domains`. "
            "Pages of the old address redirect to the new one; the API goes on there, and `X-Tenant` "
            "with the old slug, until the old address is removed (see `tenant/domains/`)."
        ),
        request=TenantUpdateSerializer,
        responses={200: TenantSerializer},
        examples=[
            examples.RENAME,
            examples.BRAND,
            examples.ORIGINS,
            examples.READDRESS,
            examples.CURRENT,
        ],
    )
    def patch(self, request: Request) -> HttpResponseBase:
        if not allows(self.actor, MANAGE_DOMAINS):
            authorize(self.actor, UPDATE_SETTINGS)
        changes = self.body(TenantUpdateSerializer, partial=True)
        tenant = self._tenant
        with transaction.atomic():
            if self.has_condition:
                tenant = services.lock(tenant.id)
                self.check_condition(tenant, TenantSerializer)
            if "name" in changes:
                tenant = services.tenant_rename(
                    actor=self.actor, tenant_id=tenant.id, name=changes["name"]
                )
            brand = {field: changes[field] for field in BRAND if field in changes}
            if brand:
                tenant = services.tenant_brand_set(actor=self.actor, tenant_id=tenant.id, **brand)
            if "allowed_origins" in changes:
                tenant = services.allowed_origins_set(
                    actor=self.actor, tenant_id=tenant.id, origins=changes["allowed_origins"]
                )
            if "slug" in changes:
                tenant = services.tenant_readdress(
                    actor=self.actor, tenant_id=tenant.id, slug=changes["slug"]
                )
        return self.versioned(tenant, TenantSerializer)

    @property
    def _tenant(self) -> Tenant:
        request: Any = self.request._request
        tenant: Tenant = request.tenant
        return tenant
