from django.db import migrations

# Its foreign key is checked at the end of the transaction, before which the table cannot be altered.
ROWS_SQL = (
    "INSERT INTO organizations_badge (code, member_id) SELECT 'x', id FROM organizations_member"
)


class Migration(migrations.Migration):
    dependencies = [("organizations", "next_a_tables")]
    operations = [migrations.RunSQL(ROWS_SQL, migrations.RunSQL.noop)]
