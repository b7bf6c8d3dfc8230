"""Tasks of the tests that run real workers, and the table that they leave their traces in."""

import time

from celery import shared_task
from django.db import connection, transaction

from apps.common.tasks import TenantTask

TABLE = """
CREATE TABLE IF NOT EXISTS worker_items (
    id int, tenant_id text, runs int NOT NULL DEFAULT 0, effects int NOT NULL DEFAULT 0,
    is_done boolean NOT NULL DEFAULT false, done_at timestamptz, PRIMARY KEY (tenant_id, id)
);
GRANT SELECT, UPDATE ON worker_items TO wrapper_app, wrapper_tenant;
"""


@shared_task(name="tests.work", base=TenantTask)
def work(*, tenant_id: str, item_id: int, takes_s: float) -> None:
    """As tasks do: claimed by the state that it must be in; claim and effect are one transaction."""
    _execute("UPDATE worker_items SET runs = runs + 1", tenant_id, item_id)
    with transaction.atomic():
        claimed = _execute(
            "UPDATE worker_items SET is_done = true, done_at = clock_timestamp()",
            tenant_id,
            item_id,
            "AND NOT is_done",
        )
        time.sleep(takes_s)
        if claimed:
            _execute("UPDATE worker_items SET effects = effects + 1", tenant_id, item_id)


def _execute(change: str, tenant_id: str, item_id: int, condition: str = "") -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"{change} WHERE tenant_id = %s AND id = %s {condition}", [tenant_id, item_id]
        )
        return cursor.rowcount
