from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("sandbox", "0004_messaging"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="email",
            index=models.Index(fields=["message_id"], name="sandbox_email_message"),
        ),
    ]
