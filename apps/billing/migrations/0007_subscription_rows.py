from django.db import migrations

# As in 0002: read by the tenant, written by the system alone.
ENABLE = """
ALTER TABLE billing_subscription ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_subscription FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON billing_subscription TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON billing_subscription FOR SELECT
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
DISABLE = """
DROP POLICY tenant_rows ON billing_subscription;
DROP POLICY system_rows ON billing_subscription;
ALTER TABLE billing_subscription NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_subscription DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_subscription")]

    operations = [migrations.RunSQL(ENABLE, DISABLE)]
