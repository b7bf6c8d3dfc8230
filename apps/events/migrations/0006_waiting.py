from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("events", "0005_streams")]

    operations = [
        AddIndexConcurrently(
            model_name="outboxevent",
            index=models.Index(
                condition=models.Q(("dispatched_at", None)),
                fields=["partition", "position"],
                name="outbox_waiting",
            ),
        ),
        RemoveIndexConcurrently(model_name="outboxevent", name="outbox_undispatched"),
    ]
