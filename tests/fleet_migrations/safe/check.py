from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        AddConstraintNotValid(
            "member", models.CheckConstraint(condition=~models.Q(name="Bad"), name="member_not_bad")
        ),
    ]
