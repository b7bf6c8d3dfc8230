from django.db import migrations

# As in tenants.0002: the owner sees every row, anybody else those of the entered tenant. A tenant counts its
# uses and keeps its people's answers; what is added up is read by it.
ENABLE = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""
OF_TENANT = """
CREATE POLICY tenant_rows ON {table} FOR {what}
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
DISABLE = """
DROP POLICY IF EXISTS tenant_rows ON {table};
DROP POLICY system_rows ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
TABLES = {
    "adoption_featureuse": "ALL",
    "adoption_featureday": "SELECT",
    "adoption_surveyanswer": "ALL",
}
# Over all tenants, or of people in whatever workspace: for the system alone.
SYSTEMS = (
    "adoption_featuretotal",
    "adoption_funnelcount",
    "adoption_surveycount",
    "adoption_surveyasked",
)


class Migration(migrations.Migration):
    dependencies = [("adoption", "0001_initial")]

    operations = [
        *(
            migrations.RunSQL(
                (ENABLE + OF_TENANT).format(table=table, what=what), DISABLE.format(table=table)
            )
            for table, what in TABLES.items()
        ),
        *(
            migrations.RunSQL(ENABLE.format(table=table), DISABLE.format(table=table))
            for table in SYSTEMS
        ),
    ]
