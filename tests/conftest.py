"""The world that every test starts in: workspaces acme and globex, and the people in them.

It is committed once a run and a worker; tests run in transactions that are rolled back. After those
that commit (`transaction=True`) the tables are brought back to it.
"""

import gc
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client, TransactionTestCase

from apps.accounts import epochs, keys
from apps.accounts.models import Person
from apps.accounts.services import person_create
from apps.billing.models import EntitlementOverride
from apps.billing.source import epoch_of
from apps.common import catalogues, flags
from apps.common.actors import Actor
from apps.common.api import limits
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.notifications.tasks import send_due
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization
from apps.organizations.services import member_join, root_ensure
from apps.roles.models import Role
from apps.roles.selectors import role_by_code
from apps.tenants import schemas
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from apps.tenants.roles import tenant_role_drop
from apps.tenants.services import tenant_create
from tests import snapshots
from tests.zone import Zone, running

SYSTEM = Actor.system("tests")
# A test's own code looks at everything; requests, tenants' code and threads speak as the app.
_SYSTEM_CONNECTION = ExitStack()
PASSWORD = "wrapper-demo"
WORLD = "world"


def make_person(name: str, email: str, **kwargs: bool) -> Person:
    return person_create(actor=SYSTEM, email=email, name=name, password=PASSWORD, **kwargs)


def make_tenant(slug: str, owner: Person, name: str = "") -> Tenant:
    """A ready tenant, provisioned the way that workers do it."""
    tenant = tenant_create(
        actor=SYSTEM, name=name or slug.title(), slug=slug, owner_person_id=owner.id
    )
    assert provision(tenant.id), Tenant.objects.get(id=tenant.id).last_error
    tenant.refresh_from_db()
    return tenant


def build_world() -> None:
    """alice owns acme, bob is a member of it, charlie owns globex, staff is platform staff."""
    keys.key_set()
    alice = make_person("Alice Archer", "alice@acme.test")
    bob = make_person("Bob Baker", "bob@acme.test")
    charlie = make_person("Charlie Chen", "charlie@globex.test")
    make_person("Sam Staff", "staff@platform.test", is_staff=True)
    acme = make_tenant("acme", alice)
    make_tenant("globex", charlie)
    with tenant_context(acme):
        member_join(
            actor=SYSTEM,
            person=bob,
            organization=root_ensure("Acme"),
            roles=[role_by_code("member")],
        )
    snapshots.prepare()
    snapshots.take(WORLD)


def restore_world(_test: TransactionTestCase) -> None:
    """After a test that commits. Django would empty all tables, which takes longer than most tests."""
    is_back = snapshots.restore(WORLD)
    if not is_back:
        call_command("flush", verbosity=0, interactive=False)
    _drop_orphans()
    if not is_back:
        build_world()


def _drop_orphans() -> None:
    """Schemas that are no tenant's any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%%' AND nspname <> %s "
            "AND nspname NOT IN (SELECT schema_name FROM tenants_tenant)",
            [schemas.TEMPLATE],
        )
        for (name,) in cursor.fetchall():
            schemas.schema_drop(name)
            tenant_role_drop(name)


def pytest_configure() -> None:
    catalogues.build()
    _SYSTEM_CONNECTION.enter_context(system_connection())
    # On a busy machine a single example may take longer than Hypothesis thinks right.
    hypothesis.settings.register_profile(
        "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("tests")


def pytest_collection_finish() -> None:
    """What is imported by now stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        schemas.template_migrate()
        build_world()
    TransactionTestCase._fixture_teardown = restore_world  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def _nameserver() -> Iterator[Zone]:
    with running(Zone()) as zone:
        yield zone


@pytest.fixture
def zone(_nameserver: Zone) -> Iterator[Zone]:
    """The DNS server that every proof of a domain is looked for at."""
    _nameserver.clear()
    yield _nameserver
    _nameserver.clear()


@pytest.fixture(scope="session", autouse=True)
def _resolver(_nameserver: Zone) -> None:
    """No test asks the world's DNS."""
    django_settings.DNS_RESOLVERS = [f"127.0.0.1:{_nameserver.port}"]


