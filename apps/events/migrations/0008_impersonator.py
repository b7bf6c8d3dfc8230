from django.db import migrations, models

# As of 0007, with two keys where somebody acted for the person.
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
        || coalesce(',"impersonatorid":"' || o.impersonator_id || '","impersonator":' || to_json(o.impersonator_label), '')
        || ',"requestid":' || to_json(o.request_id)
        || ',"traceparent":"' || o.traceparent
        || '","address":' || to_json(o.address) || ',"agent":' || to_json(o.agent)
        || ',"data":' || o.payload || '}'
$$
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0007_request_origin")]

    operations = [
        migrations.AddField(
            model_name="outboxevent",
            name="impersonator_id",
            field=models.UUIDField(null=True, verbose_name="impersonator"),
        ),
        migrations.AddField(
            model_name="outboxevent",
            name="impersonator_label",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=254, verbose_name="impersonator"
            ),
        ),
        migrations.RunSQL(ENVELOPE, migrations.RunSQL.noop),
    ]
