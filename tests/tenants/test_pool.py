"""Schemas that are built ahead, and the sign-ups that take them."""

import json
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member
from apps.tenants import schemas
from apps.tenants.models import PooledSchema, Tenant
from apps.tenants.pool import pool_refill, pool_state
from apps.tenants.provisioning import provision
from apps.tenants.roles import tenant_role_drop
from apps.tenants.services import tenant_clone, tenant_create
from tests.conftest import World
from tests.tenants.test_schemas import catalogue

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


@pytest.fixture(autouse=True)
def _pool_of_two(settings: Any) -> None:
    settings.TENANT_POOL_SIZE = 2


@pytest.fixture
def pool(world: World) -> list[str]:
    assert pool_refill() == (2, 0)
    return sorted(PooledSchema.objects.values_list("schema_name", flat=True))


def names_in_database() -> tuple[set[str], set[str]]:
    """Schemas and roles that are named like tenants' ones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'")
        found = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 't\\_%'")
        return found, {row[0] for row in cursor.fetchall()}


def create(slug: str, owner: Person) -> Tenant:
    return tenant_create(actor=SYSTEM, name=slug, slug=slug, owner_person_id=owner.id)


def test_refilling(pool: list[str], settings: Any) -> None:
    found, roles = names_in_database()
    assert set(pool) <= found & roles
    assert pool_refill() == (0, 0)
    settings.TENANT_POOL_SIZE = 1
    assert pool_refill() == (0, 1)
    assert pool_refill(0) == (0, 1)
    after, roles_after = names_in_database()
    assert not set(pool) & (after | roles_after)


def test_a_new_tenant_takes_one(pool: list[str], alice: Person, acme: Tenant) -> None:
    newco = create("newco", alice)
    assert newco.steps_done == ["schema"]
    left = list(PooledSchema.objects.values_list("schema_name", flat=True))
    assert len(left) == 1
    (taken,) = set(pool) - set(left)
    found, roles = names_in_database()
    assert newco.schema_name in found & roles
    assert taken not in found | roles
    assert catalogue(newco.schema_name) == catalogue(acme.schema_name)

    assert provision(newco.id)
    with tenant_context(newco):
        assert [m.email for m in Member.objects.all()] == ["alice@acme.test"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (newco.schema_name,)


def test_a_creation_that_fails_gives_it_back(pool: list[str], alice: Person) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        create("newco", alice)
        raise ZeroDivisionError
    assert sorted(PooledSchema.objects.values_list("schema_name", flat=True)) == pool
    assert set(pool) <= names_in_database()[0]


def test_without_a_pool_the_worker_makes_it(alice: Person) -> None:
    newco = create("newco", alice)
    assert newco.steps_done == []
    assert newco.schema_name not in names_in_database()[0]
    assert provision(newco.id)


def test_a_copy_of_a_tenant_takes_none(pool: list[str], alice: Person, acme: Tenant) -> None:
    """Its rows are to be the source's, not the template's."""
    copy = tenant_clone(
        actor=SYSTEM, tenant_id=acme.id, slug="copy", name="Copy", owner_person_id=alice.id
    )
    assert copy.steps_done == []
    assert PooledSchema.objects.count() == 2
    assert provision(copy.id)
    with tenant_context(copy):
        assert Member.objects.count() == 3  # acme's two, masked, and its owner


def test_a_stale_one_is_not_taken_but_replaced(pool: list[str], alice: Person) -> None:
    PooledSchema.objects.update(template_version="0" * 32)
    assert create("newco", alice).steps_done == []
    assert (pool_state().current, pool_state().stale) == (0, 2)
    assert pool_refill() == (2, 2)
    assert not set(pool) & names_in_database()[0]


def test_one_that_the_template_left_behind_is_not_taken(pool: list[str], alice: Person) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO t_template.django_migrations (app, name, applied) VALUES ('x', 'y', now())"
        )
    assert create("newco", alice).steps_done == []
    assert PooledSchema.objects.count() == 2


def test_claiming_takes_few_statements(
    pool: list[str], alice: Person, django_assert_max_num_queries: Any
) -> None:
    """Two for the claim, the rows of tenant, domain, history and outbox, and savepoints around them."""
    create("first", alice)
    with django_assert_max_num_queries(11):
        create("newco", alice)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("tenants", "pool", *arguments, stdout=out, skip_checks=True)
    return out.getvalue()


def test_the_command(world: World) -> None:
    assert run() == "0 schemas wait, 0 are stale; TENANT_POOL_SIZE is 2.\n"
    would = json.loads(run("--refill", "--dry-run", "--json"))
    assert (would["built"], would["current"]) == (2, 0)
    assert PooledSchema.objects.count() == 0
    assert "3 built, 0 dropped." in run("--refill", "--size", "3")
    assert "0 would be built, 3 would be dropped." in run("--drain", "--dry-run")
    assert PooledSchema.objects.count() == 3
    done = json.loads(run("--drain", "--json"))
    assert done == {
        "current": 0,
        "stale": 0,
        "wanted": 2,
        "built": 0,
        "dropped": 3,
        "dry_run": False,
    }
    for wrong in (["--size", "1"], ["--refill", "--size", "-1"]):
        with pytest.raises(CommandError):
            run(*wrong)


@pytest.fixture
def committed_pool(world: World, transactional_db: None) -> Iterator[None]:
    yield
    for pooled in PooledSchema.objects.all():
        schemas.schema_drop(pooled.schema_name)
        tenant_role_drop(pooled.schema_name)


def test_of_many_sign_ups_at_once_each_gets_one(
    transactional_db: None, world: World, committed_pool: None, settings: Any
) -> None:
    """Eight sign-ups, five schemas, and refills meanwhile: nobody shares, nothing is left over."""
    settings.TENANT_POOL_SIZE = 5
    assert pool_refill() == (5, 0)
    barrier = threading.Barrier(9)
    made: list[Tenant] = []
    errors: list[BaseException] = []

    def sign_up(number: int) -> None:
        barrier.wait()
        try:
            with system_connection():
                made.append(create(f"crowd-{number}", world.alice))
        except BaseException as error:  # noqa: BLE001 - said below
            errors.append(error)
        finally:
            connection.close()

    def refill() -> None:
        barrier.wait()
        try:
            for _ in range(3):
                pool_refill()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sign_up, args=(n,)) for n in range(8)]
    threads.append(threading.Thread(target=refill))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    taken = [tenant for tenant in made if tenant.steps_done]
    assert len(made) == 8
    assert len(taken) >= 5
    for tenant in made:
        assert tenant.steps_done or provision(tenant.id)
        with transaction.atomic():
            assert catalogue(tenant.schema_name) == catalogue(world.acme.schema_name)
    found, roles = names_in_database()
    pooled = set(PooledSchema.objects.values_list("schema_name", flat=True))
    tenants = set(Tenant.objects.values_list("schema_name", flat=True))
    assert found == pooled | tenants | {schemas.TEMPLATE}
    assert found - {schemas.TEMPLATE} <= roles


def test_an_entry_without_a_role_or_schema_is_no_use(
    pool: list[str], alice: Person, acme: Tenant, settings: Any
) -> None:
    """As after a restore into another cluster, which has other roles."""
    settings.TENANT_POOL_SIZE = 3
    without_role, without_schema = pool
    tenant_role_drop(without_role)
    schemas.schema_drop(without_schema)
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{without_role}"')
    newco = create("newco", alice)
    provision(newco.id)
    newco.refresh_from_db()
    assert (newco.status, newco.schema_name in pool) == ("ready", False)
    assert pool_refill() == (3, 2)
    assert not set(pool) & set(PooledSchema.objects.values_list("schema_name", flat=True))
