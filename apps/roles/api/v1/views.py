"""Roles of the workspace, and the permissions that they are made of."""

import uuid
from typing import Any

from django.db import transaction
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.access import permissions
from apps.common.api.views import TenantView
from apps.roles import selectors, services
from apps.roles.api.v1 import examples
from apps.roles.api.v1.serializers import (
    PermissionSerializer,
    RoleInputSerializer,
    RoleSerializer,
)
from apps.roles.permissions import MANAGE_ROLE, VIEW_ROLE


class PermissionsView(TenantView):
    needs = {"GET": VIEW_ROLE}

    @extend_schema(
        operation_id="permissions_list",
        summary="Every permission there is",
        description="In the order of the codes, on one page.",
        responses={200: PermissionSerializer(many=True)},
        examples=[examples.PERMISSION],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return self.whole(list(permissions().values()), PermissionSerializer)


class RolesView(TenantView):
    needs = {"GET": VIEW_ROLE, "POST": MANAGE_ROLE}

    @extend_schema(
        operation_id="roles_list",
        summary="The workspace's roles",
        description="In the order of their creation: the system roles come first.",
        responses={200: RoleSerializer(many=True)},
        examples=[examples.ROLE],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return self.page(selectors.roles_for(self.actor), RoleSerializer)

    @extend_schema(
        operation_id="roles_create",
        summary="Create a custom role",
        description="A permission that you do not hold in the whole workspace yourself answers 403.",
        request=RoleInputSerializer,
        responses={201: RoleSerializer},
        examples=[examples.ROLE_CREATE, examples.ROLE],
    )
    def post(self, request: Request) -> HttpResponseBase:
        role = services.role_create(actor=self.actor, **_named(self.body(RoleInputSerializer)))
        response = self.versioned(role, RoleSerializer, status=201)
        response["Location"] = reverse("api_role", args=[role.id])
        return response


class RoleView(TenantView):
    needs = {"GET": VIEW_ROLE, "PATCH": MANAGE_ROLE, "DELETE": MANAGE_ROLE}
    etag_methods = ("GET", "PATCH")
    problems = {"PATCH": ("409",), "DELETE": ("409",)}

    @extend_schema(
        operation_id="roles_retrieve",
        summary="One role",
        responses={200: RoleSerializer},
        examples=[examples.ROLE],
    )
    def get(self, request: Request, role_id: uuid.UUID) -> HttpResponseBase:
        return self.versioned(selectors.role_for(self.actor, role_id), RoleSerializer)

    @extend_schema(
        operation_id="roles_update",
        summary="Change a custom role",
        description=(
            "`permissions` replaces the whole set. System roles answer 409 `system_role`. Members who "
            "hold the role feel it on their next request."
        ),
        request=RoleInputSerializer,
        responses={200: RoleSerializer},
        examples=[examples.ROLE_UPDATE, examples.ROLE],
    )
    def patch(self, request: Request, role_id: uuid.UUID) -> HttpResponseBase:
        changes = _named(self.body(RoleInputSerializer, partial=True))
        with transaction.atomic():
            if self.has_condition:
                self.check_condition(selectors.role_locked(self.actor, role_id), RoleSerializer)
            role = services.role_update(actor=self.actor, role_id=role_id, **changes)
        return self.versioned(role, RoleSerializer)

    @extend_schema(
        operation_id="roles_destroy",
        summary="Delete a custom role",
        description="409 `role_in_use` while somebody holds it, `system_role` for a system role.",
        responses={204: None},
    )
    def delete(self, request: Request, role_id: uuid.UUID) -> Response:
        services.role_delete(actor=self.actor, role_id=role_id)
        return Response(status=204)


def _named(data: dict[str, Any]) -> dict[str, Any]:
    """The body's fields under the names of the service's arguments."""
    if "permissions" in data:
        data["permission_codes"] = data.pop("permissions")
    return data
