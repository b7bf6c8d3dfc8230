"""A clone of the template has exactly what the migrations would have made."""

import hashlib

import pytest
from django.db import connection, transaction

from apps.tenants import schemas
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db

# Columns, constraints and indexes of a schema, without the schema's name.
CATALOGUE_SQL = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod) || a.attnotnull::text
       || a.attidentity::text || coalesce(pg_get_expr(d.adbin, d.adrelid, true), '')
       || coalesce(col.collname, '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation col ON col.oid = a.attcollation
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind = 'r' AND a.attnum > 0
UNION ALL
SELECT 'constraint', c.relname, con.conname, pg_get_constraintdef(con.oid, true)
       || con.condeferrable::text || con.condeferred::text
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
WHERE con.connamespace = %(schema)s::regnamespace AND con.contype <> 'n'
UNION ALL
SELECT 'index', tablename, indexname, replace(indexdef, %(schema)s || '.', '')
FROM pg_indexes WHERE schemaname = %(schema)s
UNION ALL
SELECT 'sequence', '', sequencename, increment_by::text FROM pg_sequences
WHERE schemaname = %(schema)s
ORDER BY 1, 2, 3
"""


def catalogue(schema: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, true)", [schema])
        cursor.execute(CATALOGUE_SQL, {"schema": schema})
        rows = cursor.fetchall()
    connection.search_path_set_schemas = None
    return rows


def migrations(schema: str) -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT app, name FROM "{schema}".django_migrations')
        return set(cursor.fetchall())


def test_a_clone_equals_a_migrated_schema() -> None:
    assert schemas.schema_create("t_cloned") == "clone"
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA t_migrated")
    schemas.schema_migrate("t_migrated")

    cloned = catalogue("t_cloned")
    assert cloned == catalogue("t_migrated")
    assert len([row for row in cloned if row[0] == "index"]) > 10
    assert migrations("t_cloned") == migrations("t_migrated") == schemas.known_migrations()


def test_rows_of_the_template_are_copied_and_sequences_go_on(acme: Tenant) -> None:
    schemas.schema_create("t_cloned")
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM t_cloned.django_migrations")
        last = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO t_cloned.django_migrations (app, name, applied) VALUES ('x', 'y', now()) "
            "RETURNING id"
        )
        assert cursor.fetchone()[0] == last + 1


def test_without_a_current_template_the_migrations_run() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM t_template.django_migrations WHERE app = 'organizations'")
    assert not schemas.template_is_current()
    assert schemas.schema_create("t_fallback") == "migrate"
    assert migrations("t_fallback") == schemas.known_migrations()


def test_what_a_clone_cannot_copy_makes_it_migrate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE VIEW t_template.odd AS SELECT 1")
    assert schemas.schema_create("t_fallback") == "migrate"


def test_the_templates_version_follows_from_the_migrations_it_has() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM t_template.django_migrations")
        names = ",".join(f"{app}.{name}" for app, name in sorted(cursor.fetchall()))
    before = schemas.template_version()
    assert before == hashlib.md5(names.encode()).hexdigest()

    schemas.schema_create("t_cloned")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {schemas.VERSION_SQL} FROM t_cloned.django_migrations")
        assert cursor.fetchone()[0] == before
        cursor.execute(
            "INSERT INTO t_template.django_migrations (app, name, applied) VALUES ('x', 'y', now())"
        )
    assert schemas.template_version() not in ("", before)


def test_outdated_schemas_are_found_by_one_query(acme: Tenant, globex: Tenant) -> None:
    names = [acme.schema_name, globex.schema_name]
    assert schemas.schemas_outdated(names) == []
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM \"{globex.schema_name}\".django_migrations WHERE app = 'organizations'"
        )
    assert schemas.schemas_outdated(names) == [globex.schema_name]


def test_a_failed_creation_leaves_no_schema() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        schemas.schema_create("t_half")
        raise ZeroDivisionError
    assert schemas.schemas_existing(["t_half"]) == set()
