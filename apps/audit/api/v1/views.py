"""The audit log: search, one entry, export, and a stream for other systems."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.api.v1 import examples
from apps.audit.api.v1.serializers import (
    AuditEventSerializer,
    AuditExportQuery,
    AuditFilters,
    AuditStreamQuery,
)
from apps.audit.exporting import CONTENT_TYPES, export_count, export_lines
from apps.audit.permissions import VIEW_ENTRIES
from apps.audit.representation import json_lines, rows_of
from apps.audit.selectors import Filters, entries_for, entries_matching, entry_for
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.api.pagination import CursorPagination, invalid_cursor
from apps.common.api.renderers import ORJSONRenderer, to_json
from apps.common.api.views import TenantView
from apps.common.errors import Gone
from apps.common.tenancy import require_tenant


class NumberPagination(CursorPagination):
    """By the number of the entry, the newest first."""

    ordering = ("-seq",)

    def check_position(self, position: str) -> None:
        if not (position.isascii() and position.isdigit() and len(position) <= 18):
            raise invalid_cursor()


class LinesRenderer(BaseRenderer):
    """For those who ask for NDJSON; what is refused is said in JSON."""

    media_type = "application/x-ndjson"
    format = "ndjson"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else to_json(data)


class CsvRenderer(LinesRenderer):
    media_type = "text/csv"
    format = "csv"


class AuditEventsView(TenantView):
    needs = {"GET": VIEW_ENTRIES}
    pagination_class = NumberPagination

    @extend_schema(
        operation_id="audit_events_list",
        summary="Audit log",
        description="The newest first.",
        parameters=[AuditFilters],
        responses={200: AuditEventSerializer(many=True)},
        examples=[examples.ENTRY],
    )
    def get(self, request: Request) -> Response:
        filters = Filters(**self.query(AuditFilters))
        rows = entries_matching(entries_for(self.actor), filters)
        return self.page(rows, AuditEventSerializer, ("-seq",))


class AuditEventView(TenantView):
    needs = {"GET": VIEW_ENTRIES}

    @extend_schema(
        operation_id="audit_events_retrieve",
        summary="One entry",
        responses={200: AuditEventSerializer},
        examples=[examples.ENTRY],
    )
    def get(self, request: Request, entry_id: uuid.UUID) -> Response:
        self.query()
        return Response(AuditEventSerializer(entry_for(self.actor, entry_id)).data)


class AuditExportView(TenantView):
    needs = {"GET": VIEW_ENTRIES}
    costs = {"GET": 20}
    renderer_classes = (ORJSONRenderer, LinesRenderer, CsvRenderer)

    @extend_schema(
        operation_id="audit_events_export",
        summary="Export the audit log",
        description=(
            "All entries that fit, oldest first, as they are read. `format=ndjson`: an object a line; "
            "`format=csv`: cells that a spreadsheet would take for a formula begin with an apostrophe."
        ),
        parameters=[AuditExportQuery],
        responses={(200, "application/x-ndjson"): str, (200, "text/csv"): str},
        examples=[examples.LINE, examples.CSV],
    )
    def get(self, request: Request) -> HttpResponseBase:
        query = self.query(AuditExportQuery)
        form = query.pop("format")
        authorize(self.actor, VIEW_ENTRIES)
        return export_response(self.actor, form, Filters(**query))


def export_response(actor: Actor, form: str, filters: Filters) -> StreamingHttpResponse:
    """The file of the entered tenant. The actor has been let through. Raises RateLimited."""
    export_count(actor)
    return StreamingHttpResponse(
        export_lines(require_tenant(), filters, form),
        content_type=CONTENT_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="audit-log.{form}"',
            # Not to be collected by a proxy before it is sent on.
            "X-Accel-Buffering": "no",
        },
    )


class AuditStreamView(TenantView):
    needs = {"GET": VIEW_ENTRIES}
    costs = {"GET": 5}
    renderer_classes = (ORJSONRenderer, LinesRenderer)
    problems = {"GET": ("410",)}

    @extend_schema(
        operation_id="audit_events_stream",
        summary="Follow the audit log",
        description=(
            "The entries after the number that you have, oldest first, an object a line; none: an empty "
            "body. Numbers are given in the order of commits: who goes on with the last one misses "
            "nothing and gets nothing twice. `Link` leads to what follows. 410 `archived` where what "
            "follows is in an archive already."
        ),
        parameters=[
            AuditStreamQuery,
            OpenApiParameter(
                "Link",
                str,
                OpenApiParameter.HEADER,
                response=["200"],
                description='`<...?after=4711>; rel="next"`',
            ),
        ],
        responses={(200, "application/x-ndjson"): str},
        examples=[examples.LINE],
    )
    def get(self, request: Request) -> HttpResponse:
        query = self.query(AuditStreamQuery)
        after, limit = query["after"], query["limit"]
        rows = entries_for(self.actor).filter(seq__gt=after).order_by("seq")
        found = list(rows_of(rows[:limit]))
        if after and found and found[0][0] != after + 1:
            raise Gone(
                _("What follows entry %(after)d is archived. Go on with after=%(next)d.")
                % {"after": after, "next": found[0][0] - 1},
                code="archived",
            )
        last = found[-1][0] if found else after
        url = request.build_absolute_uri(f"{request.path}?after={last}&limit={limit}")
        return HttpResponse(
            json_lines(found),
            content_type=CONTENT_TYPES["ndjson"],
            headers={"Link": f'<{url}>; rel="next"'},
        )
