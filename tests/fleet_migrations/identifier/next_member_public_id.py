import uuid

from django.db import migrations, models

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.AddField("member", "public_id", models.UUIDField(default=uuid.uuid4, null=True)),
    ]
