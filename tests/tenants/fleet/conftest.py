"""Tenants to migrate, and releases to migrate them to."""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from apps.common.tenancy import tenant_context
from apps.organizations.models import Member
from apps.organizations.services import root_ensure
from apps.tenants import schemas
from apps.tenants.fleet.outcome import Outcome, Timeouts
from apps.tenants.fleet.progress import Display
from apps.tenants.fleet.run import Options, Result, fleet_migrate
from apps.tenants.models import MigrationRun, Tenant
from apps.tenants.roles import tenant_role_create, tenant_role_drop
from tests.conftest import SYSTEM
from tests.fleet_migrations import modules
from tests.tenants.catalogue import migrations

COLUMN = ("organizations", "next_member_nickname")
# Roles belong to the whole server, which parallel test runners share.
_SUFFIX = f"_{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}"


def schema_of(slug: str) -> str:
    return f"t_{slug.replace('-', '_')}{_SUFFIX}"


def slug_of(schema_name: str) -> str:
    """The template's is "template"."""
    return schema_name.removeprefix("t_").removesuffix(_SUFFIX).replace("_", "-")


class Watched(Display):
    """Keeps the outcomes by slug; `on_wave` is called before a wave begins."""

    def __init__(self, on_wave: Any = None) -> None:
        super().__init__()
        self.outcomes: dict[str, Outcome] = {}
        self.notes: list[str] = []
        self._on_wave = on_wave

    def wave(self, number: int, targets: int) -> None:
        super().wave(number, targets)
        if self._on_wave:
            self._on_wave(number)

    def advance(self, outcome: Outcome) -> None:
        super().advance(outcome)
        self.outcomes[slug_of(outcome.target.schema_name)] = outcome

    def note(self, text: str) -> None:
        self.notes.append(text)

    @property
    def replayed(self) -> set[str]:
        return {slug for slug, outcome in self.outcomes.items() if outcome.marked}


class Fleet:
    def __init__(self) -> None:
        self._override: override_settings | None = None
        self.made: list[str] = []

    def tenants(self, count: int, slug: str = "fleet", **fields: Any) -> list[Tenant]:
        """Ready tenants whose schemas are clones of the template, oldest first."""
        return [self.tenant(f"{slug}-{number}", **fields) for number in range(count)]

    def tenant(self, slug: str, **fields: Any) -> Tenant:
        name = schema_of(slug)
        with transaction.atomic():
            schemas.schema_create(name)
            tenant_role_create(name)
            self.made.append(name)
            return Tenant.objects.create(
                slug=slug,
                name=slug,
                schema_name=name,
                owner_person_id=uuid.uuid4(),
                **{"status": "ready", "ready_at": timezone.now()} | fields,
            )

    def release(self, name: str) -> None:
        """From here on the code knows the migrations of this release; "" is the real one."""
        if self._override:
            self._override.disable()
        self._override = override_settings(MIGRATION_MODULES=modules(name))
        self._override.enable()
        schemas.known_migrations.cache_clear()

    def migrate(
        self, *, canaries: int = 2, jobs: int = 2, resume: bool = False, lock_ms: int = 2_000,
        display: Watched | None = None,
    ) -> tuple[Result, Watched]:  # fmt: skip
        display = display or Watched()
        options = Options(canaries, jobs, Timeouts(lock_ms))
        return fleet_migrate(actor=SYSTEM, options=options, resume=resume, display=display), display

    def clean(self) -> None:
        self.release("")
        if self._override:
            self._override.disable()
        schemas.known_migrations.cache_clear()
        for name in self.made:
            schemas.schema_drop(name)
            tenant_role_drop(name)


@pytest.fixture
def still_fleet(db: None) -> Iterator[Fleet]:
    """In the test's transaction: for what only looks."""
    Tenant.objects.all().delete()
    fleet = Fleet()
    yield fleet
    fleet.clean()


@pytest.fixture
def fleet(transactional_db: None) -> Iterator[Fleet]:
    """With real commits, which runs need: their threads have connections of their own."""
    Tenant.objects.all().delete()
    fleet = Fleet()
    template = schemas.template_version()
    yield fleet
    fleet.clean()
    if schemas.template_version() != template:
        schemas.schema_drop(schemas.TEMPLATE)
        schemas.template_migrate()
    assert schemas.template_version() == template


@pytest.fixture
def another_connection(fleet: Fleet) -> Iterator[psycopg.Connection]:
    """Somebody else at the same database, who holds locks."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        yield other
        other.rollback()


def member(tenant: Tenant, name: str) -> Member:
    with tenant_context(tenant):
        root = root_ensure("Root")
        person_id = uuid.uuid4()
        return Member.objects.create(
            person_id=person_id, email=f"{person_id}@x.test", name=name, organization=root
        )


def columns(schema_name: str, table: str = "organizations_member") -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name = %s",
            [schema_name, table],
        )
        return {row[0] for row in cursor.fetchall()}


def manifest() -> dict[str, tuple[int, str]]:
    """Of the last run: wave and status by slug."""
    run = MigrationRun.objects.first()
    assert run is not None
    return {slug_of(t.schema_name): (t.wave, t.status) for t in run.targets.all()}


def migrated(tenants: list[Tenant]) -> list[bool]:
    """Whether they have what the release `column` adds."""
    return [COLUMN in migrations(tenant.schema_name) for tenant in tenants]
