import apps.common.ids
from django.db import migrations, models


# Of the platform: tenants neither read nor change them.
SYSTEM_ROWS = """
ALTER TABLE messaging_suppression ENABLE ROW LEVEL SECURITY;
ALTER TABLE messaging_suppression FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON messaging_suppression TO CURRENT_USER USING (true) WITH CHECK (true);
ALTER TABLE messaging_trackedevent ENABLE ROW LEVEL SECURITY;
ALTER TABLE messaging_trackedevent FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON messaging_trackedevent TO CURRENT_USER USING (true) WITH CHECK (true);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Suppression",
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
                    "channel",
                    models.CharField(
                        choices=[("email", "E-mail"), ("sms", "SMS")],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                ("digest", models.BinaryField(max_length=32)),
                ("hint", models.CharField(blank=True, max_length=300, verbose_name="address")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("bounced", "Bounced for good"),
                            ("complained", "Reported as spam"),
                            ("unsubscribed", "Unsubscribed"),
                            ("manual", "By staff"),
                        ],
                        max_length=16,
                        verbose_name="reason",
                    ),
                ),
                ("provider", models.CharField(blank=True, max_length=32, verbose_name="provider")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                ("lifted_at", models.DateTimeField(null=True, verbose_name="lifted")),
            ],
            options={
                "verbose_name": "suppressed address",
                "verbose_name_plural": "suppressed addresses",
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "digest"), name="suppression_once"),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["email", "sms"])),
                        name="suppression_channel",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reason__in", ["bounced", "complained", "unsubscribed", "manual"])
                        ),
                        name="suppression_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TrackedEvent",
            fields=[
                ("key", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("nonce", models.CharField(max_length=100, null=True, unique=True)),
                ("received_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["received_at"], name="trackedevent_received")],
            },
        ),
        migrations.RunSQL(SYSTEM_ROWS, migrations.RunSQL.noop),
    ]
