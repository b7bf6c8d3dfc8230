from rest_framework import serializers

from apps.events.enums import Scope


class EventTypeSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="`app.entity_past`")
    version = serializers.IntegerField(help_text="Of the payload; the newest one.")
    scope = serializers.ChoiceField(choices=[scope.value for scope in Scope])
    aggregate = serializers.CharField(
        help_text="The field of the payload that says what it happened to: its events are in order."
    )
    description = serializers.CharField()
    schema = serializers.DictField(help_text="JSON Schema (2020-12) of the payload.")
