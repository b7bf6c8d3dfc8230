from rest_framework import serializers

from apps.common.api.fields import QuerySerializer
from apps.notifications.enums import ChannelName, DeliveryState, Reason
from apps.notifications.models import Delivery


class DeliveriesQuery(QuerySerializer):
    notification = serializers.UUIDField(required=False, help_text="Only those of a notification.")
    type = serializers.CharField(required=False, max_length=100, help_text="Only those of a type.")
    member = serializers.UUIDField(required=False, help_text="Only those to a member.")
    channel = serializers.ChoiceField(choices=ChannelName.choices, required=False)
    state = serializers.ChoiceField(choices=DeliveryState.choices, required=False)


class DeliverySerializer(serializers.Serializer[Delivery]):
    id = serializers.UUIDField()
    notification_id = serializers.UUIDField()
    type = serializers.CharField(source="notification.kind")
    member_id = serializers.UUIDField(
        allow_null=True, help_text="null for the workspace's webhook."
    )
    channel = serializers.ChoiceField(choices=ChannelName.choices)
    state = serializers.ChoiceField(
        choices=DeliveryState.choices,
        source="shown_state",
        help_text="Of what went with a digest, that of the digest.",
    )
    reason = serializers.ChoiceField(
        choices=Reason.choices, help_text="Why it is sent, waits, or is not sent."
    )
    digest_id = serializers.UUIDField(allow_null=True)
    due_at = serializers.DateTimeField(source="carrier.due_at")
    attempts = serializers.IntegerField(source="carrier.attempts")
    error = serializers.CharField(source="carrier.error")
    sent_at = serializers.DateTimeField(source="carrier.sent_at", allow_null=True)
    arrived_at = serializers.DateTimeField(source="carrier.arrived_at", allow_null=True)
    created_at = serializers.DateTimeField()
