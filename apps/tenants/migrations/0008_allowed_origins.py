import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0007_brand"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="allowed_origins",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=260),
                blank=True,
                db_default=[],
                default=list,
                help_text="Whose pages may call the API, such as https://app.example.com.",
                size=None,
                verbose_name="allowed origins",
            ),
        ),
    ]
