from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0016_support_access")]

    operations = [
        AddIndexConcurrently(
            model_name="browsersession",
            index=models.Index(
                condition=models.Q(("impersonator__isnull", False)),
                fields=["impersonator"],
                name="accounts_browser_impersonator",
            ),
        ),
    ]
