"""Schemas of tenants: create from the template, migrate, drop.

The template schema `t_template` is kept current by migrations; a new tenant's schema is a copy of it,
made by SQL that is read from the catalogue. Running the migrations instead is the fallback.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import cast

from django.conf import settings
from django.db import connection as _connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from apps.common.tenancy import SCHEMA_NAME, tenant_context
from apps.tenants.backend.base import DatabaseWrapper
from apps.tenants.catalogue import CLONE_SQL, ROWS_PHASE, UNCLONABLE_SQL

# The proxy of the default connection, as what settings make it.
connection = cast(DatabaseWrapper, _connection)

TEMPLATE = "t_template"
# Advisory lock: clones share it, a migration of the template holds it alone.
TEMPLATE_LOCK = 0x7470_6C00
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
    _check_name(schema_name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [TEMPLATE_LOCK])
        cursor.execute(f'CREATE SCHEMA "{schema_name}"')
    if not template_is_current() or unclonable(TEMPLATE):
        schema_migrate(schema_name)
        return "migrate"
    _clone(schema_name)
    return "clone"


def schema_copy(schema_name: str, source: str, rows: str) -> None:
    """Create a tenant's schema as a copy of another tenant's, which is to be current and clonable.

    rows: the statement that fills the tables, before there are constraints. Call in a transaction.
    """
    _check_name(source)
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{_check_name(schema_name)}"')
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


def schema_migrate(schema_name: str) -> int:
    """Bring one schema to the current version with Django's migrations; returns how many it ran."""
    _check_name(schema_name)
    with _chosen_schema(schema_name):
        executor = MigrationExecutor(connection)
        targets = _tenant_leaves(executor.loader)
        plan = executor.migration_plan(targets)
        if plan:
            executor.migrate(targets, plan)
        return len(plan)


def template_migrate() -> int:
    """Create or update the template; returns how many migrations ran. Waits for running clones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        try:
            cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{TEMPLATE}"')
            return schema_migrate(TEMPLATE)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [TEMPLATE_LOCK])


def template_is_current() -> bool:
    """Whether the template has exactly the migrations that this release knows. One statement."""
    if not schemas_existing([TEMPLATE]):
        return False
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT app, name FROM "{TEMPLATE}".django_migrations')  # noqa: S608
        return set(cursor.fetchall()) == known_migrations()


def template_version() -> str:
    """What the template has, as 32 hexadecimal digits; a clone has the same. One statement.

    Raises ProgrammingError where there is no template yet: `migrate_tenants` makes it.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {TEMPLATE_VERSION_SQL}")
        return str(cursor.fetchone()[0])


def schemas_outdated(schema_names: list[str]) -> list[str]:
    """Those of the schemas that lack a migration of this release, by one query per 200 schemas."""
    known = sorted(f"{app}.{name}" for app, name in known_migrations())
    outdated: list[str] = []
    with connection.cursor() as cursor:
        for start in range(0, len(schema_names), 200):
            parts = [
                f"SELECT '{name}', array_agg(app || '.' || name) @> %s::text[] "  # noqa: S608 - checked names
                f'FROM "{_check_name(name)}".django_migrations'
                for name in schema_names[start : start + 200]
            ]
            cursor.execute(" UNION ALL ".join(parts), [known] * len(parts))
            outdated += [name for name, current in cursor.fetchall() if not current]
    return outdated


def schemas_existing(schema_names: list[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s)", [schema_names])
        return {row[0] for row in cursor.fetchall()}


def schema_drop(schema_name: str) -> None:
    """Drop a tenant's schema with all it holds; nothing happens if it is gone already."""
    with connection.cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{_check_name(schema_name)}" CASCADE')


@cache
def known_migrations() -> set[tuple[str, str]]:
    """(app, name) of every tenant migration in this release; read from disk once a process."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    labels = _tenant_labels()
    return {key for key in loader.disk_migrations if key[0] in labels}


def _tenant_leaves(loader: MigrationLoader) -> list[tuple[str, str]]:
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


def _check_name(schema_name: str) -> str:
    if not SCHEMA_NAME.fullmatch(schema_name):
        raise ValueError(f"not a tenant schema name: {schema_name!r}")
    return schema_name
