import apps.common.ids
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

# One writer after the other: the lock is held until the transaction ends, so that numbers have no gaps and every
# entry follows the one before it. Each statement of a volatile function sees what was committed before it began.
# An event that is recorded already is passed over.
APPEND = """
CREATE OR REPLACE FUNCTION public.trail_append() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_known boolean;
    last_seq bigint;
    last_hash bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(x'7472616c'::int, TG_RELID::int);
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %1$I.%2$I WHERE event_id = $1), last.seq, last.hash '
        'FROM (VALUES (1)) one LEFT JOIN (SELECT seq, hash FROM %1$I.%2$I ORDER BY seq DESC LIMIT 1) last ON true',
        TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO is_known, last_seq, last_hash USING NEW.event_id;
    IF is_known THEN
        RETURN NULL;
    END IF;
    NEW.seq := coalesce(last_seq, 0) + 1;
    NEW.prev_hash := coalesce(last_hash, decode(repeat('00', 32), 'hex'));
    NEW.hash := sha256(int8send(NEW.seq) || NEW.prev_hash || NEW.content_hash);
    RETURN NEW;
END $$
"""
# Two doors, for the tables' owner alone: erasing a part that is about people, and removing what is archived.
GUARD = """
CREATE OR REPLACE FUNCTION public.trail_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    door text := coalesce(current_setting('app.trail_door', true), '');
    parts text[] := '{actor_label,address,agent,who_salt,what,what_salt}';
BEGIN
    IF current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        IF TG_OP = 'DELETE' AND door = 'archive' THEN
            RETURN OLD;
        END IF;
        IF TG_OP = 'UPDATE' AND door = 'erase'
            AND to_jsonb(NEW) - parts = to_jsonb(OLD) - parts
            AND ((NEW.actor_label, NEW.address, NEW.agent, NEW.who_salt) IS NULL
                OR (NEW.actor_label, NEW.address, NEW.agent, NEW.who_salt)
                    IS NOT DISTINCT FROM (OLD.actor_label, OLD.address, OLD.agent, OLD.who_salt))
            AND ((NEW.what, NEW.what_salt) IS NULL
                OR (NEW.what, NEW.what_salt) IS NOT DISTINCT FROM (OLD.what, OLD.what_salt))
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'entries of the audit log are not changed or deleted'
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
TRIGGERS = """
CREATE OR REPLACE TRIGGER trail_append BEFORE INSERT ON trail_platformentry
    FOR EACH ROW EXECUTE FUNCTION public.trail_append();
CREATE OR REPLACE TRIGGER trail_guard BEFORE UPDATE OR DELETE ON trail_platformentry
    FOR EACH ROW EXECUTE FUNCTION public.trail_guard();
"""
# Nobody but the owner writes these, or reads what is the platform's; a tenant's own, its export may read.
SECURITY = """
ALTER TABLE trail_platformentry ENABLE ROW LEVEL SECURITY;
ALTER TABLE trail_platformentry FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON trail_platformentry TO CURRENT_USER USING (true) WITH CHECK (true);
ALTER TABLE trail_checkpoint ENABLE ROW LEVEL SECURITY;
ALTER TABLE trail_checkpoint FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON trail_checkpoint TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON trail_checkpoint FOR SELECT
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
ALTER TABLE trail_segment ENABLE ROW LEVEL SECURITY;
ALTER TABLE trail_segment FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON trail_segment TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON trail_segment FOR SELECT
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("tenant_id", models.UUIDField(editable=False, null=True, verbose_name="tenant")),
                ("signed_at", models.DateTimeField(verbose_name="signed")),
                ("key_id", models.CharField(max_length=16, verbose_name="key")),
                ("signature", models.BinaryField()),
                (
                    "id",
                    models.UUIDField(
                        default=apps.common.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("seq", models.BigIntegerField(verbose_name="number")),
                ("hash", models.BinaryField()),
            ],
            options={
                "verbose_name": "checkpoint",
                "verbose_name_plural": "checkpoints",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "seq"), name="checkpoint_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PlatformEntry",
            fields=[
                (
                    "seq",
                    models.BigIntegerField(
                        default=0,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="number",
                    ),
                ),
                (
                    "event_id",
                    models.UUIDField(
                        default=apps.common.ids.uuid7,
                        editable=False,
                        unique=True,
                        verbose_name="event",
                    ),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="time")),
                ("action", models.CharField(max_length=100, verbose_name="action")),
                ("actor_kind", models.CharField(max_length=20, verbose_name="kind of actor")),
                ("actor_id", models.UUIDField(null=True, verbose_name="person who acted")),
                ("target_type", models.CharField(max_length=60, verbose_name="kind of target")),
                (
                    "targets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None, verbose_name="targets"
                    ),
                ),
                (
                    "request_id",
                    models.CharField(blank=True, max_length=128, verbose_name="request"),
                ),
                ("actor_label", models.TextField(null=True, verbose_name="actor")),
                ("address", models.TextField(null=True, verbose_name="address")),
                ("agent", models.TextField(null=True, verbose_name="client")),
                ("who_salt", models.BinaryField(null=True)),
                ("who_digest", models.BinaryField()),
                ("what", models.JSONField(null=True, verbose_name="details")),
                ("what_salt", models.BinaryField(null=True)),
                ("what_digest", models.BinaryField()),
                ("content_hash", models.BinaryField()),
                ("prev_hash", models.BinaryField(default=b"")),
                ("hash", models.BinaryField(default=b"")),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "ordering": ["-seq"],
                "abstract": False,
                "indexes": [
                    models.Index(fields=["action", "seq"], name="trail_action"),
                    models.Index(fields=["actor_label", "seq"], name="trail_actor"),
                    models.Index(fields=["occurred_at"], name="trail_occurred"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["targets"], name="trail_targets"
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.search.SearchVector(
                            "actor_label", "address", "what", config="simple"
                        ),
                        name="trail_search",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("tenant_id", models.UUIDField(editable=False, null=True, verbose_name="tenant")),
                ("signed_at", models.DateTimeField(verbose_name="signed")),
                ("key_id", models.CharField(max_length=16, verbose_name="key")),
                ("signature", models.BinaryField()),
                (
                    "id",
                    models.UUIDField(
                        default=apps.common.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("first_seq", models.BigIntegerField(verbose_name="first number")),
                ("last_seq", models.BigIntegerField(verbose_name="last number")),
                ("prev_hash", models.BinaryField()),
                ("last_hash", models.BinaryField()),
                ("file", models.CharField(max_length=200, verbose_name="file")),
            ],
            options={
                "verbose_name": "archived segment",
                "verbose_name_plural": "archived segments",
                "ordering": ["first_seq"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "first_seq"), name="segment_once", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_seq__gte", models.F("first_seq"))),
                        name="segment_not_empty",
                    ),
                ],
            },
        ),
        migrations.RunSQL(APPEND, "DROP FUNCTION IF EXISTS public.trail_append()"),
        migrations.RunSQL(GUARD, "DROP FUNCTION IF EXISTS public.trail_guard()"),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(SECURITY, migrations.RunSQL.noop),
    ]
