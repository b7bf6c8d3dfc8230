from django.db import migrations

# Anybody may publish for the entered tenant or for nobody; only the owner (the relay, the console) reads what
# belongs to nobody, and the handlings.
ENABLE = """
ALTER TABLE events_outboxevent ENABLE ROW LEVEL SECURITY;
ALTER TABLE events_outboxevent FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON events_outboxevent TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON events_outboxevent FOR SELECT
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY publishing ON events_outboxevent FOR INSERT
    WITH CHECK (tenant_id IS NULL OR tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
ALTER TABLE events_handling ENABLE ROW LEVEL SECURITY;
ALTER TABLE events_handling FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON events_handling TO CURRENT_USER USING (true) WITH CHECK (true);
"""
DISABLE = """
DROP POLICY system_rows ON events_handling;
ALTER TABLE events_handling NO FORCE ROW LEVEL SECURITY;
ALTER TABLE events_handling DISABLE ROW LEVEL SECURITY;
DROP POLICY publishing ON events_outboxevent;
DROP POLICY tenant_rows ON events_outboxevent;
DROP POLICY system_rows ON events_outboxevent;
ALTER TABLE events_outboxevent NO FORCE ROW LEVEL SECURITY;
ALTER TABLE events_outboxevent DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_claim")]

    operations = [migrations.RunSQL(ENABLE, DISABLE)]
