from django.db import migrations

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE organizations_member ALTER COLUMN name SET NOT NULL", "SELECT 1"
        ),
    ]
