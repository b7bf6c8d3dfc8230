from typing import Any

from rest_framework import serializers

from apps.accounts.enums import JoinMode
from apps.accounts.models import EmailDomain
from apps.common.api.fields import TextField
from apps.tenants.enums import DomainCheck

JOIN_HELP = (
    "How people with a verified address within the domain come in without an invitation: not at all, by a "
    "request that somebody approves, or at once, as members with the role `member`."
)


class EmailDomainCreateSerializer(serializers.Serializer):
    # As long as an international name may be before it is written in ASCII; the service counts.
    domain = TextField(
        max_length=500,
        help_text="What follows the @ in your people's addresses, such as acme.example.",
    )


class EmailDomainUpdateSerializer(serializers.Serializer):
    join_mode = serializers.ChoiceField(choices=JoinMode.choices, help_text=JOIN_HELP)


class EmailDomainSerializer(serializers.ModelSerializer[EmailDomain]):
    """A domain of e-mail addresses, which is the workspace's once its record is found."""

    join_mode = serializers.ChoiceField(choices=JoinMode.choices, help_text=JOIN_HELP)
    verified_at = serializers.DateTimeField(
        allow_null=True, help_text="Null: a claim, which says nothing about anybody."
    )
    checked_at = serializers.DateTimeField(
        allow_null=True, help_text="When the record was last looked for."
    )
    proof_missing_since = serializers.DateTimeField(
        allow_null=True,
        help_text=(
            "The record of the verified domain is gone since then: nobody joins by it, and after 7 days it "
            "is a claim again."
        ),
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
        model = EmailDomain
        fields = [
            "id",
            "domain",
            "join_mode",
            "verified_at",
            "checked_at",
            "proof_missing_since",
            "check_code",
            "check_error",
            "txt_name",
            "txt_value",
            "created_at",
        ]

    def to_representation(self, instance: EmailDomain) -> dict[str, Any]:
        data: dict[str, Any] = super().to_representation(instance)
        return {**data, "check_code": data["check_code"] or None}
