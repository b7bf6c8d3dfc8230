from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.common.api.fields import QuerySerializer
from apps.organizations.api.v1.serializers import OrganizationBriefSerializer
from apps.organizations.selectors_settings import EffectiveSetting, SettingSource
from apps.organizations.services import OrganizationOutcome
from apps.organizations.setting_registry import SettingKind


class OrganizationReorderSerializer(serializers.Serializer):
    position = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        help_text="Among its siblings that are not archived, from 1. Beyond the last it is the last.",
    )


class OrganizationsImportQuery(QuerySerializer):
    dry_run = serializers.BooleanField(
        required=False, help_text="Only say what would become of each line."
    )


class OrganizationOutcomeSerializer(serializers.Serializer[OrganizationOutcome]):
    line = serializers.IntegerField()
    path = serializers.CharField()
    action = serializers.CharField(help_text="`create`, `keep` (it is there) or `wrong`.")
    archived = serializers.BooleanField()
    code = serializers.CharField(
        help_text=(
            "Why it is wrong: `path_invalid`, `name_invalid`, `archived_invalid`, `duplicate`, `ambiguous`, "
            "`parent_unknown`, `parent_wrong`, `organization_archived`, `too_deep`, `too_many`, "
            "`permission_denied`. Empty where it is not."
        )
    )
    detail = serializers.CharField(help_text="The same for people.")


class OrganizationsImportResultSerializer(serializers.Serializer):
    created = serializers.IntegerField(help_text="Organizations that are made, or would be.")
    kept = serializers.IntegerField(help_text="Those that are there already.")
    wrong = serializers.IntegerField(help_text="Lines that are wrong; 0 without `dry_run`.")
    results = OrganizationOutcomeSerializer(many=True)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class SettingValueField(serializers.Field):
    """A whole number or a text, as the setting's kind says; services check it."""

    def to_internal_value(self, data: object) -> object:
        return data

    def to_representation(self, value: object) -> object:
        return value


class SettingChoiceSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class EffectiveSettingSerializer(serializers.Serializer[EffectiveSetting]):
    code = serializers.CharField(source="setting.code")
    label = serializers.CharField(source="setting.label")  # type: ignore[assignment]
    help = serializers.CharField(source="setting.help")
    kind = serializers.ChoiceField(
        source="setting.kind", choices=[kind.value for kind in SettingKind]
    )
    choices = serializers.SerializerMethodField()
    value = SettingValueField()
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=[source.value for source in SettingSource],
        help_text="`own` of this organization, `inherited` from one above, or the `default`.",
    )
    organization = OrganizationBriefSerializer(
        allow_null=True,
        help_text="Which it comes from; null for a default, or if you may not see it.",
    )

    @extend_schema_field(SettingChoiceSerializer(many=True))
    def get_choices(self, effective: EffectiveSetting) -> list[dict[str, str]]:
        return [{"value": value, "label": str(label)} for value, label in effective.setting.choices]


class SettingUpdateSerializer(serializers.Serializer):
    value = SettingValueField()
