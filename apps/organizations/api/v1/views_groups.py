"""Groups: who is in them, and which roles they hold."""

import uuid

from django.db import transaction
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView
from apps.organizations import services
from apps.organizations.api.v1 import examples_access as examples
from apps.organizations.api.v1.serializers_access import (
    AccessPreviewSerializer,
    DryRunQuery,
    GroupCreateSerializer,
    GroupMembersAddSerializer,
    GroupPersonSerializer,
    GroupSerializer,
    GroupsQuery,
    GroupUpdateSerializer,
)
from apps.organizations.permissions import MANAGE_GROUP
from apps.organizations.selectors_directory import (
    counted_group_for,
    counted_groups_for,
    group_for,
    group_people,
    groups_for,
    groups_matching,
)
from apps.organizations.services.directory import directory_locked


class GroupsView(TenantView):
    # GET needs organizations.view_group or organizations.manage_provisioning: the selector decides.
    needs = {"POST": MANAGE_GROUP}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="groups_list",
        summary="Groups",
        description=(
            "Oldest first. Those of the identity provider are kept by SCIM; what they hold is decided here."
        ),
        parameters=[GroupsQuery],
        responses={200: GroupSerializer(many=True)},
        examples=[examples.GROUP],
    )
    def get(self, request: Request) -> Response:
        query = self.query(GroupsQuery)
        rows = groups_matching(counted_groups_for(self.actor), **query)
        return self.page(rows, GroupSerializer, again=True)

    @extend_schema(
        operation_id="groups_create",
        summary="Create a group",
        description="It is empty, and holds nothing. 409 `too_many` from 1,000 on.",
        request=GroupCreateSerializer,
        responses={201: GroupSerializer},
        examples=[examples.GROUP_CREATE, examples.GROUP],
    )
    def post(self, request: Request) -> HttpResponseBase:
        made = services.local_group_create(actor=self.actor, **self.body(GroupCreateSerializer))
        group = counted_group_for(self.actor, made.id)
        response = self.versioned(group, GroupSerializer, status=201)
        response["Location"] = reverse("api_group", args=[group.id])
        return response


class GroupView(TenantView):
    # PATCH needs organizations.manage_group for the name, roles.bind_role for what the group holds.
    needs = {"DELETE": MANAGE_GROUP}
    etag_methods = ("GET", "PATCH", "DELETE")
    problems = {"PATCH": ("409",), "DELETE": ("409",)}

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
        summary="Rename a group, or map it to a role",
        description=(
            "With a role, its members hold that role at the organization from now on, and nothing else "
            "through the group; both null: nothing. For more than one role, and times, there is "
            "`role-bindings/`. 403 for a role that allows more than you hold there, 400 `owner` for the "
            "owner's in a group of the identity provider. 409 `directory_group` for its name."
        ),
        request=GroupUpdateSerializer,
        responses={200: GroupSerializer},
        examples=[examples.GROUP_UPDATE, examples.GROUP],
    )
    def patch(self, request: Request, group_id: uuid.UUID) -> HttpResponseBase:
        # Refused before the input is looked at.
        groups_for(self.actor)
        data = self.body(GroupUpdateSerializer)
        with transaction.atomic():
            if self.has_condition:
                directory_locked()
                self.check_condition(counted_group_for(self.actor, group_id), GroupSerializer)
            if "name" in data:
                services.local_group_rename(
                    actor=self.actor, group_id=group_id, name=data.pop("name")
                )
            if data:
                services.group_map(actor=self.actor, group_id=group_id, **data)
            group = counted_group_for(self.actor, group_id)
        return self.versioned(group, GroupSerializer)

    @extend_schema(
        operation_id="groups_destroy",
        summary="Delete a group",
        description=(
            "Its members lose what they hold through it. With `dry_run=true` 200 with who would lose "
            "what. 409 `directory_group` for those of the identity provider."
        ),
        parameters=[DryRunQuery],
        responses={200: AccessPreviewSerializer, 204: None},
        examples=[examples.PREVIEW],
    )
    def delete(self, request: Request, group_id: uuid.UUID) -> Response:
        query = self.query(DryRunQuery)
        with transaction.atomic():
            if self.has_condition:
                directory_locked()
                self.check_condition(counted_group_for(self.actor, group_id), GroupSerializer)
            preview = services.local_group_delete(actor=self.actor, group_id=group_id, **query)
        if preview is not None:
            return Response(AccessPreviewSerializer(preview).data)
        return Response(status=204)


class GroupMembersView(TenantView):
    needs = {"POST": MANAGE_GROUP}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="groups_members_list",
        summary="Who is in a group",
        responses={200: GroupPersonSerializer(many=True)},
        examples=[examples.GROUP_PERSON],
    )
    def get(self, request: Request, group_id: uuid.UUID) -> Response:
        self.query()
        group = group_for(self.actor, group_id)
        return self.page(group_people(group), GroupPersonSerializer)

    @extend_schema(
        operation_id="groups_members_add",
        summary="Put members into a group",
        description=(
            "Whoever is in it stays. Answers with what they gain; with `dry_run` nothing is changed. 403 "
            "where the group holds more than you could give. 409 `directory_group`."
        ),
        request=GroupMembersAddSerializer,
        responses={200: AccessPreviewSerializer},
        examples=[examples.GROUP_MEMBERS_ADD, examples.PREVIEW],
    )
    def post(self, request: Request, group_id: uuid.UUID) -> Response:
        data = self.body(GroupMembersAddSerializer)
        with transaction.atomic():
            preview = services.group_members_add(
                actor=self.actor, group_id=group_id, member_ids=data["member_ids"], dry_run=True
            )
            if not data["dry_run"]:
                services.group_members_add(
                    actor=self.actor, group_id=group_id, member_ids=data["member_ids"]
                )
        return Response(AccessPreviewSerializer(preview).data)


class GroupMemberView(TenantView):
    needs = {"DELETE": MANAGE_GROUP}
    problems = {"DELETE": ("409",)}

    @extend_schema(
        operation_id="groups_members_remove",
        summary="Take a member out of a group",
        description="With `dry_run=true` 200 with what they would lose. 409 `directory_group`.",
        parameters=[DryRunQuery],
        responses={200: AccessPreviewSerializer, 204: None},
        examples=[examples.PREVIEW],
    )
    def delete(self, request: Request, group_id: uuid.UUID, member_id: uuid.UUID) -> Response:
        preview = services.group_member_remove(
            actor=self.actor, group_id=group_id, member_id=member_id, **self.query(DryRunQuery)
        )
        if preview is not None:
            return Response(AccessPreviewSerializer(preview).data)
        return Response(status=204)
