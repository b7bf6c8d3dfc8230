from django.db import migrations

# As in tenants.0002: the owner sees every row, anybody else those of the entered tenant. What a tenant has is
# read by it and written by the system alone; what it has used, the tenant counts.
ENABLE = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON {table} FOR {what}
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
DISABLE = """
DROP POLICY tenant_rows ON {table};
DROP POLICY system_rows ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
TABLES = {
    "billing_tenantplan": "SELECT",
    "billing_tenantaddon": "SELECT",
    "billing_entitlementoverride": "SELECT",
    "billing_usagerecord": "ALL",
    "billing_usagecounter": "ALL",
}


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_tenants")]

    operations = [
        migrations.RunSQL(ENABLE.format(table=table, what=what), DISABLE.format(table=table))
        for table, what in TABLES.items()
    ]
