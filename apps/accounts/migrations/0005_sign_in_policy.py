import django.db.models.deletion
from django.db import migrations, models

import apps.common.ids

# As in 0002: the owner sees every row, anybody else those of the entered tenant.
ENABLE = """
ALTER TABLE accounts_signinpolicy ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts_signinpolicy FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON accounts_signinpolicy TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON accounts_signinpolicy
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
DISABLE = """
DROP POLICY tenant_rows ON accounts_signinpolicy;
DROP POLICY system_rows ON accounts_signinpolicy;
ALTER TABLE accounts_signinpolicy NO FORCE ROW LEVEL SECURITY;
ALTER TABLE accounts_signinpolicy DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_person_epoch"),
        ("tenants", "0005_history_is_internal"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignInPolicy",
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
                    "require_mfa",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Everybody signs in with a second factor or a passkey.",
                        verbose_name="second factor required",
                    ),
                ),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_in_policy",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-in policy",
                "verbose_name_plural": "sign-in policies",
            },
        ),
        migrations.RunSQL(ENABLE, DISABLE),
    ]
