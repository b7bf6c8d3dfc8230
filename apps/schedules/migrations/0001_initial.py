import apps.common.ids
from django.db import migrations, models


# Of the platform: tenants neither read nor change them.
SYSTEM_ROWS = """
ALTER TABLE schedules_schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedules_schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON schedules_schedule TO CURRENT_USER USING (true) WITH CHECK (true);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Schedule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=apps.common.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                ("interval_s", models.PositiveIntegerField(null=True, verbose_name="interval")),
                ("is_paused", models.BooleanField(default=False, verbose_name="paused")),
                (
                    "pause_reason",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="reason of the pause"
                    ),
                ),
                ("next_at", models.DateTimeField(verbose_name="next run")),
                ("last_sent_at", models.DateTimeField(null=True, verbose_name="last sent")),
                ("last_finished_at", models.DateTimeField(null=True, verbose_name="last finished")),
                (
                    "last_duration_ms",
                    models.PositiveIntegerField(null=True, verbose_name="duration of the last run"),
                ),
                ("last_error", models.TextField(blank=True, verbose_name="last error")),
            ],
            options={
                "verbose_name": "schedule",
                "verbose_name_plural": "schedules",
            },
        ),
        migrations.RunSQL(SYSTEM_ROWS, migrations.RunSQL.noop),
    ]
