"""Cursor pagination: stable under inserts, and as cheap on page 1,000 as on page 1."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, pagination
from rest_framework.request import Request

from apps.common.errors import InvalidInput
from apps.common.ids import parse_uuid

MAX_POSITION_LENGTH = 300


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the paginator wants of a request, for who reads the same page again."""

    query_params: QueryDict
    address: str

    @classmethod
    def of(cls, request: Request) -> "PageRequest":
        return cls(request.query_params, request.build_absolute_uri())

    def build_absolute_uri(self) -> str:
        return self.address


class CursorPagination(pagination.CursorPagination):
    """`?cursor=` and `?page_size=` (1 to 200). Ids are UUIDv7, so `id` orders by creation.

    One statement a page, of `page_size` + 1 rows.
    """

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = ("id",)
    cursor_query_description = "Where the page begins: take it from `next` or `previous`."
    page_size_query_description = "Results on a page, 1 to 200; 50 if not given."

    def get_page_size(self, request: Request) -> int:
        """Raises InvalidInput, where the framework would quietly use the default."""
        sent = request.query_params.get(self.page_size_query_param)
        if sent is None:
            return self.page_size
        # At most 3 digits, and ASCII ones: int() also takes others.
        size = 0 if not (sent.isascii() and sent.isdigit() and len(sent) <= 3) else int(sent)
        if not 1 <= size <= self.max_page_size:
            raise InvalidInput.field("page_size", _("Use a number from 1 to 200."), "page_size")
        return size

    def decode_cursor(self, request: Request) -> pagination.Cursor | None:
        """Raises InvalidInput for what encode_cursor did not make."""
        if request.query_params.get(self.cursor_query_param) is None:
            return None
        try:
            cursor = super().decode_cursor(request)
        except exceptions.NotFound as error:
            raise invalid_cursor() from error
        if cursor is not None and cursor.position is not None:
            self.check_position(str(cursor.position))
        return cursor

    def check_position(self, position: str) -> None:
        """A position that the ordering's column can be compared with. Raises InvalidInput."""
        if self.ordering[0].removeprefix("-") == "id":
            fits = parse_uuid(position) is not None
        else:
            fits = "\0" not in position and len(position) <= MAX_POSITION_LENGTH
        if not fits:
            raise invalid_cursor()

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The framework's says `nullable`, which OpenAPI 3.1 no longer knows."""
        link = {"type": ["string", "null"], "format": "uri"}
        # The document's generator builds the examples of lists from these.
        following = {**link, "example": "http://acme.localhost:8000/api/v1/...?cursor=cD0wMTk3"}
        preceding = {**link, "example": None}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": following, "previous": preceding, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": 200}
        return parameters


def invalid_cursor() -> InvalidInput:
    return InvalidInput.field(
        "cursor", _("Take the cursor from `next` or `previous` of a page."), "cursor"
    )
