from django.db import migrations

# A function for its settings: PostgreSQL's figures of the queue are often those of when it was empty. Then it
# takes sorting everything that is due for cheap, and a claim costs as much as the backlog is long. Read in the
# order of the index, it costs the same with one and with a hundred thousand. Its plan is kept per session.
CREATE = """
CREATE OR REPLACE FUNCTION events_handling_claim(handlers text[], at timestamptz)
RETURNS TABLE (
    handling_id uuid, handler varchar, attempts smallint, payload text, event_id uuid, name varchar,
    version smallint, tenant_id uuid, actor_kind varchar, actor_label text, actor_person_id uuid,
    request_id varchar, created_at timestamptz)
LANGUAGE plpgsql
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT h.id, h.handler, h.attempts, e.payload::text, e.id, e.name,
        e.version, e.tenant_id, e.actor_kind, e.actor_label, e.actor_person_id,
        e.request_id, e.created_at
    FROM events_handling h JOIN events_outboxevent e ON e.id = h.event_id
    WHERE h.state = 'pending' AND h.next_attempt_at <= at AND h.handler = ANY(handlers)
        -- The earliest of its handler and aggregate. NOT EXISTS would become a join with all that waits.
        AND h.position = (
            SELECT min(o.position) FROM events_handling o
            WHERE o.handler = h.handler AND o.ordering_key = h.ordering_key AND o.state = 'pending')
    ORDER BY h.next_attempt_at, h.position
    LIMIT 1 FOR UPDATE OF h SKIP LOCKED;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [
        migrations.RunSQL(
            CREATE, "DROP FUNCTION IF EXISTS events_handling_claim(text[], timestamptz)"
        ),
    ]
