from django.db import migrations, models

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.AddIndex("member", models.Index(fields=["name"], name="member_name")),
    ]
