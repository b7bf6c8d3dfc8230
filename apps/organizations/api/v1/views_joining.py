"""Joining by the domain of one's address: what is open to a person, and who asks to come in."""

import uuid

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Person
from apps.common.api.views import PersonView, TenantView
from apps.common.errors import NotAuthenticated
from apps.organizations import selectors, selectors_joining, services
from apps.organizations.api.v1 import examples_joining as examples
from apps.organizations.api.v1.serializers_joining import (
    JoiningSerializer,
    JoinOfferSerializer,
    JoinRequestApproveSerializer,
    JoinRequestSerializer,
    JoinRequestsQuery,
)
from apps.organizations.permissions import INVITE_MEMBER


def _person(request: Request) -> Person:
    if not isinstance(request.user, Person):
        raise NotAuthenticated
    return request.user


class JoinableTenantsView(PersonView):
    @extend_schema(
        operation_id="me_joinable_tenants_list",
        summary="Workspaces that you may join",
        description=(
            "Those that have proven the domain of your verified e-mail address and opened it, and that you "
            "are no member of. Who was removed from a workspace can ask to come back."
        ),
        responses={200: JoinOfferSerializer(many=True)},
        examples=[examples.OFFER],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return self.whole(selectors_joining.join_offers(_person(request)), JoinOfferSerializer)


class TenantJoinView(PersonView):
    problems = {"POST": ("402", "404", "409")}

    @extend_schema(
        operation_id="tenants_join",
        summary="Join a workspace by the domain of your address",
        description=(
            "On any host. 200: you are a member, with the role `member`. 202: your request waits for "
            "somebody who may invite. Again is harmless. 404 for a workspace that is not open to you; 409 "
            "`join_declined` for a week after a refusal; 402 without a seat."
        ),
        request=None,
        responses={200: JoiningSerializer, 202: JoiningSerializer},
        examples=[examples.JOINED, examples.ASKED],
    )
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        joining = services.tenant_join(person=_person(request), tenant_id=tenant_id)
        status = 200 if joining.member else 202
        return Response(JoiningSerializer(joining).data, status=status)


class JoinRequestsView(TenantView):
    needs = {"GET": INVITE_MEMBER}

    @extend_schema(
        operation_id="join_requests_list",
        summary="Who asks to join",
        description="Oldest first, whatever became of them.",
        parameters=[JoinRequestsQuery],
        responses={200: JoinRequestSerializer(many=True)},
        examples=[examples.REQUEST],
    )
    def get(self, request: Request) -> Response:
        rows = selectors_joining.join_requests_for(self.actor)
        return self.page(rows.filter(**self.query(JoinRequestsQuery)), JoinRequestSerializer)


class JoinRequestView(TenantView):
    needs = {"GET": INVITE_MEMBER}
    etag_methods = ("GET",)

    @extend_schema(
        operation_id="join_requests_retrieve",
        summary="One request to join",
        responses={200: JoinRequestSerializer},
        examples=[examples.REQUEST],
    )
    def get(self, request: Request, join_request_id: uuid.UUID) -> HttpResponseBase:
        found = selectors_joining.join_request_for(self.actor, join_request_id)
        return self.versioned(found, JoinRequestSerializer)


class JoinRequestApproveView(TenantView):
    needs = {"POST": INVITE_MEMBER}
    problems = {"POST": ("402", "409")}

    @extend_schema(
        operation_id="join_requests_approve",
        summary="Let somebody in",
        description=(
            "A role that allows more than you hold there yourself answers 403; 409 `join_request_closed` "
            "once it is decided, `person_inactive`; 402 without a seat."
        ),
        request=JoinRequestApproveSerializer,
        responses={200: JoinRequestSerializer},
        examples=[examples.APPROVE, examples.APPROVED],
    )
    def post(self, request: Request, join_request_id: uuid.UUID) -> Response:
        data = self.body(JoinRequestApproveSerializer)
        organization_id = data.pop("organization_id", None) or selectors.root_organization().id
        found = services.join_request_approve(
            actor=self.actor,
            join_request_id=join_request_id,
            organization_id=organization_id,
            **data,
        )
        return Response(JoinRequestSerializer(found).data)


class JoinRequestDeclineView(TenantView):
    needs = {"POST": INVITE_MEMBER}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="join_requests_decline",
        summary="Refuse somebody",
        description=(
            "Needs the permission in the whole workspace. They are told, and can ask again after a week. "
            "409 `join_request_closed` once it is decided."
        ),
        request=None,
        responses={200: JoinRequestSerializer},
        examples=[examples.DECLINED],
    )
    def post(self, request: Request, join_request_id: uuid.UUID) -> Response:
        found = services.join_request_decline(actor=self.actor, join_request_id=join_request_id)
        return Response(JoinRequestSerializer(found).data)
