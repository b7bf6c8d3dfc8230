"""Many tenants quickly: schemas cloned from the template by several threads, rows in bulk.

What provisioning does besides (roles' rows, root organization, owner) is left out: migrations meet the
same tables, indexes, constraints and database roles as in production.
"""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction
from django.utils import timezone

from apps.common.database import system_connection
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Domain, Tenant
from apps.tenants.roles import tenant_role_create
from apps.tenants.schemas import schema_create
from benchmarks.world import person

THREADS = 2


def fill_schemas_up_to(count: int) -> None:
    """Ready tenants with a schema and a role until there are `count` of them."""
    owner = person("bench@platform.test")
    numbers = range(Tenant.objects.count(), count)
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(_schemas, [numbers[start::THREADS] for start in range(THREADS)]):
            pass
    tenants = [
        Tenant(
            slug=f"fleet-{number}",
            name=f"Fleet {number}",
            schema_name=_schema_name(number),
            status=TenantStatus.READY,
            ready_at=timezone.now(),
            owner_person_id=owner.id,
            steps_done=["schema"],
        )
        for number in numbers
    ]
    with transaction.atomic():
        Tenant.objects.bulk_create(tenants)
        Domain.objects.bulk_create(
            Domain(tenant=t, domain=f"{t.slug}.localhost", verified_at=t.ready_at) for t in tenants
        )


def _schema_name(number: int) -> str:
    return f"t_fleet_{number}"


@system_connection()
def _schemas(numbers: range) -> None:
    try:
        with connection.cursor() as cursor:
            # Nothing of this has to survive a crash.
            cursor.execute("SET synchronous_commit = off")
        for number in numbers:
            with transaction.atomic():
                schema_create(_schema_name(number))
                tenant_role_create(_schema_name(number))
    finally:
        connection.close()
