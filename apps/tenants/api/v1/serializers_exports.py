from rest_framework import serializers

from apps.tenants.enums import ExportStatus
from apps.tenants.exports.selectors import export_link, percent
from apps.tenants.models import Export


class ExportSerializer(serializers.ModelSerializer[Export]):
    status = serializers.ChoiceField(choices=ExportStatus.choices)
    percent = serializers.SerializerMethodField(help_text="Below 100 until it is ready.")
    download_url = serializers.SerializerMethodField(
        help_text=(
            "Good for ten minutes, for whoever has it, without a token; ask again for another. "
            "Null unless `status` is `ready`."
        )
    )

    class Meta:
        model = Export
        fields = [
            "id",
            "status",
            "requested_by",
            "percent",
            "tables_done",
            "tables_total",
            "created_at",
            "finished_at",
            "expires_at",
            "size_bytes",
            "sha256",
            "error",
            "download_url",
        ]
        extra_kwargs = {
            "tables_done": {"help_text": "Each table is written twice: as SQL and as JSON."},
            "error": {"help_text": "Why it failed, for people; empty otherwise."},
            "sha256": {"help_text": "Of the archive; empty until it is ready."},
        }

    def get_percent(self, export: Export) -> int:
        return percent(export)

    def get_download_url(self, export: Export) -> str | None:
        return export_link(export)
