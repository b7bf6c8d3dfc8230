from typing import Any

from rest_framework import serializers

from apps.common.api.fields import TextField
from apps.tenants.enums import DomainCheck
from apps.tenants.models import Domain


class DomainCreateSerializer(serializers.Serializer):
    # As long as an international name may be before it is written in ASCII; the service counts.
    domain = TextField(
        max_length=500, help_text="A host name that belongs to you, such as work.acme.example."
    )


class DomainSerializer(serializers.ModelSerializer[Domain]):
    """A host name that leads to the workspace, or will once its record is found."""

    is_primary = serializers.BooleanField(help_text="Links, in mails too, lead to this host.")
    is_alias = serializers.BooleanField(help_text="An old subdomain, whose pages redirect.")
    verified_at = serializers.DateTimeField(
        allow_null=True, help_text="Null: it leads nowhere until its record is found."
    )
    checked_at = serializers.DateTimeField(
        allow_null=True, help_text="When the record was last looked for."
    )
    check_code = serializers.ChoiceField(
        choices=DomainCheck.choices,
        allow_null=True,
        help_text="What the last look found; null before the first.",
    )
    check_error = serializers.CharField(
        help_text="What is wrong and what to do about it, for people; empty when nothing is."
    )
    txt_name = serializers.CharField(
        allow_null=True,
        help_text="Name of the TXT record that proves it; null: no proof is needed.",
    )
    txt_value = serializers.CharField(allow_null=True, help_text="Value of that record.")

    class Meta:
        model = Domain
        fields = [
            "id",
            "domain",
            "is_primary",
            "is_alias",
            "verified_at",
            "checked_at",
            "check_code",
            "check_error",
            "txt_name",
            "txt_value",
            "created_at",
        ]

    def to_representation(self, instance: Domain) -> dict[str, Any]:
        data: dict[str, Any] = super().to_representation(instance)
        return {**data, "check_code": data["check_code"] or None}
