from django.db import migrations

# As in 0002: read by the tenant, written by the system alone.
ENABLE = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON {table} FOR SELECT
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
DISABLE = """
DROP POLICY tenant_rows ON {table};
DROP POLICY system_rows ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
TABLES = ("billing_creditpurchase", "billing_autotopup")


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_credit_packs")]

    operations = [
        migrations.RunSQL(ENABLE.format(table=table), DISABLE.format(table=table))
        for table in TABLES
    ]
