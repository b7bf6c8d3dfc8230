import apps.common.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AddOn",
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
            ],
            options={
                "verbose_name": "add-on",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[a-z][a-z0-9_]*$")), name="add_on_code"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Plan",
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
                ("is_default", models.BooleanField(default=False, verbose_name="for new tenants")),
            ],
            options={
                "verbose_name": "plan",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[a-z][a-z0-9_]*$")), name="plan_code"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("is_default",),
                        name="plan_default_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanVersion",
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
                ("number", models.PositiveIntegerField(verbose_name="number")),
                (
                    "trial_days",
                    models.PositiveSmallIntegerField(default=0, verbose_name="trial (days)"),
                ),
                (
                    "credits_per_period_microcredits",
                    models.BigIntegerField(default=0, verbose_name="credits per period"),
                ),
                (
                    "published_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="published"),
                ),
                ("retired_at", models.DateTimeField(blank=True, null=True, verbose_name="retired")),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="billing.plan",
                    ),
                ),
            ],
            options={
                "verbose_name": "plan version",
            },
        ),
        migrations.CreateModel(
            name="PlanEntitlement",
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
                ("code", models.CharField(max_length=80, verbose_name="entitlement")),
                ("value", models.BigIntegerField(blank=True, null=True, verbose_name="value")),
                ("is_soft", models.BooleanField(default=False, verbose_name="soft")),
                (
                    "add_on",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="billing.addon",
                    ),
                ),
                (
                    "plan_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="billing.planversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "entitlement of a plan",
            },
        ),
        migrations.CreateModel(
            name="Price",
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
                (
                    "interval",
                    models.CharField(
                        choices=[("month", "Monthly"), ("year", "Yearly")],
                        max_length=5,
                        verbose_name="paid",
                    ),
                ),
                ("amount_minor", models.BigIntegerField(verbose_name="amount")),
                ("is_per_seat", models.BooleanField(default=False, verbose_name="for each seat")),
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
                    "add_on",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="billing.addon",
                    ),
                ),
                (
                    "plan_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="billing.planversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "price",
            },
        ),
        migrations.AddConstraint(
            model_name="planversion",
            constraint=models.UniqueConstraint(
                fields=("plan", "number"), name="plan_version_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="planversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("credits_per_period_microcredits__gte", 0)),
                name="plan_version_credits",
            ),
        ),
        migrations.AddConstraint(
            model_name="planversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("retired_at__isnull", True), ("published_at__isnull", False), _connector="OR"
                ),
                name="plan_version_retired_once_published",
            ),
        ),
        migrations.AddConstraint(
            model_name="planentitlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("add_on__isnull", True), ("plan_version__isnull", False)),
                    models.Q(("add_on__isnull", False), ("plan_version__isnull", True)),
                    _connector="OR",
                ),
                name="plan_entitlement_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="planentitlement",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__isnull", True), ("value__gte", 0), _connector="OR"),
                name="plan_entitlement_value",
            ),
        ),
        migrations.AddConstraint(
            model_name="planentitlement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("plan_version__isnull", False)),
                fields=("plan_version", "code"),
                name="plan_entitlement_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="planentitlement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("add_on__isnull", False)),
                fields=("add_on", "code"),
                name="add_on_entitlement_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("add_on__isnull", True), ("plan_version__isnull", False)),
                    models.Q(("add_on__isnull", False), ("plan_version__isnull", True)),
                    _connector="OR",
                ),
                name="price_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="price_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gte", 0)), name="price_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.UniqueConstraint(
                condition=models.Q(("plan_version__isnull", False)),
                fields=("plan_version", "currency", "interval"),
                name="price_of_plan_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.UniqueConstraint(
                condition=models.Q(("add_on__isnull", False)),
                fields=("add_on", "currency", "interval"),
                name="price_of_add_on_once",
            ),
        ),
    ]
