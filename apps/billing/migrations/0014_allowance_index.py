from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("billing", "0013_credit_rows")]

    operations = [
        AddIndexConcurrently(
            model_name="tenantplan",
            index=models.Index(
                fields=["allowance_at"],
                name="tenant_plan_allowance_due",
                condition=Q(allowance_at__isnull=False),
            ),
        ),
    ]
