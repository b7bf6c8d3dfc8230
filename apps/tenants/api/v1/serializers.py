from typing import Any

from rest_framework import serializers

from apps.common.api.fields import TextField
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from apps.tenants.provisioning import progress


class TenantCreateSerializer(serializers.Serializer):
    name = TextField(max_length=100, help_text="Shown to people; can be changed later.")
    slug = TextField(
        max_length=40, help_text="The workspace's address: lower-case letters, digits, hyphens."
    )


class TenantUpdateSerializer(serializers.Serializer):
    name = TextField(max_length=100, help_text="Needs `tenants.update_settings`.")
    slug = TextField(
        max_length=40,
        help_text=(
            "The workspace's address. Needs `tenants.manage_domains`. The old one stays an address of the "
            "workspace, whose pages redirect."
        ),
    )
    accent_color = TextField(
        max_length=20,
        allow_blank=True,
        help_text=(
            "`#rrggbb`, of buttons in mails; white text on it has a contrast of 4.5 at least. Empty: the "
            "platform's. Needs `tenants.update_settings`."
        ),
    )
    mail_footer = TextField(
        max_length=300,
        allow_blank=True,
        help_text="A line at the end of mails. Needs `tenants.update_settings`.",
    )
    allowed_origins = serializers.ListField(
        child=TextField(max_length=600),
        max_length=100,
        help_text=(
            "Origins whose pages may call the API from a browser, such as `https://app.example.com`; at most "
            "20, all of them at once. Needs `tenants.manage_domains`."
        ),
    )


class TenantSummarySerializer(serializers.ModelSerializer[Tenant]):
    status = serializers.ChoiceField(choices=TenantStatus.choices)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Tenant
        fields = ["id", "slug", "name", "status", "url"]

    def get_url(self, tenant: Tenant) -> str:
        return tenant.url()


class TenantSerializer(TenantSummarySerializer):
    class Meta(TenantSummarySerializer.Meta):
        fields = [
            *TenantSummarySerializer.Meta.fields,
            *("accent_color", "mail_footer", "allowed_origins", "created_at", "updated_at"),
        ]


class StepSerializer(serializers.Serializer):
    label = serializers.CharField(help_text="For people.")  # type: ignore[assignment]
    state = serializers.ChoiceField(choices=["done", "active", "waiting", "failed"])


class TenantProgressSerializer(TenantSummarySerializer):
    percent = serializers.IntegerField(min_value=0, max_value=100)
    steps = StepSerializer(many=True)

    class Meta(TenantSummarySerializer.Meta):
        fields = [*TenantSummarySerializer.Meta.fields, "percent", "steps"]

    def to_representation(self, instance: Tenant) -> dict[str, Any]:
        found = progress(instance)
        data: dict[str, Any] = TenantSummarySerializer(instance).data
        steps = [{"label": str(label), "state": state} for label, state in found.steps]
        return {**data, "percent": found.percent, "steps": steps}
