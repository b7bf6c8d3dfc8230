import apps.common.ids
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0011_contacts"),
        ("tenants", "0005_history_is_internal"),
    ]

    operations = [
        migrations.CreateModel(
            name="CreditPack",
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
                ("code", models.CharField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "description",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="description"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "is_public",
                    models.BooleanField(
                        default=True,
                        help_text="Shown to everybody; others staff assign.",
                        verbose_name="public",
                    ),
                ),
                ("retired_at", models.DateTimeField(blank=True, null=True, verbose_name="retired")),
                (
                    "stripe_product_id",
                    models.CharField(
                        blank=True,
                        max_length=255,
                        null=True,
                        unique=True,
                        verbose_name="Stripe product",
                    ),
                ),
                ("credits_microcredits", models.BigIntegerField(verbose_name="credits")),
                (
                    "valid_days",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="valid (days)"
                    ),
                ),
                ("priority", models.PositiveSmallIntegerField(default=50, verbose_name="priority")),
            ],
            options={
                "verbose_name": "pack of credits",
                "verbose_name_plural": "packs of credits",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[a-z][a-z0-9_]*$")),
                        name="credit_pack_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credits_microcredits__gt", 0)),
                        name="credit_pack_credits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_days__isnull", True), ("valid_days__gt", 0), _connector="OR"
                        ),
                        name="credit_pack_valid",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PackPrice",
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
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount_minor", models.BigIntegerField(verbose_name="amount")),
                ("retired_at", models.DateTimeField(blank=True, null=True, verbose_name="retired")),
                (
                    "stripe_price_id",
                    models.CharField(
                        blank=True,
                        max_length=255,
                        null=True,
                        unique=True,
                        verbose_name="Stripe price",
                    ),
                ),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prices",
                        to="billing.creditpack",
                    ),
                ),
            ],
            options={
                "verbose_name": "price of a pack",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="pack_price_currency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="pack_price_amount"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at__isnull", True)),
                        fields=("pack", "currency"),
                        name="pack_price_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditPurchase",
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
                ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                ("credits_microcredits", models.BigIntegerField(verbose_name="credits")),
                ("amount_minor", models.BigIntegerField(verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("valid_days", models.PositiveSmallIntegerField(null=True)),
                ("priority", models.PositiveSmallIntegerField(default=50)),
                ("is_automatic", models.BooleanField(default=False, verbose_name="automatic")),
                ("low_at", models.DateTimeField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("paid", "Paid"), ("failed", "Failed")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("check_at", models.DateTimeField(null=True)),
                ("stripe_session_id", models.CharField(max_length=255, null=True, unique=True)),
                ("stripe_invoice_id", models.CharField(max_length=255, null=True, unique=True)),
                (
                    "stripe_payment_intent_id",
                    models.CharField(max_length=255, null=True, unique=True),
                ),
                ("paid_at", models.DateTimeField(null=True, verbose_name="paid")),
                ("paid_minor", models.BigIntegerField(default=0, verbose_name="paid amount")),
                ("failure_code", models.CharField(blank=True, default="", max_length=100)),
                (
                    "failure_reason",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="why it failed"
                    ),
                ),
                ("returned", models.JSONField(default=dict, verbose_name="given back")),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "price",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="purchases",
                        to="billing.packprice",
                    ),
                ),
            ],
            options={
                "verbose_name": "purchase of credits",
                "verbose_name_plural": "purchases of credits",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["check_at"],
                        name="credit_purchase_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gt", 0),
                            ("credits_microcredits__gt", 0),
                            ("quantity__gt", 0),
                        ),
                        name="credit_purchase_amounts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_automatic", False), ("low_at__isnull", True)),
                            models.Q(("is_automatic", True), ("low_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="credit_purchase_automatic",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_automatic", True), ("state", "open")),
                        fields=("tenant",),
                        name="credit_purchase_one_open",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("is_automatic", True), models.Q(("state", "failed"), _negated=True)
                        ),
                        fields=("tenant", "low_at"),
                        name="credit_purchase_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AutoTopUp",
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
                ("is_on", models.BooleanField(default=False, verbose_name="on")),
                ("quantity", models.PositiveIntegerField(default=1, verbose_name="quantity")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("monthly_cap_minor", models.BigIntegerField(verbose_name="at most a month")),
                ("paused_at", models.DateTimeField(null=True, verbose_name="paused")),
                ("pause_code", models.CharField(blank=True, default="", max_length=100)),
                (
                    "pause_reason",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="why it is paused"
                    ),
                ),
                ("capped_on", models.DateField(null=True)),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.creditpack",
                    ),
                ),
            ],
            options={
                "verbose_name": "auto top-up",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("monthly_cap_minor__gt", 0), ("quantity__gt", 0)),
                        name="auto_top_up_amounts",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="planversion",
            name="credits_rollover_microcredits",
            field=models.BigIntegerField(
                db_default=0, default=0, verbose_name="credits that roll over"
            ),
        ),
        migrations.AddField(
            model_name="tenantplan",
            name="allowance_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="planversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("credits_rollover_microcredits__gte", 0)),
                name="plan_version_rollover",
            ),
        ),
    ]