@pytest.fixture(autouse=True)
def sending_queued(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Notifications that are to be sent: by whoever takes their arguments from here, as a worker would.

    At once it would be inside of the transaction of the handler, or the test.
    """
    waiting: list[dict[str, Any]] = []
    monkeypatch.setattr(send_due, "delay", lambda **arguments: waiting.append(arguments))
    return waiting


@dataclass(frozen=True)
class World:
    acme: Tenant
    globex: Tenant
    alice: Person
    bob: Person
    charlie: Person
    staff: Person


@pytest.fixture
def world(db: None) -> World:
    people = {p.email.partition("@")[0]: p for p in Person.objects.all()}
    tenants = {t.slug: t for t in Tenant.objects.all()}
    return World(
        tenants["acme"],
        tenants["globex"],
        people["alice"],
        people["bob"],
        people["charlie"],
        people["staff"],
    )


@pytest.fixture
def acme(world: World) -> Tenant:
    return world.acme


@pytest.fixture
def globex(world: World) -> Tenant:
    return world.globex


@pytest.fixture
def alice(world: World) -> Person:
    return world.alice


@pytest.fixture
def bob(world: World) -> Person:
    return world.bob


@pytest.fixture
def charlie(world: World) -> Person:
    return world.charlie


@pytest.fixture
def staff(world: World) -> Person:
    return world.staff


@pytest.fixture
def in_acme(acme: Tenant) -> Iterator[None]:
    """The test runs inside acme."""
    with tenant_context(acme):
        yield


@pytest.fixture
def owner(alice: Person, in_acme: None) -> Actor:
    return actor_for(alice)


@pytest.fixture
def member(bob: Person, in_acme: None) -> Actor:
    return actor_for(bob)


@pytest.fixture
def root(in_acme: None) -> Organization:
    return Organization.objects.get(depth=1)


@pytest.fixture
def bob_member(bob: Person, in_acme: None) -> Member:
    return Member.objects.get(person_id=bob.id)


@pytest.fixture
def alice_member(alice: Person, in_acme: None) -> Member:
    return Member.objects.get(person_id=alice.id)


@pytest.fixture
def role(in_acme: None) -> Callable[[str], Role]:
    return role_by_code


@pytest.fixture(autouse=True)
def _clean_redis() -> Iterator[None]:
    """Sign-in limits, sessions and tickets of one test are not seen by the next.

    Nor is a signing key remembered that was rolled back with its test, or a flag.
    """
    yield
    caches["global"].clear()
    keys.forget()
    flags.forget()


class _Warm(dict[Any, Any]):
    """Of limits: as if this process had just read what every plan gives, until it is told to forget."""

    is_warm = True

    def get(self, key: Any, default: Any = None) -> Any:
        default = (
            (math.inf, django_settings.API_REQUESTS_PER_15_MINUTES) if self.is_warm else default
        )
        return super().get(key, default)

    def clear(self) -> None:
        super().clear()
        self.is_warm = False


@pytest.fixture(autouse=True)
def _warm_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test counts a statement for the limits of a workspace, which requests read once in a while."""
    monkeypatch.setattr(limits, "_remembered", _Warm())


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Path, settings: Any) -> None:
    """Every test has a folder of files of its own."""
    settings.FILES_ROOT = str(tmp_path / "files")


Entitle = Callable[..., None]


@pytest.fixture
def entitle(acme: Tenant) -> Entitle:
    """`entitle({"organizations.seats": 3})`: acme has so much, whatever its plan; None: any number.

    Without it nothing is limited, as no plan is sold.
    """

    def give(
        values: dict[str, int | None], *, tenant: Tenant = acme, is_soft: bool = False
    ) -> None:
        with system_connection(), transaction.atomic():
            epochs.change(epoch_of(tenant.id))
            for code, value in values.items():
                EntitlementOverride.objects.update_or_create(
                    tenant=tenant,
                    code=code,
                    defaults={"value": value, "is_soft": is_soft, "reason": "A test"},
                )
        limits.forget_all()

    return give


@pytest.fixture
def browser() -> Callable[[Tenant | None], Client]:
    """A test client for a host: `browser(acme)`, or `browser(None)` for the public site."""

    def make(tenant: Tenant | None = None) -> Client:
        host = f"{tenant.slug}.localhost:8000" if tenant else "localhost:8000"
        return Client(SERVER_NAME=host.partition(":")[0], HTTP_HOST=host)

    return make
