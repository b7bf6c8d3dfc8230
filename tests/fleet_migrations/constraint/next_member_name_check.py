from django.db import migrations, models
from django.db.models import Q

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.AddConstraint(
            "member", models.CheckConstraint(condition=~Q(name="Bad"), name="member_not_bad")
        ),
    ]
