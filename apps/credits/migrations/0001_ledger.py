import apps.common.ids
import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from apps.credits.migrations._0001_accounts import OPERATIONS as ACCOUNTS_AND_HOLDS


# The functions are in the public schema, made by the ledger app's migrations.
GUARDS = "".join(
    f"""
CREATE OR REPLACE TRIGGER ledger_guard BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION public.ledger_guard();
CREATE OR REPLACE TRIGGER ledger_guard_all BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_guard();
"""
    for table in ("credits_transaction", "credits_entry")
)
# What every tenant has one of: a new one by the template that it is cloned from (apps/credits/enums.py).
KINDS = ("wallet", "held", "grants", "sales", "usage", "breakage", "adjustments")
ROWS = ", ".join(
    f"('{uuid.UUID(int=number)}', now(), now(), '{kind}', 0, '')"
    for number, kind in enumerate(KINDS, start=1)
)
ACCOUNTS = (
    "INSERT INTO credits_account (id, created_at, updated_at, kind, balance_microcredits, frozen_reason) "  # noqa: S608
    f"VALUES {ROWS} ON CONFLICT DO NOTHING"
)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        *ACCOUNTS_AND_HOLDS,
        migrations.CreateModel(
            name="Transaction",
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
                ("created_at", models.DateTimeField(verbose_name="time")),
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
                    "idempotency_key",
                    models.CharField(max_length=200, unique=True, verbose_name="idempotency key"),
                ),
                ("fingerprint", models.UUIDField(editable=False)),
                ("organization_id", models.UUIDField(null=True, verbose_name="organization")),
                ("member_id", models.UUIDField(null=True, verbose_name="member")),
                (
                    "operation",
                    models.CharField(blank=True, max_length=80, verbose_name="operation"),
                ),
                ("related_id", models.UUIDField(null=True)),
                (
                    "balance_after_microcredits",
                    models.BigIntegerField(verbose_name="balance after"),
                ),
                ("actor_kind", models.CharField(max_length=20, verbose_name="kind of actor")),
                ("actor_id", models.UUIDField(null=True, verbose_name="actor")),
                ("details", models.JSONField(default=dict, verbose_name="details")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("related_id__isnull", False)),
                        fields=["related_id"],
                        name="credits_transaction_related",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_microcredits__gt", 0)),
                        name="credits_transaction_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("balance_after_microcredits__gte", 0)),
                        name="credits_transaction_balance",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "transaction_id",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.PositiveIntegerField()),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="credits.grant",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="credits.transaction",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UsageDay",
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
                ("day", models.DateField(verbose_name="day")),
                ("organization_id", models.UUIDField(null=True, verbose_name="organization")),
                ("member_id", models.UUIDField(null=True, verbose_name="member")),
                ("operation", models.CharField(max_length=80, verbose_name="operation")),
                ("used_microcredits", models.BigIntegerField(verbose_name="used")),
                ("uses", models.BigIntegerField(verbose_name="uses")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "organization_id", "member_id", "operation"),
                        name="credits_usage_day_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Budget",
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
                ("organization_id", models.UUIDField(unique=True, verbose_name="organization")),
                ("amount_microcredits", models.BigIntegerField(verbose_name="amount")),
                (
                    "period",
                    models.CharField(
                        choices=[
                            ("month", "Each month"),
                            ("quarter", "Each quarter"),
                            ("none", "Without a period"),
                        ],
                        default="month",
                        max_length=8,
                        verbose_name="period",
                    ),
                ),
                ("is_hard", models.BooleanField(default=True, verbose_name="hard limit")),
                ("period_start", models.DateField(verbose_name="period began")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="budget",
                        to="credits.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_microcredits__gte", 0)),
                        name="credits_budget_amount",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(
                condition=models.Q(("expired_at__isnull", True), ("expires_at__isnull", False)),
                fields=["expires_at"],
                name="credits_grant_to_expire",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_microcredits__gt", 0)), name="credits_grant_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expires_at__isnull", True),
                    ("expires_at__gt", models.F("effective_at")),
                    _connector="OR",
                ),
                name="credits_grant_times",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("rollover_cap_microcredits__gte", 0)),
                name="credits_grant_rollover",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                fields=("source", "reference"), name="credits_grant_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="holdpart",
            constraint=models.UniqueConstraint(
                fields=("hold", "position"), name="credits_hold_part_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="holdpart",
            constraint=models.CheckConstraint(
                condition=models.Q(("remaining_microcredits__gte", 0)),
                name="credits_hold_part_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="lot",
            constraint=models.UniqueConstraint(
                fields=("account", "grant"), name="credits_lot_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="lot",
            constraint=models.CheckConstraint(
                condition=models.Q(("remaining_microcredits__gte", 0)),
                name="credits_lot_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_microcredits__gt", 0)), name="credits_entry_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("debited_account", models.F("credited_account")), _negated=True
                ),
                name="credits_entry_two_sides",
            ),
        ),
        migrations.RunSQL([GUARDS, ACCOUNTS], migrations.RunSQL.noop),
    ]
