"""The tree of organizations."""

import uuid

from django.db import transaction
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.access import scope_of
from apps.common.api.views import TenantView
from apps.organizations import permissions as p
from apps.organizations import selectors, services
from apps.organizations.api.v1 import examples, examples_access
from apps.organizations.api.v1.listings import ORGANIZATIONS
from apps.organizations.api.v1.serializers import (
    OrganizationCreateSerializer,
    OrganizationMoveSerializer,
    OrganizationSerializer,
    OrganizationsQuery,
    OrganizationUpdateSerializer,
)
from apps.organizations.api.v1.serializers_access import (
    AccessPreviewSerializer,
    MovePreviewSerializer,
)
from apps.organizations.tree_lock import tree_locked


class OrganizationsView(TenantView):
    needs = {"GET": p.VIEW_ORGANIZATION, "POST": p.CREATE_ORGANIZATION}
    problems = {"POST": ("402", "409")}

    @extend_schema(
        operation_id="organizations_list",
        summary="The organizations, in tree order",
        description=(
            "Depth first: a parent comes before its children. Those that you may see; the root is the "
            "workspace itself. Archived ones are left out unless `archived` asks for them."
        ),
        parameters=[OrganizationsQuery],
        responses={200: OrganizationSerializer(many=True)},
        examples=[examples.ORGANIZATION],
    )
    def get(self, request: Request) -> Response:
        return self.listed(ORGANIZATIONS, scope_of(self.actor, p.VIEW_ORGANIZATION))

    @extend_schema(
        operation_id="organizations_create",
        summary="Add an organization below another",
        request=OrganizationCreateSerializer,
        responses={201: OrganizationSerializer},
        examples=[examples.ORGANIZATION_CREATE, examples.ORGANIZATION],
    )
    def post(self, request: Request) -> HttpResponseBase:
        data = self.body(OrganizationCreateSerializer)
        created = services.organization_create(
            actor=self.actor, name=data["name"], parent_id=data["parent"]
        )
        organization = selectors.organization_for(self.actor, created.id)
        response = self.versioned(organization, OrganizationSerializer, status=201)
        response["Location"] = reverse("api_organization", args=[created.id])
        return response


class OrganizationView(TenantView):
    needs = {
        "GET": p.VIEW_ORGANIZATION,
        "PATCH": p.UPDATE_ORGANIZATION,
        "DELETE": p.DELETE_ORGANIZATION,
    }
    etag_methods = ("GET", "PATCH", "DELETE")
    problems = {"DELETE": ("409",)}

    @extend_schema(
        operation_id="organizations_retrieve",
        summary="One organization",
        responses={200: OrganizationSerializer},
        examples=[examples.ORGANIZATION],
    )
    def get(self, request: Request, organization_id: uuid.UUID) -> HttpResponseBase:
        organization = selectors.organization_for(self.actor, organization_id)
        return self.versioned(organization, OrganizationSerializer)

    @extend_schema(
        operation_id="organizations_update",
        summary="Rename an organization",
        request=OrganizationUpdateSerializer,
        responses={200: OrganizationSerializer},
        examples=[examples.ORGANIZATION_UPDATE, examples.ORGANIZATION],
    )
    def patch(self, request: Request, organization_id: uuid.UUID) -> HttpResponseBase:
        changes = self.body(OrganizationUpdateSerializer, partial=True)
        with transaction.atomic():
            if self.has_condition:
                tree_locked(self.actor)
            organization = selectors.organization_for(self.actor, organization_id)
            self.check_condition(organization, OrganizationSerializer)
            if changes:
                organization = services.organization_rename(
                    actor=self.actor, organization_id=organization_id, **changes
                )
        return self.versioned(organization, OrganizationSerializer)

    @extend_schema(
        operation_id="organizations_destroy",
        summary="Delete an organization that is empty",
        description="409 `organization_not_empty` while it has members, roles or organizations.",
        responses={204: None},
    )
    def delete(self, request: Request, organization_id: uuid.UUID) -> Response:
        with transaction.atomic():
            if self.has_condition:
                tree_locked(self.actor)
                organization = selectors.organization_for(self.actor, organization_id)
                self.check_condition(organization, OrganizationSerializer)
            services.organization_delete(actor=self.actor, organization_id=organization_id)
        return Response(status=204)


class OrganizationMoveView(TenantView):
    needs = {"POST": p.MOVE_ORGANIZATION}
    problems = {"POST": ("402", "409")}

    @extend_schema(
        operation_id="organizations_move",
        summary="Hang an organization under another",
        description=(
            "With all below it. Roles are inherited downwards, so the answer says which members gain and "
            "lose which permissions in it. With `dry_run` nothing is changed. 409 `cycle`, `too_deep`, "
            "`root_organization` or `organization_archived`."
        ),
        request=OrganizationMoveSerializer,
        responses={200: MovePreviewSerializer},
        examples=[examples.MOVE, examples_access.MOVE_PREVIEW],
    )
    def post(self, request: Request, organization_id: uuid.UUID) -> Response:
        data = self.body(OrganizationMoveSerializer)
        preview = services.organization_move(
            actor=self.actor,
            organization_id=organization_id,
            parent_id=data["parent"],
            dry_run=data["dry_run"],
        )
        access = AccessPreviewSerializer(preview.access).data
        return Response({**access, "organizations": preview.organizations})
