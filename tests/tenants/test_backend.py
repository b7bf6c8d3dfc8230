"""The database backend follows the tenant of the moment, through errors and across threads."""

import threading
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from apps.common.tenancy import TenantRef, tenant_context
from apps.organizations.models import Organization
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db


def context() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_setting('app.tenant_id')")
        return cursor.fetchone()


def test_entering_and_leaving_sets_schema_and_tenant(acme: Tenant, globex: Tenant) -> None:
    assert context() == ("public", "")
    with tenant_context(acme):
        assert context() == (acme.schema_name, str(acme.id))
        with tenant_context(globex):
            assert context() == (globex.schema_name, str(globex.id))
        with tenant_context(None):
            assert context() == ("public", "")
        assert context() == (acme.schema_name, str(acme.id))
    assert context() == ("public", "")


def test_the_context_is_sent_once(acme: Tenant, django_assert_num_queries: Callable) -> None:
    with tenant_context(acme):
        Organization.objects.count()
        with django_assert_num_queries(2):
            Organization.objects.count()
            Organization.objects.count()


def test_a_rolled_back_savepoint_does_not_leave_the_wrong_tenant(
    acme: Tenant, globex: Tenant
) -> None:
    with tenant_context(acme):
        assert context()[0] == acme.schema_name
        with pytest.raises(ZeroDivisionError), transaction.atomic(), tenant_context(globex):
            assert context()[0] == globex.schema_name
            raise ZeroDivisionError
        assert context() == (acme.schema_name, str(acme.id))


def test_an_error_inside_another_tenant_can_be_rolled_back(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(acme):
        with pytest.raises(DatabaseError), transaction.atomic(), tenant_context(globex):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        assert context() == (acme.schema_name, str(acme.id))


def test_a_context_that_cannot_be_set_raises_and_runs_nothing(acme: Tenant) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        with connection.cursor() as cursor:
            with pytest.raises(DatabaseError):
                cursor.execute("SELECT 1 / 0")
        # The transaction is aborted, so the context can't be sent: no row may be read.
        with tenant_context(acme):
            Organization.objects.count()
    assert context() == ("public", "")


def test_hostile_schema_names_are_refused() -> None:
    for name in ("public", "pg_catalog", 't_a"; drop schema public', "t_" + "a" * 61, "T_A", "t_"):
        with pytest.raises(ValueError, match="not a tenant schema name"):
            TenantRef(id=Tenant().id, slug="x", schema_name=name)


@pytest.mark.django_db(transaction=True)
def test_threads_never_swap_tenants(acme: Tenant, globex: Tenant) -> None:
    wrong: list[tuple[str, str]] = []
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        tenants = [acme, globex]
        barrier.wait()
        try:
            for i in range(50):
                tenant = tenants[(number + i) % 2]
                with tenant_context(tenant):
                    if context() != (tenant.schema_name, str(tenant.id)):
                        wrong.append((tenant.slug, context()[0]))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
