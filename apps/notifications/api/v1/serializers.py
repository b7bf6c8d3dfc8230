from typing import Any

from rest_framework import serializers

from apps.common.api.fields import QuerySerializer
from apps.common.notifying import Urgency
from apps.notifications.presenting import Line


class NotificationsQuery(QuerySerializer):
    unread = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Only those that are unread, or read.",
    )
    archived = serializers.BooleanField(
        required=False, default=False, help_text="Those that were archived, instead of the others."
    )
    category = serializers.CharField(
        required=False, max_length=50, help_text="Only those of a category."
    )


class NotificationSerializer(serializers.Serializer[Line]):
    id = serializers.UUIDField()
    type = serializers.CharField(
        source="item.notification.kind", help_text="`app.thing`; docs/notifications.md lists them."
    )
    category = serializers.CharField()
    urgency = serializers.SerializerMethodField()
    title = serializers.CharField(source="content.title")
    body = serializers.CharField(
        source="content.body", help_text="Plain text; an empty line separates paragraphs."
    )
    action = serializers.CharField(
        source="content.action", help_text="What `url` is for, as a label; may be empty."
    )
    url = serializers.URLField(
        source="content.url", help_text="What it is about, in the workspace."
    )
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(source="item.read_at", allow_null=True)
    archived_at = serializers.DateTimeField(source="item.archived_at", allow_null=True)

    def get_urgency(self, line: Line) -> Urgency:
        return line.kind.urgency if line.kind else Urgency.NORMAL


class ReadAllSerializer(serializers.Serializer[Any]):
    until = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Only what came until then: what the reader had before them.",
    )


class CountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class UnreadSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="100 stands for 100 and more.")
