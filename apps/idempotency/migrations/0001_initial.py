import apps.common.ids
import django.db.models.deletion
from django.db import migrations, models

# The owner sees every row; anybody else those of the entered tenant, or outside of one those of none.
ENABLE = """
ALTER TABLE idempotency_keptanswer ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keptanswer FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON idempotency_keptanswer TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON idempotency_keptanswer
    USING (tenant_id IS NOT DISTINCT FROM NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("tenants", "0007_brand")]

    operations = [
        migrations.CreateModel(
            name="KeptAnswer",
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
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("caller", models.CharField(max_length=100, verbose_name="caller")),
                ("key", models.CharField(max_length=200, verbose_name="key")),
                ("fingerprint", models.BinaryField(max_length=32, verbose_name="fingerprint")),
                ("lease_until", models.DateTimeField(null=True, verbose_name="leased until")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="status")),
                ("headers", models.JSONField(default=dict, verbose_name="headers")),
                ("body_encrypted", models.BinaryField(default=b"", verbose_name="body")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "kept answer",
                "verbose_name_plural": "kept answers",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "caller", "key"),
                        name="kept_answer_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__isnull", False),
                            ("lease_until__isnull", False),
                            _connector="OR",
                        ),
                        name="kept_answer_or_lease",
                    ),
                ],
                "indexes": [models.Index(fields=["created_at"], name="kept_answer_created")],
            },
        ),
        migrations.RunSQL(ENABLE, migrations.RunSQL.noop),
    ]
