"""Exports of the current workspace: asking for one, watching it, and the link to it."""

import uuid
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView
from apps.tenants import services
from apps.tenants.api.v1 import examples_exports as examples
from apps.tenants.api.v1.serializers_exports import ExportSerializer
from apps.tenants.api.v1.views import LOCATION
from apps.tenants.exports.selectors import export_for, exports_for
from apps.tenants.permissions import EXPORT_DATA

# Each answer has links that expire.
NO_STORE = {"Cache-Control": "no-store"}


class ExportsView(TenantView):
    needs = {"GET": EXPORT_DATA, "POST": EXPORT_DATA}
    costs = {"POST": 20}
    problems = {"POST": ("402", "409", "503")}

    @extend_schema(
        operation_id="tenant_exports_list",
        summary="Exports of the workspace, newest first",
        responses={200: ExportSerializer(many=True)},
        examples=[examples.READY],
    )
    def get(self, request: Request) -> Response:
        self.query()
        response = self.page(exports_for(self.actor), ExportSerializer, ordering=("-id",))
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(
        operation_id="tenant_exports_create",
        summary="Export everything of the workspace",
        description=(
            "A worker writes one ZIP archive with all data as SQL and as JSON, and all files, as they are "
            "at one moment. Follow `Location` until `status` is `ready`, then fetch `download_url`. One "
            "export at a time: 409 `export_running`; five in 24 hours: 409 `too_many_exports`."
        ),
        request=None,
        responses={202: ExportSerializer},
        parameters=[LOCATION],
        examples=[examples.REQUESTED],
    )
    def post(self, request: Request) -> Response:
        http_request: Any = request._request
        export = services.export_request(actor=self.actor, tenant_id=http_request.tenant.id)
        location = reverse("api_export", args=[export.id])
        return Response(
            ExportSerializer(export).data, status=202, headers={"Location": location, **NO_STORE}
        )


class ExportView(TenantView):
    needs = {"GET": EXPORT_DATA}

    @extend_schema(
        operation_id="tenant_exports_retrieve",
        summary="An export, its progress and the link to the archive",
        responses={200: ExportSerializer},
        examples=[examples.READY],
    )
    def get(self, request: Request, export_id: uuid.UUID) -> Response:
        export = export_for(self.actor, export_id)
        return Response(ExportSerializer(export).data, headers=NO_STORE)
