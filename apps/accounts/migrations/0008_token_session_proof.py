import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_erasure")]

    operations = [
        migrations.AddField(
            model_name="tokensession",
            name="methods",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20),
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="tokensession",
            name="proved_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
