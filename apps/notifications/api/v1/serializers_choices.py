from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.common.api.fields import FlagField, TextField, WholeNumberField
from apps.notifications.enums import DigestPeriod, Reason
from apps.notifications.matrix import MEMBERS_CHANNELS, Cell, Line, channel_label
from apps.notifications.services.preferences import Choice, Times

CHANNELS = [(one.value, channel_label(one)) for one in MEMBERS_CHANNELS]
MAX_CHOICES = 500


class CellSerializer(serializers.Serializer[Cell]):
    channel = serializers.ChoiceField(choices=CHANNELS)
    choice = serializers.BooleanField(
        source="chosen", allow_null=True, help_text="Yours; null: you chose nothing."
    )
    default = serializers.BooleanField(
        source="otherwise",
        allow_null=True,
        help_text="What holds without your choice; null where the types of a category differ.",
    )
    is_on = serializers.BooleanField(allow_null=True, help_text="What holds; null likewise.")
    is_locked = serializers.BooleanField(
        help_text="You cannot choose: `reason` says whether the workspace does, or it is urgent."
    )
    reason = serializers.ChoiceField(choices=Reason.choices)


class TypeSerializer(serializers.Serializer[Line]):
    code = serializers.CharField(source="subject.code")
    label = serializers.CharField(source="subject.label")  # type: ignore[assignment]
    is_urgent = serializers.BooleanField()
    channels = serializers.SerializerMethodField()

    @extend_schema_field(CellSerializer(many=True))
    def get_channels(self, line: Line) -> Any:
        possible: Any = [one for one in line.cells if one.is_possible]
        return CellSerializer(possible, many=True).data


class CategorySerializer(TypeSerializer):
    help_text = serializers.CharField(source="subject.help_text")  # type: ignore[assignment]
    types = TypeSerializer(many=True)


@extend_schema_field({"type": "string", "pattern": r"^\d\d:\d\d$", "example": "22:00"})
class MinuteField(serializers.TimeField):
    """A time of the day, to the minute: `22:00`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)


class TimingSerializer(serializers.Serializer[Times]):
    digest = serializers.ChoiceField(
        choices=DigestPeriod.choices, help_text="Of mails that are not urgent."
    )
    hour = WholeNumberField(
        min_value=0, max_value=23, help_text="When the daily and the weekly digest go out."
    )
    weekday = WholeNumberField(min_value=0, max_value=6, help_text="0 is Monday.")
    quiet_from = MinuteField(
        allow_null=True,
        help_text="From then on no mail, push or text message that is not urgent.",
    )
    quiet_until = MinuteField(allow_null=True)


class TimingReadSerializer(TimingSerializer):
    time_zone = serializers.CharField(help_text="Of your profile: all times are by its clock.")


class TimingUpdateSerializer(TimingSerializer):
    def get_fields(self) -> dict[str, Any]:
        """What is left out stays as it is."""
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields


class PreferencesSerializer(serializers.Serializer[Any]):
    categories = CategorySerializer(many=True)
    timing = TimingReadSerializer()


class ChoiceSerializer(serializers.Serializer[Choice]):
    subject = TextField(max_length=100, help_text="The code of a type, or of a category.")
    channel = serializers.ChoiceField(choices=CHANNELS)
    is_on = FlagField(
        allow_null=True, help_text="null: what the workspace, or for a type its category says."
    )


class PreferencesUpdateSerializer(serializers.Serializer[Any]):
    preferences = serializers.ListField(
        child=ChoiceSerializer(),
        required=False,
        max_length=MAX_CHOICES,
        help_text="Only those that change.",
    )
    timing = TimingUpdateSerializer(required=False)
