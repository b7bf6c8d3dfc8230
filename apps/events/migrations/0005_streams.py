import django.db.models.deletion
from django.db import migrations, models

# Only the owner (the relay, consumers, the console) reads and writes them.
SYSTEM_ROWS = """
ALTER TABLE events_partition ENABLE ROW LEVEL SECURITY;
ALTER TABLE events_partition FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON events_partition TO CURRENT_USER USING (true) WITH CHECK (true);
ALTER TABLE events_subscriber ENABLE ROW LEVEL SECURITY;
ALTER TABLE events_subscriber FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON events_subscriber TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# CloudEvents 1.0 in JSON, built where the row is: what is in the streams, and what handlers are given. Put together
# by hand, which takes a third of what json_build_object does: what can hold a quotation mark goes through to_json.
ENVELOPE = """
CREATE OR REPLACE FUNCTION events_envelope(o events_outboxevent) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT '{"specversion":"1.0","id":"' || o.id || '","type":"' || o.name
        || '","source":"' || coalesce('/tenants/' || o.tenant_id, '/platform')
        || '","subject":' || to_json(o.aggregate_id) || ',"time":' || to_json(o.created_at)
        || ',"datacontenttype":"application/json","dataversion":' || o.version
        || ',"partition":' || o.partition || ',"sequence":' || o.position
        || ',"dispatched":' || coalesce(to_json(o.dispatched_at)::text, 'null')
        || ',"tenantid":' || coalesce('"' || o.tenant_id || '"', 'null')
        || ',"actorkind":"' || o.actor_kind || '","actor":' || to_json(o.actor_label)
        || ',"actorperson":' || coalesce('"' || o.actor_person_id || '"', 'null')
        || ',"requestid":' || to_json(o.request_id)
        || ',"traceparent":"' || o.traceparent || '","data":' || o.payload || '}'
$$
"""

# Functions for their settings: PostgreSQL's figures of a queue are often those of when it was empty. Then it takes
# sorting everything for cheap, and a claim costs as much as the backlog is long. Read in the order of the index, it
# costs the same with one and with a hundred thousand.
CLAIM = """
CREATE OR REPLACE FUNCTION events_outbox_claim(names text[], versions int[], batch int)
RETURNS TABLE (number smallint, place bigint, type varchar, envelope text)
LANGUAGE plpgsql
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE led smallint;
BEGIN
    -- Who holds the row of a partition leads it until the end of the transaction: others pass it by.
    FOR led IN
        SELECT p.number FROM events_partition p
        WHERE EXISTS (SELECT FROM events_outboxevent w WHERE w.partition = p.number AND w.dispatched_at IS NULL)
        ORDER BY p.number FOR UPDATE SKIP LOCKED
    LOOP
        -- A statement of its own, so that it sees what the leader before has committed.
        RETURN QUERY
        UPDATE events_outboxevent o SET dispatched_at = now()
        WHERE o.id IN (
            SELECT w.id FROM events_outboxevent w
            WHERE w.partition = led AND w.dispatched_at IS NULL
                AND w.version <= versions[array_position(names, w.name::text)]
            ORDER BY w.position LIMIT batch)
        RETURNING o.partition, o.position, o.name, events_envelope(o);
    END LOOP;
END $$
"""
DUE = """
CREATE OR REPLACE FUNCTION events_handling_due(handlers text[], partitions int[], at timestamptz)
RETURNS TABLE (handling_id uuid, handler varchar, attempts smallint, envelope text)
LANGUAGE plpgsql
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT h.id, h.handler, h.attempts, events_envelope(e)
    FROM events_handling h JOIN events_outboxevent e ON e.id = h.event_id
    WHERE h.state = 'pending' AND h.next_attempt_at <= at
        AND h.handler = ANY(handlers) AND h.partition = ANY(partitions)
        -- The earliest of its handler and aggregate. NOT EXISTS would become a join with all that waits.
        AND h.position = (
            SELECT min(o.position) FROM events_handling o
            WHERE o.handler = h.handler AND o.ordering_key = h.ordering_key AND o.state = 'pending')
    ORDER BY h.next_attempt_at, h.position
    LIMIT 1 FOR UPDATE OF h SKIP LOCKED;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0004_deadtask")]

    operations = [
        migrations.CreateModel(
            name="Partition",
            fields=[
                (
                    "number",
                    models.PositiveSmallIntegerField(
                        primary_key=True, serialize=False, verbose_name="number"
                    ),
                ),
                (
                    "last_entry",
                    models.CharField(default="0-0", max_length=40, verbose_name="last entry"),
                ),
                ("settled_before", models.DateTimeField(null=True, verbose_name="settled before")),
            ],
            options={"verbose_name": "partition", "verbose_name_plural": "partitions"},
        ),
        migrations.CreateModel(
            name="Subscriber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("handler", models.CharField(max_length=100, verbose_name="handler")),
                ("event_name", models.CharField(max_length=100, verbose_name="event")),
                ("group", models.CharField(max_length=100, verbose_name="group")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("seen_at", models.DateTimeField(verbose_name="last seen")),
            ],
            options={
                "verbose_name": "subscriber",
                "verbose_name_plural": "subscribers",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("handler", "event_name"), name="subscriber_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(SYSTEM_ROWS, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="outboxevent",
            name="partition",
            field=models.PositiveSmallIntegerField(
                db_default=0, editable=False, verbose_name="partition"
            ),
        ),
        migrations.AddField(
            model_name="outboxevent",
            name="traceparent",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=55, verbose_name="trace"
            ),
        ),
        migrations.AddField(
            model_name="handling",
            name="partition",
            field=models.PositiveSmallIntegerField(db_default=0, editable=False),
        ),
        migrations.AlterField(
            model_name="handling",
            name="event",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="handlings",
                to="events.outboxevent",
                verbose_name="event",
            ),
        ),
        migrations.RunSQL(ENVELOPE, migrations.RunSQL.noop),
        migrations.RunSQL(CLAIM, migrations.RunSQL.noop),
        migrations.RunSQL(DUE, migrations.RunSQL.noop),
        migrations.RunSQL(
            "DROP FUNCTION IF EXISTS events_handling_claim(text[], timestamptz)",
            migrations.RunSQL.noop,
        ),
    ]
