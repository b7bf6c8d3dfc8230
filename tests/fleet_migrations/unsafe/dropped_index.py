from django.db import migrations

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.RemoveIndex("member", "member_email"),
    ]
