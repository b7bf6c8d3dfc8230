"""A clone of the template has exactly what the migrations would have made."""

import hashlib

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from apps.tenants import schemas
from apps.tenants.models import Tenant
from tests.tenants.catalogue import catalogue, migrations

pytestmark = pytest.mark.django_db


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


def test_without_a_template_that_has_all_the_migrations_run() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM t_template.django_migrations WHERE app = 'organizations'")
    assert not schemas.template_covers_release()
    assert schemas.schema_create("t_fallback") == "migrate"
    assert migrations("t_fallback") == schemas.known_migrations()


def test_the_release_before_clones_a_template_that_is_ahead_of_it() -> None:
    """While a deployment goes on, so that new tenants need not be migrated afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE t_template.organizations_member ADD COLUMN nickname varchar(50);"
            "INSERT INTO t_template.django_migrations (app, name, applied) "
            "VALUES ('organizations', '9001_nickname', now())"
        )
    assert schemas.template_covers_release()
    assert schemas.schema_create("t_ahead") == "clone"
    ahead = schemas.known_migrations() | {("organizations", "9001_nickname")}
    assert migrations("t_ahead") == ahead
    assert catalogue("t_ahead") == catalogue(schemas.TEMPLATE)
    assert ("column", "organizations_member", "nickname", "character varying(50)falsedefault") in (
        catalogue("t_ahead")
    )


def test_the_known_migrations_are_those_that_django_would_load() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    labels = {one.rpartition(".")[2] for one in settings.TENANT_APPS}
    assert schemas.known_migrations() == {key for key in loader.disk_migrations if key[0] in labels}


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


def test_a_failed_creation_leaves_no_schema() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        schemas.schema_create("t_half")
        raise ZeroDivisionError
    assert schemas.schemas_existing(["t_half"]) == set()
