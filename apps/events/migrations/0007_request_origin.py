from django.db import migrations, models

# As of 0005, with the two keys. Consumers of the release before pass over what they do not know.
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
        || ',"traceparent":"' || o.traceparent
        || '","address":' || to_json(o.address) || ',"agent":' || to_json(o.agent)
        || ',"data":' || o.payload || '}'
$$
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0006_waiting")]

    operations = [
        migrations.AddField(
            model_name="outboxevent",
            name="address",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=45, verbose_name="address"
            ),
        ),
        migrations.AddField(
            model_name="outboxevent",
            name="agent",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=300, verbose_name="client"
            ),
        ),
        migrations.RunSQL(ENVELOPE, migrations.RunSQL.noop),
    ]
