from django.db import migrations, models

from tests.fleet_migrations import LAST


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.CreateModel(
            "Letter",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("code", models.CharField(max_length=9, unique=True)),
                ("member", models.ForeignKey("organizations.member", models.CASCADE)),
            ],
        ),
    ]
