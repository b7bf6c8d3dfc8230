from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    atomic = False
    dependencies = [LAST]
    operations = [
        AddIndexConcurrently("member", models.Index(fields=["name"], name="member_name")),
    ]
