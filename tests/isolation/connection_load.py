"""Many threads that change tenants at every query, and go through errors, as a process of its own.

`python -m tests.isolation.connection_load TENANTS QUERIES` with the variables of the platform's settings;
TENANTS: JSON, a list of {id, slug, schema_name}. Prints {"queries": ..., "wrong": [...], "refused": [...]}.
"""

import json
import sys
import threading
import uuid
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import DatabaseError, connection, transaction  # noqa: E402

from apps.common.tenancy import TenantRef, tenant_context  # noqa: E402
from apps.organizations.models import Organization  # noqa: E402
from apps.tenants.models import Tenant  # noqa: E402

THREADS = 8
WHO = (
    "SELECT current_schema(), current_setting('app.tenant_id'), current_user, pg_backend_pid(), "
    "(SELECT string_agg(slug, ',') FROM tenants_tenant), "
    "(SELECT count(*) FROM organizations_organization WHERE depth = 1), "
    "(SELECT name FROM organizations_organization WHERE depth = 1)"
)


class Load:
    def __init__(self, tenants: list[dict[str, str]], queries: int) -> None:
        self.tenants = [TenantRef(uuid.UUID(t["id"]), t["slug"], t["schema_name"]) for t in tenants]
        self.names = {t["slug"]: t["root"] for t in tenants}
        self.queries = queries
        self.count = 0
        self.wrong: list[str] = []
        self.refused: list[str] = []
        self.backends: set[int] = set()
        self.scenarios: list[Callable[[TenantRef], None]] = [
            self.look,
            self.look_by_orm,
            self.look_in_transaction,
            self.look_after_error,
            self.look_after_error_in_transaction,
            self.look_after_savepoint,
            self.look_from_another_tenant,
            self.look_after_timeout,
            self.look_after_cancel,
            self.many_at_once,
            self.cursor_of_before,
            self.outside,
        ]

    def run(self) -> dict[str, Any]:
        barrier = threading.Barrier(THREADS)
        threads = [
            threading.Thread(target=self._work, args=(number, barrier)) for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {
            "queries": self.count,
            "wrong": self.wrong,
            "refused": self.refused,
            "backends": len(self.backends),
        }

    def _work(self, number: int, barrier: threading.Barrier) -> None:
        barrier.wait()
        turn = number
        while self.count < self.queries:
            turn += 1
            tenant = self.tenants[turn % len(self.tenants)]
            scenario = self.scenarios[(turn // 2) % len(self.scenarios)]
            try:
                with tenant_context(tenant):
                    scenario(tenant)
            except Exception as error:  # noqa: BLE001 - any refusal is what is counted
                self.refused.append(f"{scenario.__name__}: {error!r}")
            if turn % 7 == 0:  # the end of a request
                connection.close_if_unusable_or_obsolete()
        connection.close()

    # --- What a thread does, already inside the tenant ------------------------------------------------

    def look(self, tenant: TenantRef) -> None:
        with connection.cursor() as cursor:
            cursor.execute(WHO)
            schema, tenant_id, role, backend, slugs, roots, root = cursor.fetchone()
        self.count += 1
        self.backends.add(backend)
        expected = (
            tenant.schema_name,
            str(tenant.id),
            tenant.role_name,
            tenant.slug,
            1,
            self.names[tenant.slug],
        )
        if (schema, tenant_id, role, slugs, roots, root) != expected:
            self.wrong.append(f"{(schema, tenant_id, role, slugs, roots, root)} for {tenant.slug}")

    def look_by_orm(self, tenant: TenantRef) -> None:
        found = list(Organization.objects.filter(depth=1).values_list("name", flat=True))
        self.count += 1
        if found != [self.names[tenant.slug]]:
            self.wrong.append(f"{found} for {tenant.slug}")

    def look_in_transaction(self, tenant: TenantRef) -> None:
        with transaction.atomic():
            self.look(tenant)
            self.look_by_orm(tenant)

    def look_after_error(self, tenant: TenantRef) -> None:
        self._fails("SELECT 1 / 0")
        self.look(tenant)

    def look_after_error_in_transaction(self, tenant: TenantRef) -> None:
        self._fails_in_transaction("SELECT 1 / 0")
        self.look(tenant)

    def look_after_savepoint(self, tenant: TenantRef) -> None:
        with transaction.atomic():
            self.look(tenant)
            self._fails_in_transaction("SELECT 1 / 0")
            self.look(tenant)
        self.look(tenant)

    def look_from_another_tenant(self, tenant: TenantRef) -> None:
        other = next(one for one in self.tenants if one != tenant)
        with transaction.atomic():
            self.look(tenant)
            with tenant_context(other):
                self.look(other)
                self._fails_in_transaction("SELECT 1 / 0")
                self.look(other)
            self.look(tenant)
        self.look(tenant)

    def look_after_timeout(self, tenant: TenantRef) -> None:
        with transaction.atomic():
            self.look(tenant)
            # Rolled back with the savepoint; long enough for the rollback itself on a busy machine.
            self._fails_in_transaction("SET LOCAL statement_timeout = '250ms'; SELECT pg_sleep(30)")
            self.look(tenant)
        self.look(tenant)

    def look_after_cancel(self, tenant: TenantRef) -> None:
        connection.ensure_connection()
        done = threading.Event()
        cancels = threading.Thread(target=self._cancel, args=(connection.connection, done))
        cancels.start()
        self._fails("SELECT pg_sleep(30)")
        done.set()
        cancels.join()
        self.look(tenant)

    @staticmethod
    def _cancel(own: Any, done: threading.Event) -> None:
        """Soon, and again should the statement not have begun by then."""
        pause_s = 0.05
        while not done.wait(pause_s):
            own.cancel_safe()
            pause_s = 1.0

    def many_at_once(self, tenant: TenantRef) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE organizations_organization SET name = %s WHERE depth = %s",
                    [("changed", 1), ("again", 1)],
                )
            transaction.set_rollback(True)
        self.look(tenant)

    def cursor_of_before(self, tenant: TenantRef) -> None:
        """A cursor that was made in another tenant runs in the one that is entered when it is used."""
        other = next(one for one in self.tenants if one != tenant)
        with tenant_context(other):
            cursor = connection.cursor()
        cursor.execute("SELECT name FROM organizations_organization WHERE depth = 1")
        self.count += 1
        found = cursor.fetchall()
        if found != [(self.names[tenant.slug],)]:
            self.wrong.append(f"{found} for {tenant.slug}")

    def outside(self, tenant: TenantRef) -> None:
        with tenant_context(None):
            self.count += 1
            if found := list(Tenant.objects.values_list("slug", flat=True)):
                self.wrong.append(f"{found} outside of any tenant")

    def _fails(self, sql: str) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        except DatabaseError:
            return
        raise AssertionError(f"{sql} did not fail")

    def _fails_in_transaction(self, sql: str) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
        except DatabaseError:
            return
        raise AssertionError(f"{sql} did not fail")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(Load(json.loads(sys.argv[1]), int(sys.argv[2])).run()))
