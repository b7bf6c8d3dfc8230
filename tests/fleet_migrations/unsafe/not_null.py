from django.db import migrations, models

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.AddField("member", "title", models.CharField(max_length=9, default="")),
    ]
