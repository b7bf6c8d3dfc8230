from typing import Any

from rest_framework import serializers

from apps.notifications.enums import DeviceKind
from apps.notifications.models import PushDevice


class PushDeviceSerializer(serializers.ModelSerializer[PushDevice]):
    digest = serializers.CharField(
        source="address_digest",
        help_text="SHA-256 of its endpoint or token, in hexadecimal: which of them a device is itself.",
    )

    class Meta:
        model = PushDevice
        fields = ("id", "kind", "label", "digest", "last_seen_at", "created_at")


class SubscriptionKeysSerializer(serializers.Serializer[Any]):
    p256dh = serializers.CharField(max_length=100)
    auth = serializers.CharField(max_length=50)


class SubscriptionSerializer(serializers.Serializer[Any]):
    endpoint = serializers.CharField(max_length=2000)
    keys = SubscriptionKeysSerializer()


class PushDeviceNewSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=DeviceKind.choices)
    subscription = SubscriptionSerializer(
        required=False, help_text="Of a browser: what `PushSubscription.toJSON()` gives."
    )
    token = serializers.RegexField(
        r"^[A-Za-z0-9_:\-]+$",
        required=False,
        max_length=4096,
        help_text="Of an app: its registration token (FCM), or its device token in hexadecimal (APNs).",
    )
    label = serializers.CharField(  # type: ignore[assignment]  # a field of its own, not the label of one
        required=False,
        default="",
        allow_blank=True,
        max_length=100,
        help_text="As people know it; else it is named by the User-Agent.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A browser has a subscription, an app a token."""
        wanted = "subscription" if attrs["kind"] == DeviceKind.WEB else "token"
        if wanted not in attrs:
            raise serializers.ValidationError({wanted: "This field is required."}, code="required")
        return attrs
