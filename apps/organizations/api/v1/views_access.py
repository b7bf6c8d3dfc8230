"""Who holds which role where, and why somebody may do something."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView
from apps.organizations import permissions as p
from apps.organizations import selectors, services
from apps.organizations.api.v1 import examples
from apps.organizations.api.v1.serializers import (
    ExplainQuery,
    ExplanationSerializer,
    RoleBindingCreateSerializer,
    RoleBindingSerializer,
    RoleBindingsQuery,
)
from apps.roles.permissions import BIND_ROLE, VIEW_ROLE


class RoleBindingsView(TenantView):
    needs = {"GET": p.VIEW_MEMBER, "POST": BIND_ROLE}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="role_bindings_list",
        summary="Who holds which role where",
        parameters=[RoleBindingsQuery],
        responses={200: RoleBindingSerializer(many=True)},
        examples=[examples.BINDING],
    )
    def get(self, request: Request) -> Response:
        filters = {f"{name}_id": value for name, value in self.query(RoleBindingsQuery).items()}
        return self.page(
            selectors.bindings_for(self.actor).filter(**filters), RoleBindingSerializer
        )

    @extend_schema(
        operation_id="role_bindings_create",
        summary="Give a member a role",
        description=(
            "At an organization and all below it; at the root, in the whole workspace. A role that "
            "allows more than you hold there yourself answers 403."
        ),
        request=RoleBindingCreateSerializer,
        responses={201: RoleBindingSerializer},
        examples=[examples.BINDING_CREATE, examples.BINDING],
    )
    def post(self, request: Request) -> Response:
        binding = services.binding_create(
            actor=self.actor, **self.body(RoleBindingCreateSerializer)
        )
        return Response(RoleBindingSerializer(binding).data, status=201)


class RoleBindingView(TenantView):
    needs = {"DELETE": BIND_ROLE}
    problems = {"DELETE": ("409",)}

    @extend_schema(
        operation_id="role_bindings_destroy",
        summary="Take a role from a member",
        description="409 `last_owner` for the last one.",
        responses={204: None},
    )
    def delete(self, request: Request, binding_id: uuid.UUID) -> Response:
        services.binding_delete(actor=self.actor, binding_id=binding_id)
        return Response(status=204)


class ExplainView(TenantView):
    needs = {"GET": VIEW_ROLE}

    @extend_schema(
        operation_id="access_explain",
        summary="Whether a member may do something, and why",
        parameters=[ExplainQuery],
        responses={200: ExplanationSerializer},
        examples=[examples.EXPLANATION],
    )
    def get(self, request: Request) -> Response:
        query = self.query(ExplainQuery)
        decision = selectors.access_explain(
            self.actor,
            member_id=query["member"],
            permission=query["permission"],
            organization_id=query.get("organization"),
        )
        return Response(ExplanationSerializer(decision).data)
