"""Invitations: made and taken back by members, accepted by the person they are for."""

import uuid

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Person
from apps.common.api.views import PersonView, TenantView
from apps.common.errors import NotAuthenticated
from apps.organizations import selectors, services
from apps.organizations.api.v1 import examples
from apps.organizations.api.v1.serializers import (
    InvitationAcceptedSerializer,
    InvitationAcceptSerializer,
    InvitationCreateSerializer,
    InvitationSerializer,
    InvitationsQuery,
)
from apps.organizations.permissions import INVITE_MEMBER


class InvitationsView(TenantView):
    needs = {"GET": INVITE_MEMBER, "POST": INVITE_MEMBER}
    problems = {"POST": ("402", "409")}

    @extend_schema(
        operation_id="invitations_list",
        summary="The invitations",
        description="Oldest first, whatever became of them.",
        parameters=[InvitationsQuery],
        responses={200: InvitationSerializer(many=True)},
        examples=[examples.INVITATION],
    )
    def get(self, request: Request) -> Response:
        rows = selectors.invitations_matching(
            selectors.invitations_for(self.actor), **self.query(InvitationsQuery)
        )
        return self.page(rows, InvitationSerializer)

    @extend_schema(
        operation_id="invitations_create",
        summary="Invite a person by e-mail",
        description=(
            "A worker sends the link, which is good once and for a week. A role that allows more than "
            "you hold yourself answers 403; 409 `already_member`, `already_invited`; 402 without a seat."
        ),
        request=InvitationCreateSerializer,
        responses={201: InvitationSerializer},
        examples=[examples.INVITATION_CREATE, examples.INVITATION],
    )
    def post(self, request: Request) -> HttpResponseBase:
        data = self.body(InvitationCreateSerializer)
        organization_id = data.pop("organization_id", None) or selectors.root_organization().id
        invitation = services.invitation_create(
            actor=self.actor, organization_id=organization_id, **data
        )
        response = self.versioned(invitation, InvitationSerializer, status=201)
        response["Location"] = reverse("api_invitation", args=[invitation.id])
        return response


class InvitationView(TenantView):
    needs = {"GET": INVITE_MEMBER}
    etag_methods = ("GET",)

    @extend_schema(
        operation_id="invitations_retrieve",
        summary="One invitation",
        responses={200: InvitationSerializer},
        examples=[examples.INVITATION],
    )
    def get(self, request: Request, invitation_id: uuid.UUID) -> HttpResponseBase:
        invitation = selectors.invitation_for(self.actor, invitation_id)
        return self.versioned(invitation, InvitationSerializer)


class InvitationResendView(TenantView):
    needs = {"POST": INVITE_MEMBER}
    problems = {"POST": ("402", "409")}

    @extend_schema(
        operation_id="invitations_resend",
        summary="Send an invitation again",
        description=(
            "With a new link and a new week; the old link stops working. Whoever sends it is its inviter "
            "from then on."
        ),
        request=None,
        responses={200: InvitationSerializer},
        examples=[examples.INVITATION],
    )
    def post(self, request: Request, invitation_id: uuid.UUID) -> Response:
        invitation = services.invitation_resend(actor=self.actor, invitation_id=invitation_id)
        return Response(InvitationSerializer(invitation).data)


class InvitationRevokeView(TenantView):
    needs = {"POST": INVITE_MEMBER}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="invitations_revoke",
        summary="Take an invitation back",
        request=None,
        responses={200: InvitationSerializer},
        examples=[examples.INVITATION],
    )
    def post(self, request: Request, invitation_id: uuid.UUID) -> Response:
        invitation = services.invitation_revoke(actor=self.actor, invitation_id=invitation_id)
        return Response(InvitationSerializer(invitation).data)


class InvitationAcceptView(PersonView):
    problems = {"POST": ("402", "403", "404", "409", "410")}

    @extend_schema(
        operation_id="invitations_accept",
        summary="Join the workspace that you were invited to",
        description=(
            "On any host. 403 `invitation_for_another` if you are signed in with another address; 410 "
            "when it was accepted, taken back, replaced by a newer one, has expired, or is void because its "
            "inviter may no longer invite with these roles; 402 without a seat."
        ),
        request=InvitationAcceptSerializer,
        responses={200: InvitationAcceptedSerializer},
        examples=[examples.ACCEPT, examples.ACCEPTED],
    )
    def post(self, request: Request) -> Response:
        if not isinstance(request.user, Person):
            raise NotAuthenticated
        token = self.body(InvitationAcceptSerializer)["token"]
        tenant, member = services.invitation_accept(person=request.user, token=token)
        return Response(
            InvitationAcceptedSerializer({"tenant": tenant, "member_id": member.id}).data
        )
