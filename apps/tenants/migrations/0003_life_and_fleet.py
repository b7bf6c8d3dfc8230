import apps.common.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Before the flag goes: a domain of the tenant's own that was primary is where links lead to.
PRIMARY_HOSTS = """
UPDATE tenants_tenant t SET primary_host = d.domain FROM tenants_domain d
WHERE d.tenant_id = t.id AND d.is_primary AND d.domain <> t.slug || %s
"""
# As in 0002: the owner sees every row, anybody else those of the entered tenant, or none.
SYSTEM_ROWS = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""
TENANT_ROWS = """
CREATE POLICY tenant_rows ON {table} USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
SQL = [
    *(
        SYSTEM_ROWS.format(table=f"tenants_{name}")
        for name in ("export", "pooledschema", "migrationrun", "migrationtarget")
    ),
    TENANT_ROWS.format(table="tenants_export"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0002_row_level_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
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
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                        ],
                        default="queued",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("requested_by", models.CharField(max_length=254, verbose_name="requested by")),
                ("tables_done", models.PositiveIntegerField(default=0, verbose_name="tables done")),
                ("tables_total", models.PositiveIntegerField(default=0, verbose_name="tables")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started")),
                (
                    "finished_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="finished"),
                ),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="kept until"),
                ),
                ("file", models.CharField(blank=True, max_length=300, verbose_name="file")),
                ("size_bytes", models.BigIntegerField(blank=True, null=True, verbose_name="size")),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("error", models.TextField(blank=True, verbose_name="error")),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="MigrationRun",
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
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("abandoned", "Abandoned"),
                        ],
                        default="running",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("version", models.CharField(max_length=32, verbose_name="version")),
                ("actor", models.CharField(max_length=254, verbose_name="by")),
                ("canaries", models.PositiveIntegerField(default=0, verbose_name="canaries")),
                (
                    "finished_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="finished"),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="MigrationTarget",
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
                ("tenant_id", models.UUIDField(verbose_name="tenant")),
                ("schema_name", models.CharField(max_length=63, verbose_name="schema")),
                ("wave", models.PositiveSmallIntegerField(verbose_name="wave")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("abandoned", "Abandoned"),
                        ],
                        default="pending",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                (
                    "migrations",
                    models.PositiveSmallIntegerField(default=0, verbose_name="migrations run"),
                ),
                (
                    "finished_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="finished"),
                ),
                ("duration_ms", models.PositiveIntegerField(default=0, verbose_name="took (ms)")),
                ("error", models.TextField(blank=True, verbose_name="error")),
            ],
            options={
                "ordering": ("wave", "schema_name"),
            },
        ),
        migrations.CreateModel(
            name="PooledSchema",
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
                ("schema_name", models.CharField(max_length=63, unique=True)),
                ("template_version", models.CharField(max_length=32)),
            ],
        ),
        migrations.AddField(
            model_name="domain",
            name="check_error",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=300,
                verbose_name="found at the last check",
            ),
        ),
        migrations.AddField(
            model_name="domain",
            name="checked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last checked"),
        ),
        migrations.AddField(
            model_name="domain",
            name="token",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="proof"
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="cloned_from_id",
            field=models.UUIDField(
                blank=True,
                help_text="Tenant whose masked copy this is.",
                null=True,
                verbose_name="copy of",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="is_canary",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Migrated before the others at a release.",
                verbose_name="canary",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="maintenance_message",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=300,
                verbose_name="maintenance message",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="maintenance_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="in maintenance since"),
        ),
        migrations.AddField(
            model_name="tenant",
            name="maintenance_until",
            field=models.DateTimeField(
                blank=True, null=True, verbose_name="maintenance expected to end"
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="primary_host",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Host name that links lead to; empty: the subdomain.",
                max_length=253,
                verbose_name="primary host",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="purge_started_at",
            field=models.DateTimeField(
                blank=True,
                help_text="From then on there is no way back.",
                null=True,
                verbose_name="deletion began",
            ),
        ),
        migrations.RunSQL([(PRIMARY_HOSTS, [f".{settings.BASE_DOMAIN}"])], migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="domain",
            name="is_primary",
        ),
        migrations.AlterField(
            model_name="domain",
            name="domain",
            field=models.CharField(max_length=253, verbose_name="domain"),
        ),
        migrations.AddConstraint(
            model_name="domain",
            constraint=models.UniqueConstraint(
                condition=models.Q(("verified_at__isnull", False)),
                fields=("domain",),
                name="domain_verified_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="domain",
            constraint=models.UniqueConstraint(
                fields=("tenant", "domain"), name="domain_claimed_once"
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="exports",
                to="tenants.tenant",
            ),
        ),
        migrations.AddField(
            model_name="migrationtarget",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="targets",
                to="tenants.migrationrun",
            ),
        ),
        migrations.AddIndex(
            model_name="pooledschema",
            index=models.Index(fields=["template_version"], name="pooled_schema_version"),
        ),
        migrations.AddIndex(
            model_name="export",
            index=models.Index(fields=["tenant", "-created_at"], name="export_of_tenant"),
        ),
        migrations.AddIndex(
            model_name="export",
            index=models.Index(fields=["status", "expires_at"], name="export_due"),
        ),
        migrations.AddIndex(
            model_name="migrationtarget",
            index=models.Index(fields=["run", "status", "wave"], name="migration_target_open"),
        ),
        migrations.AddConstraint(
            model_name="migrationtarget",
            constraint=models.UniqueConstraint(
                fields=("run", "schema_name"), name="migration_target_once"
            ),
        ),
        *(migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in SQL),
    ]
