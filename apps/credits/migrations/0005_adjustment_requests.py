import apps.common.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credits", "0004_usage_events"),
    ]

    operations = [
        migrations.CreateModel(
            name="AdjustmentRequest",
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
                ("amount_microcredits", models.BigIntegerField(verbose_name="amount")),
                (
                    "credits_expire_at",
                    models.DateTimeField(null=True, verbose_name="credits are good until"),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("requested_by", models.UUIDField(verbose_name="requested by")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("approved", "Approved"),
                            ("declined", "Declined"),
                        ],
                        default="pending",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("decided_by", models.UUIDField(null=True, verbose_name="decided by")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                (
                    "decision_reason",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="reason of the decision"
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_microcredits", 0), _negated=True),
                        name="credits_adjustment_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "pending")),
                            models.Q(
                                models.Q(("state", "pending"), _negated=True),
                                ("decided_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="credits_adjustment_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", models.F("requested_by")),
                            ("state", "approved"),
                            _negated=True,
                        ),
                        name="credits_adjustment_two_people",
                    ),
                ],
            },
        ),
    ]
