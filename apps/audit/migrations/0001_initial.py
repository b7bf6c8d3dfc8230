import apps.common.ids
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

# The functions are in the public schema, made by the trail app's migrations.
TRIGGERS = """
CREATE OR REPLACE TRIGGER trail_append BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION public.trail_append();
CREATE OR REPLACE TRIGGER trail_guard BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION public.trail_guard();
CREATE OR REPLACE TRIGGER trail_guard_all BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION public.trail_guard();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "seq",
                    models.BigIntegerField(
                        default=0,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="number",
                    ),
                ),
                (
                    "event_id",
                    models.UUIDField(
                        default=apps.common.ids.uuid7,
                        editable=False,
                        unique=True,
                        verbose_name="event",
                    ),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="time")),
                ("action", models.CharField(max_length=100, verbose_name="action")),
                ("actor_kind", models.CharField(max_length=20, verbose_name="kind of actor")),
                ("actor_id", models.UUIDField(null=True, verbose_name="person who acted")),
                ("target_type", models.CharField(max_length=60, verbose_name="kind of target")),
                (
                    "targets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None, verbose_name="targets"
                    ),
                ),
                (
                    "request_id",
                    models.CharField(blank=True, max_length=128, verbose_name="request"),
                ),
                ("actor_label", models.TextField(null=True, verbose_name="actor")),
                ("address", models.TextField(null=True, verbose_name="address")),
                ("agent", models.TextField(null=True, verbose_name="client")),
                ("who_salt", models.BinaryField(null=True)),
                ("who_digest", models.BinaryField()),
                ("what", models.JSONField(null=True, verbose_name="details")),
                ("what_salt", models.BinaryField(null=True)),
                ("what_digest", models.BinaryField()),
                ("content_hash", models.BinaryField()),
                ("prev_hash", models.BinaryField(default=b"")),
                ("hash", models.BinaryField(default=b"")),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "ordering": ["-seq"],
                "abstract": False,
                "indexes": [
                    models.Index(fields=["action", "seq"], name="audit_action"),
                    models.Index(fields=["actor_label", "seq"], name="audit_actor"),
                    models.Index(fields=["occurred_at"], name="audit_occurred"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["targets"], name="audit_targets"
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.search.SearchVector(
                            "actor_label", "address", "what", config="simple"
                        ),
                        name="audit_search",
                    ),
                ],
            },
        ),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
    ]
