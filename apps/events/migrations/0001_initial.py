import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.db import migrations, models

import apps.common.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="OutboxEvent",
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
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("user", "user"),
                            ("organization", "organization"),
                            ("billing", "billing"),
                            ("system", "system"),
                        ],
                        max_length=20,
                        verbose_name="scope",
                    ),
                ),
                ("tenant_id", models.UUIDField(null=True, verbose_name="tenant")),
                ("aggregate_id", models.TextField(verbose_name="aggregate")),
                ("actor_kind", models.CharField(max_length=20, verbose_name="kind of actor")),
                ("actor_label", models.TextField(verbose_name="actor")),
                ("actor_person_id", models.UUIDField(null=True, verbose_name="person")),
                (
                    "request_id",
                    models.CharField(blank=True, max_length=128, verbose_name="request"),
                ),
                ("payload", models.JSONField(verbose_name="payload")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="published"
                    ),
                ),
                ("dispatched_at", models.DateTimeField(null=True, verbose_name="dispatched")),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
            },
        ),
        # An identity column: roles that may INSERT need no right on its sequence.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE events_outboxevent ADD COLUMN IF NOT EXISTS position bigint GENERATED ALWAYS AS IDENTITY",
                    migrations.RunSQL.noop,
                ),
            ],
            state_operations=[
                migrations.AddField(
                    model_name="outboxevent",
                    name="position",
                    field=models.BigIntegerField(
                        db_default=django.db.models.expressions.RawSQL("DEFAULT", ()),
                        editable=False,
                    ),
                    preserve_default=False,
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="outboxevent",
            index=models.Index(
                condition=models.Q(("dispatched_at", None)),
                fields=["position"],
                name="outbox_undispatched",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxevent",
            index=models.Index(fields=["created_at"], name="outbox_created"),
        ),
        # Wakes the relay when the publishing transaction commits. A statement's trigger costs the writer no
        # round trip, and PostgreSQL delivers equal notifications of one transaction once.
        migrations.RunSQL(
            """
            CREATE OR REPLACE FUNCTION events_outbox_nudge() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_catalog.pg_notify('outbox', '');
                RETURN NULL;
            END $$;
            CREATE OR REPLACE TRIGGER events_outbox_nudge AFTER INSERT ON events_outboxevent
                FOR EACH STATEMENT EXECUTE FUNCTION events_outbox_nudge();
            """,
            """
            DROP TRIGGER IF EXISTS events_outbox_nudge ON events_outboxevent;
            DROP FUNCTION IF EXISTS events_outbox_nudge();
            """,
        ),
        migrations.CreateModel(
            name="Handling",
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
                ("handler", models.CharField(max_length=100, verbose_name="handler")),
                ("ordering_key", models.TextField(editable=False)),
                ("position", models.BigIntegerField(editable=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("done", "Done"),
                            ("dead", "Dead letter"),
                            ("discarded", "Discarded"),
                        ],
                        default="pending",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("next_attempt_at", models.DateTimeField(verbose_name="next attempt")),
                ("last_error", models.TextField(blank=True, verbose_name="last error")),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("done_at", models.DateTimeField(null=True, verbose_name="done")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="handlings",
                        to="events.outboxevent",
                        verbose_name="event",
                    ),
                ),
            ],
            options={
                "verbose_name": "handling",
                "verbose_name_plural": "handlings",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["next_attempt_at", "position"],
                        name="handling_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["handler", "ordering_key", "position"],
                        name="handling_order",
                    ),
                    models.Index(
                        condition=models.Q(("state", "dead")),
                        fields=["handler"],
                        name="handling_dead",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event", "handler"), name="handling_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "done", "dead", "discarded"])),
                        name="handling_state_known",
                    ),
                ],
            },
        ),
    ]
