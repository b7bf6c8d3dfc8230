import apps.common.ids
import django.contrib.postgres.fields
from django.db import migrations, models

# As in adoption.0002: decided for all tenants, and naming some of them, it is read by the system alone.
ENABLE = """
ALTER TABLE adoption_flagrule ENABLE ROW LEVEL SECURITY;
ALTER TABLE adoption_flagrule FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON adoption_flagrule TO CURRENT_USER USING (true) WITH CHECK (true);
"""
DISABLE = """
DROP POLICY system_rows ON adoption_flagrule;
ALTER TABLE adoption_flagrule NO FORCE ROW LEVEL SECURITY;
ALTER TABLE adoption_flagrule DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("adoption", "0002_row_level_security")]

    operations = [
        migrations.CreateModel(
            name="FlagRule",
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
                ("code", models.CharField(max_length=80, unique=True, verbose_name="code")),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("as_declared", "As the code declares it"),
                            ("off", "Off for everybody"),
                            ("on", "On for everybody"),
                            ("targeted", "On for some plans and a share of the rest"),
                        ],
                        max_length=11,
                        verbose_name="mode",
                    ),
                ),
                ("percent", models.PositiveSmallIntegerField(default=0, verbose_name="percent")),
                (
                    "plans",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80),
                        default=list,
                        size=None,
                        verbose_name="plans",
                    ),
                ),
                (
                    "on",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        default=list,
                        size=None,
                        verbose_name="on for",
                    ),
                ),
                (
                    "off",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        default=list,
                        size=None,
                        verbose_name="off for",
                    ),
                ),
                ("actor", models.CharField(max_length=254, verbose_name="set by")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
            ],
            options={
                "verbose_name": "flag",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("percent__lte", 100)), name="flag_rule_percent"
                    )
                ],
            },
        ),
        migrations.RunSQL(ENABLE, DISABLE),
    ]
