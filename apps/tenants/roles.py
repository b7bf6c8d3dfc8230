"""Database roles: the app's login, the group of all tenants, and one role a tenant.

- wrapper_app: the app's login. NOINHERIT, owns nothing, no superuser, no BYPASSRLS. It may use the public
  tables, where row-level security decides about rows, and may become any tenant's role.
- wrapper_tenant: the group of the tenants' roles: what each of them may do with the public tables.
- t_...: one a tenant, named like its schema: that schema only, and what the group may do.
"""

from collections.abc import Iterable, Iterator

from django.db import connection
from psycopg import sql

from apps.common.tenancy import checked_schema_name
from apps.tenants.catalogue import RELATIONS

APP = "wrapper_app"
GROUP = "wrapper_tenant"
# Serialises changes of cluster-wide objects: concurrent GRANTs on one role fail with "tuple concurrently
# updated".
ROLES_LOCK = 0x726F_6C65

ROLES_SQL = """
DO $$ BEGIN
    CREATE ROLE wrapper_app LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    CREATE ROLE wrapper_tenant NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO wrapper_app, wrapper_tenant;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO wrapper_app, wrapper_tenant;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO wrapper_app, wrapper_tenant;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM wrapper_app, wrapper_tenant;
"""

# What is in a schema: r, p tables; S sequences. By name, because "ALL TABLES IN SCHEMA" looks through the
# relations of every tenant, five times.
INSIDE_SQL = f"""
SELECT CASE c.relkind WHEN 'S' THEN 'S' ELSE 'r' END, array_agg(c.relname::text ORDER BY c.relname)
FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'v', 'm', 'S') GROUP BY 1
"""  # noqa: S608 - constants
GRANTS_SQL = """
GRANT USAGE ON SCHEMA {schema} TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role};
"""


def roles_ensure(password: str | None) -> None:
    """Create the app's login and the group, and grant what they may do. Safe to repeat.

    password: the app's, None to leave it as it is. Run after every migration of the public schema.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ROLES_LOCK])
        try:
            cursor.execute(ROLES_SQL)
            if password is not None:
                cursor.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                        sql.Identifier(APP), sql.Literal(password)
                    )
                )
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ROLES_LOCK])


def tenant_role_create(schema_name: str) -> None:
    """The role of one tenant, with its rights on the schema as it is and on tables to come.

    Safe to repeat. In the caller's transaction; holds ROLES_LOCK until it ends.
    """
    role = sql.Identifier(checked_schema_name(schema_name))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ROLES_LOCK])
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [schema_name])
        if cursor.fetchone() is None:
            cursor.execute(
                sql.SQL("CREATE ROLE {} NOLOGIN IN ROLE {}").format(role, sql.Identifier(GROUP))
            )
            # The system enters tenants too (the relay's handlers, provisioning).
            cursor.execute(
                sql.SQL("GRANT {} TO {}, CURRENT_USER").format(role, sql.Identifier(APP))
            )
        cursor.execute(sql.SQL(GRANTS_SQL).format(schema=role, role=role))
        cursor.execute(INSIDE_SQL, {"schema": schema_name})
        inside = dict(cursor.fetchall())
        cursor.execute(sql.SQL("; ").join(_grants(schema_name, inside)))


def _grants(schema_name: str, inside: dict[str, list[str]]) -> Iterator[sql.Composed]:
    """On each table and sequence of the schema. Its migrations are read, and written by the system alone."""
    role = sql.Identifier(schema_name)
    for kind, text in (
        ("r", "GRANT SELECT, INSERT, UPDATE, DELETE ON {names} TO {role}"),
        ("S", "GRANT USAGE, SELECT ON SEQUENCE {names} TO {role}"),
    ):
        if names := inside.get(kind):
            listed = sql.SQL(", ").join(sql.Identifier(schema_name, name) for name in names)
            yield sql.SQL(text).format(names=listed, role=role)
    yield sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {migrations} FROM {role}").format(
        migrations=sql.Identifier(schema_name, "django_migrations"), role=role
    )


def tenant_roles_missing(schema_names: Iterable[str]) -> list[str]:
    """Those of the schemas that have no role of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name "
            "WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)",
            [list(schema_names)],
        )
        return [row[0] for row in cursor.fetchall()]


def tenant_role_drop(schema_name: str) -> None:
    """Drop a tenant's role with what is left of its rights in this database; after its schema."""
    role = sql.Identifier(checked_schema_name(schema_name))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ROLES_LOCK])
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [schema_name])
        if cursor.fetchone() is not None:
            cursor.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(role, role))
