from django.db import migrations

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.RemoveField("member", "email"),
    ]
