from django.db import migrations, models

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.AddField(
            "member", "rank", models.CharField(max_length=9, default="", db_default="")
        ),
    ]
