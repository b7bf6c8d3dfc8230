import apps.common.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credits", "0005_adjustment_requests"),
    ]

    operations = [
        migrations.CreateModel(
            name="Archive",
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
                ("file", models.CharField(max_length=200, verbose_name="file")),
                ("digest", models.BinaryField()),
                ("first_id", models.UUIDField(editable=False)),
                ("last_id", models.UUIDField(editable=False)),
                ("last_at", models.DateTimeField(verbose_name="until")),
                ("transactions", models.PositiveBigIntegerField(verbose_name="transactions")),
                ("entries", models.PositiveBigIntegerField(verbose_name="entries")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("first_id",), name="credits_archive_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="CarriedEntry",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("grant", "Grant"),
                            ("debit", "Debit"),
                            ("hold", "Hold"),
                            ("capture", "Capture"),
                            ("release", "Release"),
                            ("refund", "Refund"),
                            ("expiry", "Expiry"),
                            ("rollover", "Rollover"),
                            ("revocation", "Revocation"),
                            ("adjustment", "Adjustment"),
                            ("allocation", "Allocation"),
                            ("deallocation", "Return"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("amount_microcredits", models.BigIntegerField(verbose_name="amount")),
                (
                    "credited_account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.account",
                    ),
                ),
                (
                    "debited_account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.account",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.grant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("grant", "kind", "debited_account", "credited_account"),
                        name="credits_carried_entry_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_microcredits__gt", 0),
                            models.Q(
                                ("debited_account", models.F("credited_account")), _negated=True
                            ),
                        ),
                        name="credits_carried_entry_sound",
                    ),
                ],
            },
        ),
    ]
