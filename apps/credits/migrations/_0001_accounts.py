"""The first tables of 0001_initial: accounts and what lies in them, and holds. Of the same migration."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import apps.common.ids

OPERATIONS = [
    migrations.CreateModel(
        name="Account",
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
                        ("wallet", "Wallet"),
                        ("budget", "Budget"),
                        ("held", "Held"),
                        ("grants", "Granted"),
                        ("sales", "Sold"),
                        ("usage", "Used"),
                        ("breakage", "Expired"),
                        ("adjustments", "Adjusted"),
                    ],
                    max_length=12,
                    verbose_name="kind",
                ),
            ),
            ("organization_id", models.UUIDField(null=True, verbose_name="organization")),
            ("balance_microcredits", models.BigIntegerField(default=0, verbose_name="balance")),
            ("frozen_at", models.DateTimeField(null=True, verbose_name="frozen")),
            (
                "frozen_reason",
                models.CharField(blank=True, max_length=500, verbose_name="why it is frozen"),
            ),
            (
                "alert_below_microcredits",
                models.BigIntegerField(null=True, verbose_name="alert below"),
            ),
            ("low_at", models.DateTimeField(null=True, verbose_name="low")),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(("balance_microcredits__gte", 0)),
                    name="credits_account_not_negative",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("kind", "wallet"),
                        ("kind", "budget"),
                        ("balance_microcredits", 0),
                        _connector="OR",
                    ),
                    name="credits_account_keeps_balance",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("kind", "budget"), ("organization_id__isnull", False)),
                        models.Q(
                            models.Q(("kind", "budget"), _negated=True),
                            ("organization_id__isnull", True),
                        ),
                        _connector="OR",
                    ),
                    name="credits_account_of_organization",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("kind", "budget"), _negated=True),
                    fields=("kind",),
                    name="credits_account_once",
                ),
                models.UniqueConstraint(
                    fields=("organization_id",), name="credits_account_budget_once"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Grant",
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
                "source",
                models.CharField(
                    choices=[
                        ("plan", "Plan"),
                        ("purchase", "Purchase"),
                        ("promotion", "Promotion"),
                        ("adjustment", "Adjustment"),
                        ("refund", "Refund"),
                        ("rollover", "Rollover"),
                    ],
                    max_length=12,
                    verbose_name="source",
                ),
            ),
            ("amount_microcredits", models.BigIntegerField(verbose_name="amount")),
            ("priority", models.PositiveSmallIntegerField(default=50, verbose_name="priority")),
            ("effective_at", models.DateTimeField(verbose_name="good from")),
            ("expires_at", models.DateTimeField(null=True, verbose_name="good until")),
            (
                "operations",
                django.contrib.postgres.fields.ArrayField(
                    base_field=models.CharField(max_length=80),
                    blank=True,
                    default=list,
                    size=None,
                ),
            ),
            (
                "organization_ids",
                django.contrib.postgres.fields.ArrayField(
                    base_field=models.UUIDField(), blank=True, default=list, size=None
                ),
            ),
            (
                "rollover_cap_microcredits",
                models.BigIntegerField(default=0, verbose_name="rolls over, at most"),
            ),
            (
                "description",
                models.CharField(blank=True, max_length=200, verbose_name="description"),
            ),
            ("reference", models.CharField(max_length=200, verbose_name="reference")),
            ("expired_at", models.DateTimeField(editable=False, null=True)),
            (
                "revoked_at",
                models.DateTimeField(editable=False, null=True, verbose_name="revoked"),
            ),
            (
                "rolled_from",
                models.ForeignKey(
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to="credits.grant",
                ),
            ),
        ],
    ),
    migrations.CreateModel(
        name="Hold",
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
                "captured_microcredits",
                models.BigIntegerField(default=0, verbose_name="captured"),
            ),
            (
                "released_microcredits",
                models.BigIntegerField(default=0, verbose_name="released"),
            ),
            (
                "state",
                models.CharField(
                    choices=[("open", "Open"), ("closed", "Closed"), ("expired", "Expired")],
                    default="open",
                    max_length=8,
                    verbose_name="state",
                ),
            ),
            ("expires_at", models.DateTimeField(verbose_name="expires")),
            ("organization_id", models.UUIDField(null=True, verbose_name="organization")),
            ("member_id", models.UUIDField(null=True, verbose_name="member")),
            ("operation", models.CharField(max_length=80, verbose_name="operation")),
        ],
        options={
            "indexes": [
                models.Index(
                    condition=models.Q(("state", "open")),
                    fields=["expires_at"],
                    name="credits_hold_open",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(
                        ("captured_microcredits__gte", 0),
                        ("released_microcredits__gte", 0),
                        (
                            "amount_microcredits__gte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("captured_microcredits"),
                                "+",
                                models.F("released_microcredits"),
                            ),
                        ),
                    ),
                    name="credits_hold_amounts",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("state", "open"),
                        (
                            "amount_microcredits",
                            django.db.models.expressions.CombinedExpression(
                                models.F("captured_microcredits"),
                                "+",
                                models.F("released_microcredits"),
                            ),
                        ),
                        _connector="OR",
                    ),
                    name="credits_hold_closed",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="HoldPart",
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
            ("position", models.PositiveIntegerField()),
            ("remaining_microcredits", models.BigIntegerField()),
            (
                "account",
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
                    related_name="+",
                    to="credits.grant",
                ),
            ),
            (
                "hold",
                models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.CASCADE,
                    related_name="parts",
                    to="credits.hold",
                ),
            ),
        ],
        options={
            "ordering": ["position"],
        },
    ),
    migrations.CreateModel(
        name="Lot",
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
            ("remaining_microcredits", models.BigIntegerField(verbose_name="left")),
            (
                "account",
                models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="lots",
                    to="credits.account",
                ),
            ),
            (
                "grant",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="lots",
                    to="credits.grant",
                ),
            ),
        ],
    ),
    migrations.CreateModel(
        name="SpendingCap",
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
            ("member_id", models.UUIDField(unique=True, verbose_name="member")),
            ("amount_microcredits", models.BigIntegerField(verbose_name="amount")),
            (
                "period",
                models.CharField(
                    choices=[("day", "A day"), ("month", "A month"), ("quarter", "A quarter")],
                    default="month",
                    max_length=8,
                    verbose_name="period",
                ),
            ),
            ("period_start", models.DateField(verbose_name="period began")),
            ("spent_microcredits", models.BigIntegerField(default=0, verbose_name="spent")),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(
                        ("amount_microcredits__gte", 0), ("spent_microcredits__gte", 0)
                    ),
                    name="credits_spending_cap_amounts",
                )
            ],
        },
    ),
]
