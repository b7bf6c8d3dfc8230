from typing import Any

from rest_framework import serializers

from apps.audit.representation import COLUMNS, as_json
from apps.common.api.fields import QuerySerializer
from apps.trail.models import AbstractEntry

MAX_TEXT = 200


class AuditActorSerializer(serializers.Serializer):
    kind = serializers.CharField(help_text="person, staff, system, provisioning or api_key.")
    person_id = serializers.UUIDField(allow_null=True)
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="Empty once the person was erased."
    )


class AuditImpersonatorSerializer(serializers.Serializer):
    person_id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]


class AuditEventSerializer(serializers.Serializer):
    """As NDJSON has it too: one representation, made in one place."""

    id = serializers.UUIDField(help_text="Of the event that it records.")
    number = serializers.IntegerField(help_text="From 1, without gaps, in the order of recording.")
    occurred_at = serializers.DateTimeField()
    action = serializers.CharField()
    summary = serializers.CharField(help_text="For people.")
    actor = AuditActorSerializer()
    impersonator = AuditImpersonatorSerializer(
        allow_null=True, help_text="The platform's staff who acted for the actor."
    )
    address = serializers.CharField(help_text="The client's; empty where no request is behind it.")
    agent = serializers.CharField()
    target_type = serializers.CharField()
    targets = serializers.ListField(child=serializers.CharField())
    request_id = serializers.CharField()
    data = serializers.DictField(  # type: ignore[assignment]
        allow_null=True, help_text="Null once it was erased."
    )
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    hash = serializers.CharField(help_text="Of the entry in its chain, as hexadecimal digits.")

    def to_representation(self, instance: AbstractEntry) -> dict[str, Any]:
        return as_json(tuple(getattr(instance, name) for name in COLUMNS))


class AuditFilters(QuerySerializer):
    text = serializers.CharField(
        required=False, max_length=MAX_TEXT, help_text="Whole words of actor, address and details."
    )
    action = serializers.CharField(
        required=False, max_length=100, help_text="An action, or an app for all of its."
    )
    actor = serializers.CharField(
        required=False, max_length=320, help_text="As the entry has the actor's label."
    )
    target = serializers.CharField(required=False, max_length=MAX_TEXT, help_text="An id.")
    since = serializers.DateTimeField(required=False, help_text="From this moment on.")
    until = serializers.DateTimeField(required=False, help_text="Before this moment.")


class AuditExportQuery(AuditFilters):
    PAGING = frozenset()

    format = serializers.ChoiceField(choices=["ndjson", "csv"], default="ndjson")


class AuditStreamQuery(QuerySerializer):
    PAGING = frozenset()

    after = serializers.IntegerField(
        min_value=0, max_value=2**62, default=0, help_text="Number of the last entry that you have."
    )
    limit = serializers.IntegerField(min_value=1, max_value=5000, default=1000)
