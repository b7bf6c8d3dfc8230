"""Settings of organizations: what holds there, and where it comes from."""

import uuid

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView
from apps.common.errors import NotFound
from apps.organizations import permissions as p
from apps.organizations import services
from apps.organizations.api.v1.examples import ROOT
from apps.organizations.api.v1.serializers_tree import (
    EffectiveSettingSerializer,
    SettingUpdateSerializer,
)
from apps.organizations.selectors import organization_for
from apps.organizations.selectors_settings import EffectiveSetting, settings_for

DAYS = OpenApiExample(
    "Inherited from the workspace",
    {
        "code": "organizations.invitation_days",
        "label": "Invitations are good for",
        "help": "Days, from 1 to 90, from when an invitation is sent.",
        "kind": "integer",
        "choices": [],
        "value": 3,
        "source": "inherited",
        "organization": ROOT,
    },
    response_only=True,
)


class OrganizationSettingsView(TenantView):
    needs = {"GET": p.VIEW_ORGANIZATION}

    @extend_schema(
        operation_id="organizations_settings_list",
        summary="All settings as they hold at an organization",
        description=(
            "A value holds at its organization and in all below it, up to the next that has one of its own."
        ),
        responses={200: EffectiveSettingSerializer(many=True)},
        examples=[DAYS],
    )
    def get(self, request: Request, organization_id: uuid.UUID) -> Response:
        self.query()
        organization = organization_for(self.actor, organization_id)
        return self.whole(settings_for(self.actor, organization), EffectiveSettingSerializer)


class OrganizationSettingView(TenantView):
    needs = {"PUT": p.MANAGE_SETTINGS, "DELETE": p.MANAGE_SETTINGS}

    @extend_schema(
        operation_id="organizations_settings_update",
        summary="Give an organization a value of its own",
        request=SettingUpdateSerializer,
        responses={200: EffectiveSettingSerializer},
        examples=[OpenApiExample("Three days", {"value": 3}, request_only=True), DAYS],
    )
    def put(self, request: Request, organization_id: uuid.UUID, code: str) -> Response:
        data = self.body(SettingUpdateSerializer)
        services.setting_set(
            actor=self.actor, organization_id=organization_id, code=code, value=data["value"]
        )
        return Response(EffectiveSettingSerializer(self._one(organization_id, code)).data)

    @extend_schema(
        operation_id="organizations_settings_destroy",
        summary="Let an organization inherit a setting again",
        responses={204: None},
    )
    def delete(self, request: Request, organization_id: uuid.UUID, code: str) -> Response:
        services.setting_reset(actor=self.actor, organization_id=organization_id, code=code)
        return Response(status=204)

    def _one(self, organization_id: uuid.UUID, code: str) -> EffectiveSetting:
        organization = organization_for(self.actor, organization_id)
        for one in settings_for(self.actor, organization):
            if one.setting.code == code:
                return one
        raise NotFound
