"""The signed-in person: profile, workspaces, sign-ins."""

import uuid
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors, services, token_sessions
from apps.accounts.api.v1 import examples
from apps.accounts.api.v1.serializers import (
    MyTenantSerializer,
    PersonSerializer,
    PersonUpdateSerializer,
    TokenSessionSerializer,
)
from apps.accounts.models import Person, TenantMembership, TokenSession
from apps.common.database import system_connection
from apps.common.errors import NotAuthenticated


def _person(request: Request) -> Person:
    if not isinstance(request.user, Person):
        raise NotAuthenticated
    return request.user


class MeView(APIView):
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


class MyTenantsView(ListAPIView[TenantMembership]):
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


class TokenSessionsView(ListAPIView[TokenSession]):
    serializer_class = TokenSessionSerializer
    queryset = TokenSession.objects.none()
    filter_backends = []

    def get_queryset(self) -> QuerySet[TokenSession]:
        return selectors.token_sessions_of(_person(self.request))

    @extend_schema(
        operation_id="auth_sessions_list",
        summary="Your sign-ins by API",
        examples=[examples.SESSION],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with system_connection():
            return super().get(request, *args, **kwargs)


class TokenSessionView(APIView):
    @extend_schema(
        operation_id="auth_sessions_revoke",
        summary="End a sign-in",
        description="Its tokens are refused from the next request on.",
        responses={204: None},
    )
    def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        actor = selectors.person_actor(_person(request))
        session = selectors.token_session_for(actor, session_id)
        token_sessions.token_session_revoke(actor=actor, session=session)
        return Response(status=204)
