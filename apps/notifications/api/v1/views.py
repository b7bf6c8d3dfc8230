"""The caller's own inbox."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.actors import Actor
from apps.common.api.exceptions import PersonRequired
from apps.common.api.views import TenantView
from apps.notifications import services
from apps.notifications.api.v1 import examples
from apps.notifications.api.v1.serializers import (
    CountSerializer,
    NotificationSerializer,
    NotificationsQuery,
    ReadAllSerializer,
    UnreadSerializer,
)
from apps.notifications.models import InboxItem
from apps.notifications.presenting import Line, kinds_of, lines_of
from apps.notifications.selectors import inbox_for, inbox_item_for, inbox_matching
from apps.notifications.unread import unread_count


class InboxView(TenantView):
    """For members; programs are told of nothing."""

    @property
    def member(self) -> Actor:
        """Raises PersonRequired."""
        if self.actor.member_id is None:
            raise PersonRequired
        return self.actor

    def lines(self, items: list[InboxItem]) -> list[Line]:
        request: Any = self.request
        return lines_of(items, request._request.tenant, request.user.language)

    def line(self, item: InboxItem) -> Response:
        return Response(NotificationSerializer(self.lines([item])[0]).data)


class NotificationsView(InboxView):
    @extend_schema(
        operation_id="notifications_list",
        summary="Your inbox",
        description="The newest first, in your language.",
        parameters=[NotificationsQuery],
        responses={200: NotificationSerializer(many=True)},
        examples=[examples.NOTIFICATION],
    )
    def get(self, _request: Request) -> Response:
        filters = self.query(NotificationsQuery)
        items = inbox_matching(
            inbox_for(self.member, is_archived=filters["archived"]),
            is_unread=filters["unread"],
            kinds=kinds_of(filters["category"]) if "category" in filters else None,
        )
        return self.page(items, NotificationSerializer, ("-id",), present=self.lines)


class NotificationView(InboxView):
    @extend_schema(
        operation_id="notifications_retrieve",
        summary="One notification of your inbox",
        responses={200: NotificationSerializer},
        examples=[examples.NOTIFICATION],
    )
    def get(self, _request: Request, item_id: uuid.UUID) -> Response:
        self.query()
        return self.line(inbox_item_for(self.member, item_id))


def _described(name: str, summary: str) -> Any:
    """Of what is done with one notification; doing it again changes nothing."""
    return extend_schema(
        operation_id=f"notifications_{name}",
        summary=summary,
        request=None,
        responses={200: NotificationSerializer},
        examples=[examples.NOTIFICATION],
    )


class ReadView(InboxView):
    @_described("read", "Mark it as read")
    def post(self, _request: Request, item_id: uuid.UUID) -> Response:
        return self.line(services.inbox_item_read(actor=self.member, item_id=item_id))


class UnreadView(InboxView):
    @_described("unread", "Mark it as unread")
    def post(self, _request: Request, item_id: uuid.UUID) -> Response:
        return self.line(services.inbox_item_unread(actor=self.member, item_id=item_id))


class ArchiveView(InboxView):
    @_described("archive", "Put it out of the inbox")
    def post(self, _request: Request, item_id: uuid.UUID) -> Response:
        return self.line(services.inbox_item_archive(actor=self.member, item_id=item_id))


class RestoreView(InboxView):
    @_described("restore", "Put it back into the inbox")
    def post(self, _request: Request, item_id: uuid.UUID) -> Response:
        return self.line(services.inbox_item_restore(actor=self.member, item_id=item_id))


class ReadAllView(InboxView):
    @extend_schema(
        operation_id="notifications_read_all",
        summary="Mark all as read",
        request=ReadAllSerializer,
        responses={200: CountSerializer},
        examples=[examples.UNTIL, examples.COUNT],
    )
    def post(self, _request: Request) -> Response:
        count = services.inbox_read_all(actor=self.member, **self.body(ReadAllSerializer))
        return Response({"count": count})


class UnreadCountView(InboxView):
    @extend_schema(
        operation_id="notifications_unread_count",
        summary="How many are unread",
        description="No statement when it was asked before.",
        responses={200: UnreadSerializer},
        examples=[examples.UNREAD],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        member_id = self.member.member_id
        assert member_id is not None  # noqa: S101 - `member` has one
        return Response({"count": unread_count(member_id)})
