"""Schemas of tenants: create from the template, migrate, drop.

The template schema `t_template` is kept current by migrations; a new tenant's schema is a copy of it,
made by SQL that is read from the catalogue. Running the migrations instead is the fallback.
"""

import hashlib
import pkgutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from importlib import import_module
from typing import cast

from django.conf import settings
from django.db import connection as _connection
from django.db import transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from apps.common.database import statement_limit
from apps.common.tenancy import checked_schema_name, tenant_context
from apps.tenants.backend.base import DatabaseWrapper
from apps.tenants.catalogue import CLONE_SQL, ROWS_PHASE, UNCLONABLE_SQL

# The proxy of the default connection, as what settings make it.
connection = cast(DatabaseWrapper, _connection)

Key = tuple[str, str]  # app label and name of a migration
# Called with the migrations that are about to run; what it returns is entered around them.
Watch = Callable[[list[Migration]], AbstractContextManager[None]]

# Django's loader reloads the packages of migrations, which must not meet another thread's import.
_loading = threading.Lock()

TEMPLATE = "t_template"
# Advisory lock: clones share it, a migration of the template holds it alone.
TEMPLATE_LOCK = 0x7470_6C00
# Schemas that one statement looks into.
BATCH = 250
# The version of a schema, over the rows of its django_migrations: a hash of which migrations it has.
VERSION_SQL = (
    """md5(string_agg(app || '.' || name, ',' ORDER BY app COLLATE "C", name COLLATE "C"))"""
)
# The template's, as a scalar inside other SQL.
TEMPLATE_VERSION_SQL = f'(SELECT {VERSION_SQL} FROM "{TEMPLATE}".django_migrations)'  # noqa: S608 - constants


def schema_create(schema_name: str) -> str:
    """Create a tenant's schema with all tables; returns the method used, `clone` or `migrate`.

    Call in a transaction: the schema is there whole or not at all. Holds TEMPLATE_LOCK (shared).
    """
    checked_schema_name(schema_name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [TEMPLATE_LOCK])
        cursor.execute(f'CREATE SCHEMA "{schema_name}"')
    if not template_covers_release() or unclonable(TEMPLATE):
        schema_migrate(schema_name)
        return "migrate"
    _clone(schema_name)
    return "clone"


def schema_copy(schema_name: str, source: str, rows: str) -> None:
    """Create a tenant's schema as a copy of another tenant's, which is to be current and clonable.

    rows: the statement that fills the tables, before there are constraints. Call in a transaction.
    """
    checked_schema_name(source)
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{checked_schema_name(schema_name)}"')
    _clone(schema_name, source, rows)


def _clone(schema_name: str, source: str = TEMPLATE, rows: str | None = None) -> None:
    """Rebuild a schema's tables in another, empty one. rows: what fills them; None: the source's rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, true)", [source])
        cursor.execute(CLONE_SQL, {"schema": source})
        found = [(phase, statement) for phase, _, statement in cursor.fetchall()]
        if rows is not None:
            others = [one for one in found if one[0] != ROWS_PHASE]
            found = sorted([*others, (ROWS_PHASE, rows)], key=lambda one: one[0])
        cursor.execute("SELECT set_config('search_path', %s, true)", [schema_name])
        cursor.execute(";\n".join(statement for _, statement in found))
    # The server's search_path is the clone's now: make the backend send its own again.
    connection.search_path_set_schemas = None


def unclonable(schema_name: str) -> list[str]:
    """Names of what a clone or a dump of the schema would leave out. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(UNCLONABLE_SQL, {"schema": schema_name})
        return [row[0] for row in cursor.fetchall()]


def unwatched(_migrations: list[Migration]) -> AbstractContextManager[None]:
    return nullcontext()


def schema_migrate(schema_name: str, *, watch: Watch = unwatched) -> int:
    """Bring one schema to the current version with Django's migrations; returns how many it ran."""
    checked_schema_name(schema_name)
    with _chosen_schema(schema_name), statement_limit(0):
        with _loading:
            executor = MigrationExecutor(connection)
        targets = _tenant_leaves(executor.loader)
        plan = executor.migration_plan(targets)
        with watch([migration for migration, _backwards in plan]):
            if plan:
                executor.migrate(targets, plan)
            else:
                # A squashed migration whose parts all ran is marked, though nothing is left to run.
                executor.check_replacements()
        return len(plan)


