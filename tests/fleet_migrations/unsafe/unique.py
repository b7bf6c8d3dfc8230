from django.db import migrations, models

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.AddConstraint(
            "member", models.UniqueConstraint(fields=["email"], name="member_email_once")
        ),
    ]
