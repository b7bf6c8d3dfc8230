import apps.common.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_catalogue"),
        ("tenants", "0005_history_is_internal"),
    ]

    operations = [
        migrations.CreateModel(
            name="TenantAddOn",
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
                ("since", models.DateTimeField(verbose_name="since")),
                (
                    "add_on",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tenants",
                        to="billing.addon",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="add_ons",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "add-on of a tenant",
            },
        ),
        migrations.CreateModel(
            name="TenantPlan",
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
                ("since", models.DateTimeField(verbose_name="since")),
                ("period_anchor_at", models.DateTimeField(verbose_name="periods begin")),
                ("is_comp", models.BooleanField(default=False, verbose_name="free of charge")),
                ("actor", models.CharField(max_length=254, verbose_name="assigned by")),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=500, verbose_name="reason"),
                ),
                (
                    "plan_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tenants",
                        to="billing.planversion",
                    ),
                ),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assigned_plan",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "plan of a tenant",
                "verbose_name_plural": "plans of tenants",
            },
        ),
        migrations.CreateModel(
            name="UsageCounter",
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
                ("period_start", models.DateTimeField(verbose_name="period")),
                ("used", models.BigIntegerField(verbose_name="used")),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "usage of a period",
            },
        ),
        migrations.CreateModel(
            name="UsageRecord",
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
                ("key", models.CharField(max_length=100, verbose_name="key")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "use",
            },
        ),
        migrations.CreateModel(
            name="EntitlementOverride",
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
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("actor", models.CharField(max_length=254, verbose_name="set by")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entitlement_overrides",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "override",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "code"), name="entitlement_override_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("value__isnull", True), ("value__gte", 0), _connector="OR"
                        ),
                        name="entitlement_override_value",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="entitlement_override_reason",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="tenantaddon",
            constraint=models.UniqueConstraint(
                fields=("tenant", "add_on"), name="tenant_add_on_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tenantaddon",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gte", 1)), name="tenant_add_on_quantity"
            ),
        ),
        migrations.AddConstraint(
            model_name="usagecounter",
            constraint=models.UniqueConstraint(
                fields=("tenant", "code", "period_start"), name="usage_counter_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="usagecounter",
            constraint=models.CheckConstraint(
                condition=models.Q(("used__gte", 0)), name="usage_counter_used"
            ),
        ),
        migrations.AddIndex(
            model_name="usagerecord",
            index=models.Index(fields=["created_at"], name="usage_record_age"),
        ),
        migrations.AddConstraint(
            model_name="usagerecord",
            constraint=models.UniqueConstraint(
                fields=("tenant", "code", "key"), name="usage_record_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="usagerecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 1)), name="usage_record_amount"
            ),
        ),
    ]
