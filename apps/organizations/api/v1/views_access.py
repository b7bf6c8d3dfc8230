"""Who holds which role where, and why somebody may do something."""

import uuid

from django.db import transaction
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.access import scope_of
from apps.common.api.views import TenantView
from apps.organizations import permissions as p
from apps.organizations import selectors, services
from apps.organizations.api.v1 import examples_access as examples
from apps.organizations.api.v1.listings import BINDINGS
from apps.organizations.api.v1.serializers_access import (
    AccessPreviewSerializer,
    AccessQuery,
    DryRunQuery,
    ExplainQuery,
    ExplanationSerializer,
    MemberAccessSerializer,
    RoleBindingCreateSerializer,
    RoleBindingSerializer,
    RoleBindingsQuery,
    RoleBindingUpdateSerializer,
    RoleRetireSerializer,
)
from apps.organizations.selectors_access import access_explain, member_access
from apps.roles.permissions import BIND_ROLE, MANAGE_ROLE, VIEW_ROLE
from apps.roles.selectors import owner_role_locked


class RoleBindingsView(TenantView):
    needs = {"GET": p.VIEW_MEMBER, "POST": BIND_ROLE}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="role_bindings_list",
        summary="Who holds which role where",
        description="Members and groups, also what is scheduled and what has ended.",
        parameters=[RoleBindingsQuery],
        responses={200: RoleBindingSerializer(many=True)},
        examples=[examples.BINDING],
    )
    def get(self, request: Request) -> Response:
        seen = scope_of(self.actor, p.VIEW_MEMBER)
        return self.listed(BINDINGS, (seen, selectors.sees_groups(self.actor)))

    @extend_schema(
        operation_id="role_bindings_create",
        summary="Give a member or a group a role",
        description=(
            "At an organization and all below it; at the root, in the whole workspace. From `starts_at` "
            "until `ends_at`. A role that allows more than you hold there yourself answers 403."
        ),
        request=RoleBindingCreateSerializer,
        responses={201: RoleBindingSerializer},
        examples=[examples.BINDING_CREATE, examples.BINDING],
    )
    def post(self, request: Request) -> Response:
        binding = services.binding_create(
            actor=self.actor, **self.body(RoleBindingCreateSerializer)
        )
        location = reverse("api_role_binding", args=[binding.id])
        data = RoleBindingSerializer(binding).data
        return Response(data, status=201, headers={"Location": location})


class RoleBindingView(TenantView):
    needs = {"GET": p.VIEW_MEMBER, "PATCH": BIND_ROLE, "DELETE": BIND_ROLE}
    etag_methods = ("GET", "PATCH", "DELETE")
    problems = {"PATCH": ("409",), "DELETE": ("409",)}

    @extend_schema(
        operation_id="role_bindings_retrieve",
        summary="One binding",
        responses={200: RoleBindingSerializer},
        examples=[examples.BINDING],
    )
    def get(self, request: Request, binding_id: uuid.UUID) -> HttpResponseBase:
        return self.versioned(selectors.binding_for(self.actor, binding_id), RoleBindingSerializer)

    def _check(self, binding_id: uuid.UUID) -> None:
        """Compare If-Match, if there is one, under the lock of the change. Raises PreconditionFailed."""
        if self.has_condition:
            owner_role_locked()
            binding = selectors.binding_for(self.actor, binding_id)
            self.check_condition(binding, RoleBindingSerializer)

    @extend_schema(
        operation_id="role_bindings_update",
        summary="Say when a binding ends",
        description=(
            "With `dry_run` the answer is who gains and who loses what, and nothing is changed; else the "
            "binding. 409 `last_owner` for the last one, `ended` for one that has."
        ),
        request=RoleBindingUpdateSerializer,
        responses={
            200: PolymorphicProxySerializer(
                component_name="RoleBindingOrPreview",
                serializers=[RoleBindingSerializer, AccessPreviewSerializer],
                resource_type_field_name=None,
            )
        },
        examples=[examples.BINDING_UPDATE, examples.BINDING],
    )
    def patch(self, request: Request, binding_id: uuid.UUID) -> HttpResponseBase:
        changes = self.body(RoleBindingUpdateSerializer)
        with transaction.atomic():
            self._check(binding_id)
            binding, preview = services.binding_end(
                actor=self.actor, binding_id=binding_id, **changes
            )
        if preview is not None:
            return Response(AccessPreviewSerializer(preview).data)
        return self.versioned(binding, RoleBindingSerializer)

    @extend_schema(
        operation_id="role_bindings_destroy",
        summary="Take a role from a member or a group",
        description="With `dry_run=true` 200 with who would lose what. 409 `last_owner` for the last one.",
        parameters=[DryRunQuery],
        responses={200: AccessPreviewSerializer, 204: None},
        examples=[examples.PREVIEW],
    )
    def delete(self, request: Request, binding_id: uuid.UUID) -> Response:
        query = self.query(DryRunQuery)
        with transaction.atomic():
            self._check(binding_id)
            preview = services.binding_delete(actor=self.actor, binding_id=binding_id, **query)
        if preview is not None:
            return Response(AccessPreviewSerializer(preview).data)
        return Response(status=204)


class RoleRetireView(TenantView):
    needs = {"POST": MANAGE_ROLE}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="roles_retire",
        summary="Delete a custom role, also one that is held",
        description=(
            "Answers with who loses what. `dry_run` changes nothing. Without `with_bindings` a role that "
            "somebody holds answers 409 `role_in_use`. 403 where you could not take it."
        ),
        request=RoleRetireSerializer,
        responses={200: AccessPreviewSerializer},
        examples=[examples.RETIRE, examples.PREVIEW],
    )
    def post(self, request: Request, role_id: uuid.UUID) -> Response:
        preview = services.role_retire(
            actor=self.actor, role_id=role_id, **self.body(RoleRetireSerializer)
        )
        return Response(AccessPreviewSerializer(preview).data)


class ExplainView(TenantView):
    needs = {"GET": VIEW_ROLE}

    @extend_schema(
        operation_id="access_explain",
        summary="Whether a member may do something, and why",
        description=(
            "The whole chain: the binding, through which group, the role, where it is held, and the path "
            "from there; or which roles are missing, and where it is held only. What can only be held in "
            "the whole workspace is asked about there."
        ),
        parameters=[ExplainQuery],
        responses={200: ExplanationSerializer},
        examples=[examples.EXPLANATION],
    )
    def get(self, request: Request) -> Response:
        query = self.query(ExplainQuery)
        explanation = access_explain(
            self.actor,
            member_id=query["member"],
            permission=query["permission"],
            organization_id=query.get("organization"),
        )
        return Response(ExplanationSerializer(explanation).data)


class MemberAccessView(TenantView):
    needs = {"GET": VIEW_ROLE}

    @extend_schema(
        operation_id="members_access",
        summary="What a member may do, where, and why",
        description="Every permission at one organization, or in the whole workspace.",
        parameters=[AccessQuery],
        responses={200: MemberAccessSerializer},
        examples=[examples.ACCESS],
    )
    def get(self, request: Request, member_id: uuid.UUID) -> Response:
        query = self.query(AccessQuery)
        access = member_access(
            self.actor, member_id=member_id, organization_id=query.get("organization")
        )
        return Response(MemberAccessSerializer(access).data)
