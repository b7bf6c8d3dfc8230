from django.db import migrations

# As in tenants.0002: the owner sees every row, anybody else those of the entered tenant.
ENABLE = """
ALTER TABLE accounts_tenantmembership ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts_tenantmembership FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON accounts_tenantmembership TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON accounts_tenantmembership
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
DISABLE = """
DROP POLICY tenant_rows ON accounts_tenantmembership;
DROP POLICY system_rows ON accounts_tenantmembership;
ALTER TABLE accounts_tenantmembership NO FORCE ROW LEVEL SECURITY;
ALTER TABLE accounts_tenantmembership DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunSQL(ENABLE, DISABLE)]
