import apps.common.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChannelDefault",
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
                ("subject", models.CharField(max_length=100, verbose_name="type or category")),
                ("channel", models.CharField(max_length=8, verbose_name="channel")),
                ("is_on", models.BooleanField(verbose_name="on")),
                ("is_locked", models.BooleanField(default=False, verbose_name="for everybody")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subject", "channel"), name="channel_default_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Phone",
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
                ("number_encrypted", models.BinaryField(verbose_name="number")),
                ("number_end", models.CharField(max_length=4, verbose_name="last digits")),
                ("verified_at", models.DateTimeField(null=True, verbose_name="verified")),
                ("code_digest", models.CharField(blank=True, max_length=64, verbose_name="code")),
                ("code_expires_at", models.DateTimeField(null=True, verbose_name="code expires")),
                ("code_tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="phone",
                        to="organizations.member",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Preference",
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
                ("subject", models.CharField(max_length=100, verbose_name="type or category")),
                ("channel", models.CharField(max_length=8, verbose_name="channel")),
                ("is_on", models.BooleanField(verbose_name="on")),
                (
                    "is_unsubscribed",
                    models.BooleanField(default=False, verbose_name="unsubscribed"),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_preferences",
                        to="organizations.member",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PushDevice",
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
                            ("web", "Browser"),
                            ("android", "Android"),
                            ("ios", "iPhone or iPad"),
                        ],
                        max_length=7,
                        verbose_name="kind",
                    ),
                ),
                ("address_encrypted", models.BinaryField(verbose_name="address")),
                (
                    "address_digest",
                    models.CharField(max_length=64, unique=True, verbose_name="digest"),
                ),
                ("label", models.CharField(blank=True, max_length=100, verbose_name="name")),
                ("last_seen_at", models.DateTimeField(verbose_name="last seen")),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="push_devices",
                        to="organizations.member",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TemplateOverride",
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
                ("kind", models.CharField(max_length=100, verbose_name="type")),
                ("language", models.CharField(max_length=8, verbose_name="language")),
                ("title", models.CharField(blank=True, max_length=300, verbose_name="title")),
                ("body", models.TextField(blank=True, max_length=10000, verbose_name="text")),
                ("action", models.CharField(blank=True, max_length=100, verbose_name="button")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "language"), name="template_override_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Timing",
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
                    "digest",
                    models.CharField(
                        choices=[
                            ("never", "At once"),
                            ("hourly", "Once an hour"),
                            ("daily", "Once a day"),
                            ("weekly", "Once a week"),
                        ],
                        default="never",
                        max_length=6,
                        verbose_name="digest",
                    ),
                ),
                ("hour", models.PositiveSmallIntegerField(default=8, verbose_name="hour")),
                ("weekday", models.PositiveSmallIntegerField(default=0, verbose_name="weekday")),
                ("quiet_from", models.TimeField(null=True, verbose_name="quiet from")),
                ("quiet_until", models.TimeField(null=True, verbose_name="quiet until")),
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_timing",
                        to="organizations.member",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WebhookTarget",
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
                ("is_only", models.BooleanField(default=True, editable=False, unique=True)),
                ("url", models.URLField(max_length=2000, verbose_name="address")),
                ("secret_encrypted", models.BinaryField(verbose_name="secret")),
                ("categories", models.JSONField(default=list, verbose_name="categories")),
                ("is_on", models.BooleanField(default=True, verbose_name="on")),
                ("failing_since", models.DateTimeField(null=True, verbose_name="failing since")),
                (
                    "last_error",
                    models.CharField(blank=True, max_length=500, verbose_name="last error"),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("is_only", True)), name="webhook_target_one"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.UniqueConstraint(
                fields=("member", "subject", "channel"), name="preference_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_on", True), ("is_unsubscribed", True), _negated=True),
                name="preference_unsubscribed",
            ),
        ),
        migrations.AddIndex(
            model_name="pushdevice",
            index=models.Index(fields=["member", "-id"], name="push_device_of_member"),
        ),
        migrations.AddConstraint(
            model_name="timing",
            constraint=models.CheckConstraint(
                condition=models.Q(("hour__lt", 24)), name="timing_hour"
            ),
        ),
        migrations.AddConstraint(
            model_name="timing",
            constraint=models.CheckConstraint(
                condition=models.Q(("weekday__lt", 7)), name="timing_weekday"
            ),
        ),
        migrations.AddConstraint(
            model_name="timing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("quiet_from", None), ("quiet_until", None)),
                    models.Q(("quiet_from__isnull", False), ("quiet_until__isnull", False)),
                    _connector="OR",
                ),
                name="timing_quiet",
            ),
        ),
    ]
