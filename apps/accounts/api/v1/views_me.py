"""The signed-in person: profile, workspaces, sign-ins."""

import uuid
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import selectors, services, session_end, session_list
from apps.accounts.api.v1 import examples
from apps.accounts.api.v1.serializers import (
    MyTenantSerializer,
    PersonSerializer,
    PersonUpdateSerializer,
    RevokedSerializer,
    SessionSerializer,
)
from apps.accounts.models import Person, TenantMembership
from apps.accounts.oidc.external import ExternalClaims
from apps.accounts.session_list import Current
from apps.accounts.tokens import AccessClaims
from apps.common.api.idempotency import Once
from apps.common.api.limits import LimitedView
from apps.common.api.pagination import CursorPagination
from apps.common.api.views import PlatformView
from apps.common.database import system_connection
from apps.common.errors import NotAuthenticated


def _person(request: Request) -> Person:
    if not isinstance(request.user, Person):
        raise NotAuthenticated
    return request.user


class MeView(PlatformView):
    open_to_workspace_sessions = ("GET", "HEAD")

    @extend_schema(
        operation_id="me_retrieve",
        summary="Your profile",
        responses={200: PersonSerializer},
        examples=[examples.ME],
    )
    def get(self, request: Request) -> Response:
        return Response(PersonSerializer(_person(request)).data)

    @extend_schema(
        operation_id="me_update",
        summary="Change your profile",
        request=PersonUpdateSerializer,
        responses={200: PersonSerializer},
        examples=[examples.ME_UPDATE, examples.ME],
    )
    def patch(self, request: Request) -> Response:
        person = _person(request)
        serializer = PersonUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        changed = services.person_update(
            actor=selectors.person_actor(person), person_id=person.id, **serializer.validated_data
        )
        return Response(PersonSerializer(changed).data)


class MyTenantsView(LimitedView, ListAPIView[TenantMembership]):
    serializer_class = MyTenantSerializer
    queryset = TenantMembership.objects.none()
    filter_backends = []

    def get_queryset(self) -> QuerySet[TenantMembership]:
        return selectors.memberships_of(_person(self.request))

    @extend_schema(
        operation_id="me_tenants_list", summary="Your workspaces", examples=[examples.MY_TENANT]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with system_connection():
            return super().get(request, *args, **kwargs)


def _current(request: Request) -> Current:
    if isinstance(request.auth, AccessClaims):
        return Current(token_session_id=request.auth.session_id)
    if isinstance(request.auth, ExternalClaims):
        return Current()
    return Current.browser(request._request.session)


class SessionsView(PlatformView):
    pagination_class = CursorPagination
    serializer_class = SessionSerializer
    is_shapeable = False

    @extend_schema(
        operation_id="auth_sessions_list",
        summary="Where you are signed in",
        description=(
            "In browsers and by API. A workspace's session names the browser's session on the public "
            "host as its `parent_id`, and ends with it."
        ),
        responses={200: SessionSerializer(many=True)},
        examples=[examples.SESSION],
    )
    def get(self, request: Request) -> Response:
        paginator = self.pagination_class()
        rows: Any = session_list.sign_ins_of(_person(request).id, _current(request))
        with system_connection():
            page: Any = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(SessionSerializer(page, many=True).data)


class SessionView(PlatformView):
    @extend_schema(
        operation_id="auth_sessions_revoke",
        summary="End a sign-in",
        description=(
            "Its tokens or its browser are refused from the next request on. With a browser's session "
            "on the public host go those of the workspaces that came from it."
        ),
        responses={204: None},
    )
    def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        actor = selectors.person_actor(_person(request))
        session = session_list.sign_in_for(actor, session_id)
        session_end.sign_in_end(actor=actor, session=session)
        return Response(status=204)


class SessionsRevokeOthersView(PlatformView):
    once = Once.NEVER  # there is nobody left to sign out

    @extend_schema(
        operation_id="auth_sessions_revoke_others",
        summary="Sign out everywhere else",
        description="Only what this request uses stays; of a browser, all its workspaces.",
        request=None,
        responses={200: RevokedSerializer},
        examples=[examples.REVOKED],
    )
    def post(self, request: Request) -> Response:
        person = _person(request)
        count = session_end.sign_ins_end_others(
            actor=selectors.person_actor(person), person_id=person.id, current=_current(request)
        )
        return Response({"revoked": count})
