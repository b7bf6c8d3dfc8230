"""Cursor pagination: stable under inserts, and as cheap on page 1,000 as on page 1."""

from rest_framework import pagination


class CursorPagination(pagination.CursorPagination):
    """`?cursor=` and `?page_size=` (1 to 200). Ids are UUIDv7, so `id` orders by creation."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = ("id",)