def template_migrate(*, watch: Watch = unwatched) -> int:
    """Create or update the template; returns how many migrations ran. Waits for running clones."""
    with statement_limit(0), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        try:
            cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{TEMPLATE}"')
            return schema_migrate(TEMPLATE, watch=watch)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [TEMPLATE_LOCK])


def template_covers_release() -> bool:
    """Whether the template has every migration that this release knows. Two statements.

    It may be ahead: during a deployment the template is migrated first, while the release before still
    provisions. Its tenants then come out current, and it can work with them because migrations only expand.
    """
    if not schemas_existing([TEMPLATE]):
        return False
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT app, name FROM "{TEMPLATE}".django_migrations')  # noqa: S608
        return set(cursor.fetchall()) >= known_migrations()


def template_version() -> str:
    """What the template has, as 32 hexadecimal digits; a clone has the same. One statement.

    Raises ProgrammingError where there is no template yet: `migrate_tenants` makes it.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {TEMPLATE_VERSION_SQL}")
        return str(cursor.fetchone()[0])


def version_of(applied: Iterable[Key]) -> str:
    """What VERSION_SQL gives for a schema with these migrations."""
    names = ",".join(f"{app}.{name}" for app, name in sorted(applied))
    return hashlib.md5(names.encode(), usedforsecurity=False).hexdigest()


def schemas_applied(schema_names: Sequence[str]) -> dict[str, frozenset[Key]]:
    """The migrations of each schema, by one statement per BATCH of them. Equal sets are one object.

    Raises ProgrammingError where a schema has no django_migrations. Plain rows: to aggregate in each of the
    statement's many parts takes PostgreSQL longer.
    """
    found: dict[str, list[Key]] = {name: [] for name in schema_names}
    for start in range(0, len(schema_names), BATCH):
        parts = [
            f'SELECT {number}, app, name FROM "{checked_schema_name(name)}".django_migrations'  # noqa: S608
            for number, name in enumerate(schema_names[start : start + BATCH], start)
        ]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts))
            for number, app, name in cursor.fetchall():
                found[schema_names[number]].append((app, name))
    shared: dict[frozenset[Key], frozenset[Key]] = {}
    sets = ((name, frozenset(rows)) for name, rows in found.items())
    return {name: shared.setdefault(keys, keys) for name, keys in sets}


def schemas_outdated(schema_names: Sequence[str]) -> list[str]:
    """Those of the schemas that lack a migration of this release."""
    applied = schemas_applied(schema_names)
    return [name for name in schema_names if not known_migrations() <= applied[name]]


def schemas_existing(schema_names: list[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s)", [schema_names])
        return {row[0] for row in cursor.fetchall()}


def schema_drop(schema_name: str) -> None:
    """Drop a tenant's schema with all it holds; nothing happens if it is gone already."""
    with connection.cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{checked_schema_name(schema_name)}" CASCADE')


@cache
def known_migrations() -> frozenset[Key]:
    """Every tenant migration in this release, by the names of the files: nothing is imported."""
    return frozenset((label, name) for label in _tenant_labels() for name in _names_on_disk(label))


def _names_on_disk(label: str) -> list[str]:
    module, explicit = MigrationLoader.migrations_module(label)
    if module is None:
        return []
    try:
        package = import_module(module)
    except ModuleNotFoundError as error:
        # As Django does: an app need not have migrations, but a module that is named must exist.
        if explicit or error.name != module:
            raise
        return []
    return [
        name
        for _, name, is_package in pkgutil.iter_modules(package.__path__)
        if not is_package and name[0] not in "_~"
    ]


def _tenant_leaves(loader: MigrationLoader) -> list[Key]:
    labels = _tenant_labels()
    return [key for key in loader.graph.leaf_nodes() if key[0] in labels]


def _tenant_labels() -> set[str]:
    return {name.rpartition(".")[2] for name in settings.TENANT_APPS}


@contextmanager
def _chosen_schema(schema_name: str) -> Iterator[None]:
    """Point migrations at one schema; the migrations table must not be found in public."""
    with tenant_context(None):
        connection.set_schema(schema_name, include_public=False)
        try:
            MigrationRecorder(connection).ensure_schema()
            connection.set_schema(schema_name)
            yield
        finally:
            connection.set_schema_to_public()
