"""The members of the workspace."""

import uuid

from django.db import transaction
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.access import scope_of
from apps.common.api.views import TenantView
from apps.organizations import permissions as p
from apps.organizations import selectors, services
from apps.organizations.api.v1 import examples
from apps.organizations.api.v1.listings import MEMBERS
from apps.organizations.api.v1.serializers import (
    MemberOrganizationSerializer,
    MemberSerializer,
    MembersQuery,
    MemberUpdateSerializer,
    OffboardedSerializer,
    OffboardSerializer,
)
from apps.organizations.enums import MemberStatus
from apps.organizations.services.directory import directory_locked
from apps.roles.selectors import owner_role_locked


class MembersView(TenantView):
    needs = {"GET": p.VIEW_MEMBER}

    @extend_schema(
        operation_id="members_list",
        summary="The members",
        description="Those that you may see, with their roles. New members come by invitation.",
        parameters=[MembersQuery],
        responses={200: MemberSerializer(many=True)},
        examples=[examples.MEMBER],
    )
    def get(self, request: Request) -> Response:
        return self.listed(MEMBERS, scope_of(self.actor, p.VIEW_MEMBER))


class MemberView(TenantView):
    # DELETE needs organizations.remove_member, but not from those who leave: the service decides.
    needs = {"GET": p.VIEW_MEMBER, "PATCH": p.UPDATE_MEMBER}
    etag_methods = ("GET", "PATCH", "DELETE")
    problems = {"PATCH": ("402", "409"), "DELETE": ("409",)}

    @extend_schema(
        operation_id="members_retrieve",
        summary="One member",
        responses={200: MemberSerializer},
        examples=[examples.MEMBER],
    )
    def get(self, request: Request, member_id: uuid.UUID) -> HttpResponseBase:
        return self.versioned(selectors.member_for(self.actor, member_id), MemberSerializer)

    @extend_schema(
        operation_id="members_update",
        summary="Deactivate, reactivate or move a member",
        description=(
            "Effective on the member's next request. 409 `last_owner`, `own_membership`, "
            "`organization_archived`; 402 without a seat."
        ),
        request=MemberUpdateSerializer,
        responses={200: MemberSerializer},
        examples=[examples.MEMBER_UPDATE, examples.MEMBER],
    )
    def patch(self, request: Request, member_id: uuid.UUID) -> HttpResponseBase:
        changes = self.body(MemberUpdateSerializer)
        with transaction.atomic():
            if self.has_condition:
                owner_role_locked()
            member = selectors.member_for(self.actor, member_id)
            self.check_condition(member, MemberSerializer)
            if "status" in changes:
                member = services.member_update_status(
                    actor=self.actor, member_id=member_id, status=MemberStatus(changes["status"])
                )
            if "organization_id" in changes:
                services.member_move(
                    actor=self.actor,
                    member_id=member_id,
                    organization_id=changes["organization_id"],
                )
                member = selectors.member_for(self.actor, member_id)
        return self.versioned(member, MemberSerializer)

    @extend_schema(
        operation_id="members_destroy",
        summary="Remove a member, or leave",
        description=(
            "Takes all their roles; history keeps their name. Needs the permission "
            "`organizations.remove_member`, except to leave oneself. 409 `last_owner`."
        ),
        responses={204: None},
    )
    def delete(self, request: Request, member_id: uuid.UUID) -> Response:
        with transaction.atomic():
            if self.has_condition:
                directory_locked()
                owner_role_locked()
                self.check_condition(selectors.member_for(self.actor, member_id), MemberSerializer)
            services.member_update_status(
                actor=self.actor, member_id=member_id, status=MemberStatus.REMOVED
            )
        return Response(status=204)


class MemberOrganizationView(TenantView):
    needs = {"PUT": p.UPDATE_MEMBER, "DELETE": p.UPDATE_MEMBER}
    problems = {"PUT": ("409",), "DELETE": ("409",)}

    @extend_schema(
        operation_id="members_organizations_update",
        summary="Let a member belong to an organization",
        description=(
            "Besides the primary one; with `primary` it becomes that, and the one before stays a further "
            "one. It gives no role. 409 `organization_archived`, `too_many`."
        ),
        request=MemberOrganizationSerializer,
        responses={200: MemberSerializer},
        examples=[examples.MEMBER_ORGANIZATION, examples.MEMBER],
    )
    def put(
        self, request: Request, member_id: uuid.UUID, organization_id: uuid.UUID
    ) -> HttpResponseBase:
        data = self.body(MemberOrganizationSerializer)
        with transaction.atomic():
            services.member_place(
                actor=self.actor, member_id=member_id, organization_id=organization_id
            )
            if data["primary"]:
                services.member_set_primary(
                    actor=self.actor, member_id=member_id, organization_id=organization_id
                )
        return self.versioned(selectors.member_for(self.actor, member_id), MemberSerializer)

    @extend_schema(
        operation_id="members_organizations_destroy",
        summary="Take a member out of an organization",
        description="Not of the primary one: 409 `primary_organization`. Roles stay where they are.",
        responses={204: None},
    )
    def delete(
        self, request: Request, member_id: uuid.UUID, organization_id: uuid.UUID
    ) -> Response:
        services.member_unplace(
            actor=self.actor, member_id=member_id, organization_id=organization_id
        )
        return Response(status=204)


class MemberOffboardView(TenantView):
    problems = {"POST": ("404", "409")}

    @extend_schema(
        operation_id="members_offboard",
        summary="Remove a member and hand over what they own",
        description=(
            "Like removing, but what the member owns (open invitations; the workspace, for its only owner; "
            "what the product adds) goes to another member. `dry_run` only says what it is."
        ),
        request=OffboardSerializer,
        responses={200: OffboardedSerializer},
        examples=[examples.OFFBOARD, examples.OFFBOARDED],
    )
    def post(self, request: Request, member_id: uuid.UUID) -> Response:
        owned = services.member_offboard(
            actor=self.actor, member_id=member_id, **self.body(OffboardSerializer)
        )
        return Response(OffboardedSerializer({"handed_over": owned}).data)
