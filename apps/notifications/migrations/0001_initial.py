import apps.common.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organizations", "0008_drop_group_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="Digest",
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
                        choices=[
                            ("email", "E-mail"),
                            ("sms", "Text message"),
                            ("push", "Push"),
                            ("webhook", "Webhook"),
                        ],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("sending", "Being sent"),
                            ("sent", "Sent"),
                            ("delivered", "Delivered"),
                            ("bounced", "Bounced"),
                            ("failed", "Failed"),
                            ("skipped", "Not sent"),
                            ("merged", "In a digest"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("lease_until", models.DateTimeField(null=True, verbose_name="leased until")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("provider", models.CharField(blank=True, max_length=30, verbose_name="provider")),
                (
                    "provider_key",
                    models.CharField(blank=True, max_length=255, verbose_name="provider's id"),
                ),
                ("error", models.CharField(blank=True, max_length=500, verbose_name="error")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("arrived_at", models.DateTimeField(null=True, verbose_name="arrived")),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="digests",
                        to="organizations.member",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notification",
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
                ("event_id", models.UUIDField(verbose_name="event")),
                ("params", models.JSONField(default=dict, verbose_name="parameters")),
                ("actor_label", models.CharField(blank=True, max_length=254, verbose_name="by")),
                ("actor_person_id", models.UUIDField(null=True, verbose_name="person")),
                ("reached_member_id", models.UUIDField(null=True, verbose_name="handed out up to")),
                ("handed_out_at", models.DateTimeField(null=True, verbose_name="handed out")),
                ("member_count", models.PositiveIntegerField(default=0, verbose_name="people")),
            ],
            options={
                "verbose_name": "notification",
                "verbose_name_plural": "notifications",
                "indexes": [
                    models.Index(
                        condition=models.Q(("handed_out_at", None)),
                        fields=["id"],
                        name="notification_unfinished",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event_id", "kind"), name="notification_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="InboxItem",
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
                ("read_at", models.DateTimeField(null=True, verbose_name="read")),
                ("archived_at", models.DateTimeField(null=True, verbose_name="archived")),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inbox_items",
                        to="organizations.member",
                    ),
                ),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inbox_items",
                        to="notifications.notification",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
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
                        choices=[
                            ("email", "E-mail"),
                            ("sms", "Text message"),
                            ("push", "Push"),
                            ("webhook", "Webhook"),
                        ],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("sending", "Being sent"),
                            ("sent", "Sent"),
                            ("delivered", "Delivered"),
                            ("bounced", "Bounced"),
                            ("failed", "Failed"),
                            ("skipped", "Not sent"),
                            ("merged", "In a digest"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("lease_until", models.DateTimeField(null=True, verbose_name="leased until")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("provider", models.CharField(blank=True, max_length=30, verbose_name="provider")),
                (
                    "provider_key",
                    models.CharField(blank=True, max_length=255, verbose_name="provider's id"),
                ),
                ("error", models.CharField(blank=True, max_length=500, verbose_name="error")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("arrived_at", models.DateTimeField(null=True, verbose_name="arrived")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("default", "By default"),
                            ("chosen", "Chosen by the person"),
                            ("workspace", "Set by the workspace"),
                            ("locked", "Set by the workspace for everybody"),
                            ("urgent", "Urgent"),
                            ("quiet_hours", "Waits for the end of quiet hours"),
                            ("digest", "Goes with the digest"),
                            ("turned_off", "Turned off by the person"),
                            ("workspace_off", "Turned off by the workspace"),
                            ("unsubscribed", "Unsubscribed"),
                            ("no_address", "No address for it"),
                            ("suppressed", "The address is on the suppression list"),
                            ("cap_reached", "The limit is reached"),
                            ("refused", "The provider refused it"),
                            ("given_up", "Tried for too long"),
                            ("gone", "The member has left, or the type is no more"),
                        ],
                        max_length=14,
                        verbose_name="reason",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="organizations.member",
                    ),
                ),
                (
                    "digest",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="notifications.digest",
                    ),
                ),
                (
                    "notification",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="notifications.notification",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="digest",
            index=models.Index(fields=["member", "-id"], name="digest_of_member"),
        ),
        migrations.AddIndex(
            model_name="digest",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["channel", "due_at"],
                name="digest_pending",
            ),
        ),
        migrations.AddIndex(
            model_name="digest",
            index=models.Index(
                condition=models.Q(("state", "sending")),
                fields=["lease_until"],
                name="digest_sending",
            ),
        ),
        migrations.AddConstraint(
            model_name="digest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("attempts", 0), ("state", "pending")),
                fields=("member", "channel"),
                name="digest_open",
            ),
        ),
        migrations.AddIndex(
            model_name="inboxitem",
            index=models.Index(fields=["member", "-id"], name="inbox_of_member"),
        ),
        migrations.AddIndex(
            model_name="inboxitem",
            index=models.Index(
                condition=models.Q(("archived_at", None), ("read_at", None)),
                fields=["member"],
                name="inbox_unread",
            ),
        ),
        migrations.AddConstraint(
            model_name="inboxitem",
            constraint=models.UniqueConstraint(
                fields=("member", "notification"), name="inbox_item_once"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["member", "-id"], name="delivery_of_member"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["channel", "due_at"],
                name="delivery_pending",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "sending")),
                fields=["lease_until"],
                name="delivery_sending",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("digest__isnull", False)),
                fields=["digest"],
                name="delivery_of_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("notification", "member", "channel"),
                name="delivery_once",
                nulls_distinct=False,
            ),
        ),
    ]
