from django.db import migrations

# The owner of the tables (the system's login) sees every row; anybody else those of the entered tenant.
# Without one, app.tenant_id is empty and no row matches.
ENABLE = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON {table} USING ({column} = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
DISABLE = """
DROP POLICY tenant_rows ON {table};
DROP POLICY system_rows ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
TABLES = {"tenants_tenant": "id", "tenants_domain": "tenant_id", "tenants_tenantevent": "tenant_id"}

# A request knows a host, a slug or an id before it has entered the tenant. This finds the one tenant that
# the key names, with the rights of the owner, and lists none.
FIND = """
CREATE OR REPLACE FUNCTION tenants_find(wanted_host text, wanted_slug text, wanted_id uuid)
RETURNS SETOF tenants_tenant
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT t.* FROM tenants_tenant t WHERE t.id = wanted_id
    UNION ALL
    SELECT t.* FROM tenants_tenant t WHERE t.slug = wanted_slug
    UNION ALL
    SELECT t.* FROM tenants_tenant t JOIN tenants_domain d ON d.tenant_id = t.id
    WHERE d.domain = wanted_host AND d.verified_at IS NOT NULL
    LIMIT 1
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        *(
            migrations.RunSQL(
                ENABLE.format(table=table, column=column), DISABLE.format(table=table)
            )
            for table, column in TABLES.items()
        ),
        migrations.RunSQL(FIND, "DROP FUNCTION IF EXISTS tenants_find(text, text, uuid)"),
    ]
