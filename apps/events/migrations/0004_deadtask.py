import apps.common.ids
import django.utils.timezone
from django.db import migrations, models


# Only the owner (workers, the console) reads and writes them.
SYSTEM_ROWS = """
ALTER TABLE events_deadtask ENABLE ROW LEVEL SECURITY;
ALTER TABLE events_deadtask FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON events_deadtask TO CURRENT_USER USING (true) WITH CHECK (true);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0003_row_level_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeadTask",
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
                ("task", models.CharField(max_length=200, verbose_name="task")),
                ("args", models.JSONField(default=list, verbose_name="arguments")),
                ("kwargs", models.JSONField(default=dict, verbose_name="named arguments")),
                ("tenant_id", models.UUIDField(null=True, verbose_name="tenant")),
                ("reason", models.TextField(verbose_name="reason")),
                (
                    "request_id",
                    models.CharField(blank=True, max_length=128, verbose_name="request"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="refused"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("dead", "Dead"),
                            ("sent", "Sent again"),
                            ("discarded", "Discarded"),
                        ],
                        default="dead",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="note")),
            ],
            options={
                "verbose_name": "dead task",
                "verbose_name_plural": "dead tasks",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "dead")),
                        fields=["created_at"],
                        name="dead_task_open",
                    )
                ],
            },
        ),
        migrations.RunSQL(SYSTEM_ROWS, migrations.RunSQL.noop),
    ]
