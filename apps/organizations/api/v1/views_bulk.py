"""Many at once: invitations, and changes of members."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.parsers import StrictJSONParser
from apps.common.api.views import TenantView
from apps.organizations import services
from apps.organizations.api.v1.examples import MEMBER_ROLE, ROOT
from apps.organizations.api.v1.parsers import CsvParser
from apps.organizations.api.v1.serializers_bulk import (
    InvitationsBulkQuery,
    InvitationsBulkResultSerializer,
    InvitationsBulkSerializer,
    MembersBulkResultSerializer,
    MembersBulkSerializer,
)
from apps.organizations.enums import MemberStatus
from apps.organizations.invitation_csv import InvitationRow, invitation_csv_read
from apps.organizations.permissions import INVITE_MEMBER, UPDATE_MEMBER

EXAMPLES = [
    OpenApiExample(
        "Two people",
        {
            "invitations": [
                {"email": "dana@example.com", "role_ids": [MEMBER_ROLE["id"]]},
                {"email": "bob@acme.test"},
            ]
        },
        request_only=True,
        media_type="application/json",
    ),
    OpenApiExample(
        "A file",
        "email,roles,organization\ndana@example.com,Member,\nbob@acme.test,Member,Acme / Lisbon\n",
        request_only=True,
        media_type="text/csv",
    ),
    OpenApiExample(
        "One is a member already",
        {
            "right": 1,
            "wrong": 1,
            "results": [
                {
                    "line": 2,
                    "email": "dana@example.com",
                    "roles": [MEMBER_ROLE],
                    "organization": ROOT,
                    "code": "",
                    "detail": "",
                    "invitation_id": "0197c2a4-8f60-7b55-8e65-708192a3b4c5",
                },
                {
                    "line": 3,
                    "email": "bob@acme.test",
                    "roles": [],
                    "organization": None,
                    "code": "already_member",
                    "detail": "This person is a member already.",
                    "invitation_id": None,
                },
            ],
        },
        response_only=True,
    ),
]

MEMBER = "0197c2a4-8c30-7d33-8e44-a3b4c5d6e7f8"
OWNER = "0197c2a4-8c40-7e44-8f55-b4c5d6e7f809"
MEMBERS_EXAMPLES = [
    OpenApiExample(
        "Deactivate two members",
        {"member_ids": [MEMBER, OWNER], "status": "deactivated"},
        request_only=True,
    ),
    OpenApiExample(
        "One of them is the last owner",
        {
            "right": 1,
            "wrong": 1,
            "results": [
                {"member_id": MEMBER, "code": "", "detail": ""},
                {
                    "member_id": OWNER,
                    "code": "last_owner",
                    "detail": "The workspace needs an owner. Make somebody else one first.",
                },
            ],
        },
        response_only=True,
    ),
]


class InvitationsBulkView(TenantView):
    needs = {"POST": INVITE_MEMBER}
    costs = {"POST": 20}
    parser_classes = (StrictJSONParser, CsvParser)

    @extend_schema(
        operation_id="invitations_bulk_create",
        summary="Invite many people",
        description=(
            "Up to 1,000, as JSON or as a CSV file in UTF-8 of at most 512 KiB. Its first line names the "
            "columns: `email`, and if you like `roles` (names or codes, several with `|` between them) and "
            "`organization` (a name, or names from the top with slashes); comma, semicolon or tab between "
            "them. Each row is checked by itself: those that are right are invited, the others answer with "
            "a code. Sent again, it invites nobody twice. A file that cannot be read answers 400 with "
            "`too_large`, `encoding`, `not_csv`, `no_header`, `header_twice`, `no_rows` or `too_many_rows`."
        ),
        parameters=[InvitationsBulkQuery],
        request={"application/json": InvitationsBulkSerializer, "text/csv": str},
        responses={200: InvitationsBulkResultSerializer},
        examples=EXAMPLES,
    )
    def post(self, request: Request) -> Response:
        dry_run = self.query(InvitationsBulkQuery).get("dry_run", False)
        if request.content_type.startswith(CsvParser.media_type):
            sent: Any = request.data
            # Without a body nothing is parsed.
            rows = invitation_csv_read(sent.get("file", b"")).rows
        else:
            found = self.body(InvitationsBulkSerializer)["invitations"]
            rows = [_row(line, one) for line, one in enumerate(found, 1)]
        outcomes = services.invitations_create(actor=self.actor, rows=rows, dry_run=dry_run)
        wrong = sum(bool(one.code) for one in outcomes)
        result = {"right": len(outcomes) - wrong, "wrong": wrong, "results": outcomes}
        return Response(InvitationsBulkResultSerializer(result).data)


class MembersBulkView(TenantView):
    needs = {"POST": UPDATE_MEMBER}

    @extend_schema(
        operation_id="members_bulk_update",
        summary="Deactivate, reactivate or move many members",
        description=(
            "Up to 100, each once. Each is judged by itself, as by `members/{id}/`: those that may be are "
            "changed, the others answer with a code and stay as they are. Effective on their next request. "
            "Sent again, it changes nothing more."
        ),
        request=MembersBulkSerializer,
        responses={200: MembersBulkResultSerializer},
        examples=MEMBERS_EXAMPLES,
    )
    def post(self, request: Request) -> Response:
        sent = self.body(MembersBulkSerializer)
        if "status" in sent:
            sent["status"] = MemberStatus(sent["status"])
        outcomes = services.members_update(actor=self.actor, **sent)
        wrong = sum(bool(one.code) for one in outcomes)
        result = {"right": len(outcomes) - wrong, "wrong": wrong, "results": outcomes}
        return Response(MembersBulkResultSerializer(result).data)


def _row(line: int, data: dict[str, Any]) -> InvitationRow:
    return InvitationRow(
        line,
        data["email"],
        tuple(str(role_id) for role_id in data.get("role_ids", ())),
        str(data.get("organization_id", "")),
    )
