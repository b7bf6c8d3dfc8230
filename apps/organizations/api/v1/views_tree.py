"""The tree's order, its archive, and the tree as a file."""

import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.renderers import ORJSONRenderer, to_json
from apps.common.api.views import TenantView
from apps.organizations import permissions as p
from apps.organizations import selectors, services
from apps.organizations.api.v1 import examples
from apps.organizations.api.v1.parsers import CsvTreeParser
from apps.organizations.api.v1.serializers import OrganizationSerializer
from apps.organizations.api.v1.serializers_tree import (
    OrganizationReorderSerializer,
    OrganizationsImportQuery,
    OrganizationsImportResultSerializer,
)
from apps.organizations.organization_csv import organization_csv_lines, organization_csv_read

CSV = "path,archived\r\nEurope,no\r\nEurope / Lisbon,no\r\n"


class OrganizationReorderView(TenantView):
    needs = {"POST": p.UPDATE_ORGANIZATION}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="organizations_reorder",
        summary="Put an organization in its place among its siblings",
        description=(
            "Needs `organizations.update_organization` at their parent. It changes nobody's access. 409 "
            "`root_organization` or `organization_archived`."
        ),
        request=OrganizationReorderSerializer,
        responses={200: OrganizationSerializer},
        examples=[
            OpenApiExample("To the top", {"position": 1}, request_only=True),
            examples.ORGANIZATION,
        ],
    )
    def post(self, request: Request, organization_id: uuid.UUID) -> HttpResponseBase:
        data = self.body(OrganizationReorderSerializer)
        organization = services.organization_reorder(
            actor=self.actor, organization_id=organization_id, position=data["position"]
        )
        return self.versioned(organization, OrganizationSerializer)


class OrganizationArchiveView(TenantView):
    needs = {"POST": p.ARCHIVE_ORGANIZATION}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="organizations_archive",
        summary="Archive an organization with all below it",
        description=(
            "It is left out of lists, and nothing can be created, invited, bound, moved or placed there. "
            "Members and their roles stay as they are. Safe to repeat. 409 `root_organization`."
        ),
        request=None,
        responses={200: OrganizationSerializer},
        examples=[examples.ORGANIZATION],
    )
    def post(self, request: Request, organization_id: uuid.UUID) -> HttpResponseBase:
        organization = services.organization_archive(
            actor=self.actor, organization_id=organization_id
        )
        return self.versioned(organization, OrganizationSerializer)


class OrganizationRestoreView(TenantView):
    needs = {"POST": p.ARCHIVE_ORGANIZATION}
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="organizations_restore",
        summary="Restore what was archived with an organization",
        description="409 `parent_archived` where the one above it is archived, too.",
        request=None,
        responses={200: OrganizationSerializer},
        examples=[examples.ORGANIZATION],
    )
    def post(self, request: Request, organization_id: uuid.UUID) -> HttpResponseBase:
        organization = services.organization_restore(
            actor=self.actor, organization_id=organization_id
        )
        return self.versioned(organization, OrganizationSerializer)


class CsvRenderer(BaseRenderer):
    """For those who ask for text/csv; what is refused is said in JSON."""

    media_type = "text/csv"
    format = "csv"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else to_json(data)


class OrganizationsExportView(TenantView):
    needs = {"GET": p.VIEW_ORGANIZATION}
    costs = {"GET": 10}
    renderer_classes = (ORJSONRenderer, CsvRenderer)

    @extend_schema(
        operation_id="organizations_export",
        summary="The tree as a CSV file",
        description=(
            "A line an organization that you may see, also the archived ones: `path`, the names from below "
            "the workspace with ` / ` between them, a slash in a name written `\\\\/`; `archived`, `yes` or "
            "`no`. Cells that a spreadsheet would take for a formula begin with an apostrophe."
        ),
        responses={(200, "text/csv"): str},
        examples=[OpenApiExample("A branch", CSV, response_only=True, media_type="text/csv")],
    )
    def get(self, request: Request) -> HttpResponseBase:
        self.query()
        return export_response(self.actor)


def export_response(actor: Any) -> StreamingHttpResponse:
    """The file for the actor. Its rows are read before it is sent: the tenant is left by then."""
    rows = list(selectors.organizations_for(actor))
    return StreamingHttpResponse(
        organization_csv_lines(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="organizations.csv"'},
    )


class OrganizationsImportView(TenantView):
    needs = {"POST": p.CREATE_ORGANIZATION}
    costs = {"POST": 20}
    parser_classes = (CsvTreeParser,)

    @extend_schema(
        operation_id="organizations_import",
        summary="Make the organizations of a CSV file that are missing",
        description=(
            "UTF-8, at most 5,000 lines and 2 MB; as the export has it, the column `archived` may be left "
            "out. Those that are there stay as they are, so that a file can be sent again. With `dry_run` "
            "nothing is made, and the answer says what is wrong in each line. Without it a wrong line "
            "answers 400 `lines_wrong` with what is wrong in `errors`, and nothing is made."
        ),
        parameters=[OrganizationsImportQuery],
        request={"text/csv": str},
        responses={200: OrganizationsImportResultSerializer},
        examples=[
            OpenApiExample("A branch", CSV, request_only=True, media_type="text/csv"),
            OpenApiExample(
                "One is there already",
                {
                    "created": 1,
                    "kept": 1,
                    "wrong": 0,
                    "results": [
                        {
                            "line": number,
                            "path": path,
                            "action": action,
                            "archived": False,
                            "code": "",
                            "detail": "",
                        }
                        for number, path, action in (
                            (2, "Europe", "keep"),
                            (3, "Europe / Lisbon", "create"),
                        )
                    ],
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        dry_run = self.query(OrganizationsImportQuery).get("dry_run", False)
        sent = cast("dict[str, bytes]", request.data)
        # Without a body nothing is parsed.
        rows = organization_csv_read(sent.get("file", b"")).rows
        outcomes = services.organizations_import(actor=self.actor, rows=rows, dry_run=dry_run)
        counts = Counter(one.action for one in outcomes)
        result = {
            "created": counts["create"],
            "kept": counts["keep"],
            "wrong": counts["wrong"],
            "results": outcomes,
        }
        return Response(OrganizationsImportResultSerializer(result).data)
