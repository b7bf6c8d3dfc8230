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
    RoleComparisonQuery,
    RoleComparisonSerializer,
    RoleInputSerializer,
    RoleSerializer,
    RoleUpdateSerializer,
)
from apps.roles.permissions import MANAGE_ROLE, VIEW_ROLE
from apps.roles.selectors_comparison import roles_compare


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
    problems = {"POST": ("402",)}

    @extend_schema(
        operation_id="roles_list",
        summary="The workspace's roles",
        description="In the order of their creation: the system roles come first.",
        responses={200: RoleSerializer(many=True)},
        examples=[examples.ROLE],
    )
    def get(self, request: Request) -> Response:
        self.query()
        found = selectors.with_includes(selectors.roles_for(self.actor))
        return self.page(found, RoleSerializer, again=True)

    @extend_schema(
        operation_id="roles_create",
        summary="Create a custom role",
        description=(
            "A permission that you do not hold in the whole workspace yourself answers 403, also one that "
            "comes with an included role."
        ),
        request=RoleInputSerializer,
        responses={201: RoleSerializer},
        examples=[examples.ROLE_CREATE, examples.ROLE],
    )
    def post(self, request: Request) -> HttpResponseBase:
        role = services.role_create(actor=self.actor, **_named(self.body(RoleInputSerializer)))
        role = selectors.role_for(self.actor, role.id)
        response = self.versioned(role, RoleSerializer, status=201)
        response["Location"] = reverse("api_role", args=[role.id])
        return response


class RoleComparisonView(TenantView):
    needs = {"GET": VIEW_ROLE}

    @extend_schema(
        operation_id="roles_compare",
        summary="Two roles beside each other",
        description="What only one of them allows, what both do, and where each permission comes from.",
        parameters=[RoleComparisonQuery],
        responses={200: RoleComparisonSerializer},
        examples=[examples.COMPARISON],
    )
    def get(self, request: Request) -> Response:
        query = self.query(RoleComparisonQuery)
        found = roles_compare(self.actor, query["a"], query["b"])
        return Response(RoleComparisonSerializer(found).data)


class RoleView(TenantView):
    needs = {"GET": VIEW_ROLE, "PATCH": MANAGE_ROLE, "DELETE": MANAGE_ROLE}
    etag_methods = ("GET", "PATCH", "DELETE")
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
            "`permissions` and `includes` replace the whole set. System roles answer 409 `system_role`. "
            "Members who hold the role, or one that includes it, feel it on their next request."
        ),
        request=RoleUpdateSerializer,
        responses={200: RoleSerializer},
        examples=[examples.ROLE_UPDATE, examples.ROLE],
    )
    def patch(self, request: Request, role_id: uuid.UUID) -> HttpResponseBase:
        changes = _named(self.body(RoleUpdateSerializer, partial=True))
        with transaction.atomic():
            if self.has_condition:
                self.check_condition(selectors.role_locked(self.actor, role_id), RoleSerializer)
            services.role_update(actor=self.actor, role_id=role_id, **changes)
            role = selectors.role_for(self.actor, role_id)
        return self.versioned(role, RoleSerializer)

    @extend_schema(
        operation_id="roles_destroy",
        summary="Delete a custom role",
        description=(
            "409 `role_in_use` while somebody holds it, `role_included` while another role includes it, "
            "`system_role` for a system role."
        ),
        responses={204: None},
    )
    def delete(self, request: Request, role_id: uuid.UUID) -> Response:
        with transaction.atomic():
            if self.has_condition:
                self.check_condition(selectors.role_locked(self.actor, role_id), RoleSerializer)
            services.role_delete(actor=self.actor, role_id=role_id)
        return Response(status=204)


def _named(data: dict[str, Any]) -> dict[str, Any]:
    """The body's fields under the names of the service's arguments."""
    if "permissions" in data:
        data["permission_codes"] = data.pop("permissions")
    if "unknown_permissions" in data:
        data["unknown_codes"] = data.pop("unknown_permissions")
    return data
