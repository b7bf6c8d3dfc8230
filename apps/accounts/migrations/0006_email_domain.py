import apps.common.ids
import django.db.models.deletion
from django.db import migrations, models


# As in tenants.0002: the owner sees every row, anybody else those of the entered tenant.
ENABLE = """
ALTER TABLE accounts_emaildomain ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts_emaildomain FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON accounts_emaildomain TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON accounts_emaildomain
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
DISABLE = """
DROP POLICY tenant_rows ON accounts_emaildomain;
DROP POLICY system_rows ON accounts_emaildomain;
ALTER TABLE accounts_emaildomain NO FORCE ROW LEVEL SECURITY;
ALTER TABLE accounts_emaildomain DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_sign_in_policy"),
        ("tenants", "0005_history_is_internal"),
    ]

    operations = [
        migrations.CreateModel(
            name="EmailDomain",
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
                ("domain", models.CharField(max_length=253, verbose_name="e-mail domain")),
                (
                    "token",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=64, verbose_name="proof"
                    ),
                ),
                (
                    "verified_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="verified"),
                ),
                (
                    "checked_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last checked"),
                ),
                (
                    "proof_missing_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="proof missing since"),
                ),
                (
                    "check_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("found", "The record is there"),
                            ("missing", "No record found"),
                            ("other_value", "The record has another value"),
                            ("no_domain", "The domain does not exist"),
                            ("no_answer", "DNS did not answer"),
                            ("in_use", "In use by another workspace"),
                        ],
                        db_default="",
                        default="",
                        max_length=12,
                        verbose_name="outcome of the last check",
                    ),
                ),
                (
                    "check_error",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=300,
                        verbose_name="found at the last check",
                    ),
                ),
                (
                    "join_mode",
                    models.CharField(
                        choices=[
                            ("off", "Nobody"),
                            ("request", "On request"),
                            ("automatic", "Anybody, at once"),
                        ],
                        db_default="off",
                        default="off",
                        max_length=12,
                        verbose_name="joining",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="email_domains",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "e-mail domain",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("domain__regex", "^[a-z0-9.-]+$")),
                        name="email_domain_is_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("join_mode", "off"),
                            models.Q(
                                ("proof_missing_since__isnull", True),
                                ("verified_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="email_domain_joined_while_proven",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("verified_at__isnull", False)),
                        fields=("domain",),
                        name="email_domain_verified_once",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "domain"), name="email_domain_claimed_once"
                    ),
                ],
            },
        ),
        migrations.RunSQL(ENABLE, DISABLE),
    ]
