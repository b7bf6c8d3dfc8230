"""Rights within tenants' schemas: the tenant's own role, as made, and nobody else."""

from collections.abc import Iterator
from functools import partial

from apps.tenants.drift.finding import Finding, rows, statement
from apps.tenants.drift.roles import SCHEMAS_SQL
from apps.tenants.roles import tenant_role_create

# '-' is PUBLIC, which stands for everybody.
TOO_MUCH_SQL = f"""
WITH s AS (SELECT n.oid, n.nspname AS name, n.nspowner, n.nspacl FROM pg_namespace n
           WHERE n.nspname IN ({SCHEMAS_SQL}))
SELECT 'SCHEMA', s.name, '', acl.grantee::regrole::text, acl.privilege_type
FROM s, aclexplode(s.nspacl) acl
WHERE acl.grantee <> s.nspowner
  AND NOT (acl.grantee::regrole::text = quote_ident(s.name) AND acl.privilege_type = 'USAGE')
UNION ALL
SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, s.name, c.relname,
       acl.grantee::regrole::text, acl.privilege_type
FROM s JOIN pg_class c ON c.relnamespace = s.oid, aclexplode(c.relacl) acl
WHERE acl.grantee <> c.relowner
  AND NOT (acl.grantee::regrole::text = quote_ident(s.name) AND acl.privilege_type = ANY (
      CASE WHEN c.relkind = 'S' THEN ARRAY['USAGE', 'SELECT']
           WHEN c.relname = 'django_migrations' THEN ARRAY['SELECT']
           ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'] END))
UNION ALL
SELECT CASE d.defaclobjtype WHEN 'S' THEN 'NEW SEQUENCES' ELSE 'NEW TABLES' END, s.name, '',
       acl.grantee::regrole::text, acl.privilege_type
FROM s JOIN pg_default_acl d ON d.defaclnamespace = s.oid, aclexplode(d.defaclacl) acl
WHERE d.defaclobjtype IN ('r', 'S') AND acl.grantee <> d.defaclrole
  AND NOT (acl.grantee::regrole::text = quote_ident(s.name) AND acl.privilege_type = ANY (
      CASE WHEN d.defaclobjtype = 'S' THEN ARRAY['USAGE', 'SELECT']
           ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'] END))
ORDER BY 2, 1, 3, 4, 5
"""  # noqa: S608 - constants
TOO_LITTLE_SQL = f"""
SELECT s.name, string_agg(c.relname, ', ' ORDER BY c.relname)
FROM ({SCHEMAS_SQL}) s JOIN pg_roles r ON r.rolname = s.name
JOIN pg_namespace n ON n.nspname = s.name JOIN pg_class c ON c.relnamespace = n.oid
WHERE (c.relkind IN ('r', 'p') AND NOT (
        has_table_privilege(r.oid, c.oid, 'SELECT') AND (c.relname = 'django_migrations' OR (
        has_table_privilege(r.oid, c.oid, 'INSERT') AND has_table_privilege(r.oid, c.oid, 'UPDATE')
        AND has_table_privilege(r.oid, c.oid, 'DELETE')))))
   OR (c.relkind = 'S' AND NOT has_sequence_privilege(r.oid, c.oid, 'USAGE'))
   OR NOT has_schema_privilege(r.oid, n.oid, 'USAGE')
GROUP BY s.name ORDER BY s.name
"""  # noqa: S608
KINDS = {
    "SCHEMA": "REVOKE {privilege} ON SCHEMA {schema} FROM ",
    "TABLE": "REVOKE {privilege} ON TABLE {schema}.{name} FROM ",
    "SEQUENCE": "REVOKE {privilege} ON SEQUENCE {schema}.{name} FROM ",
    "NEW TABLES": "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE {privilege} ON TABLES FROM ",
    "NEW SEQUENCES": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE {privilege} ON SEQUENCES FROM "
    ),
}


def find() -> Iterator[Finding]:
    for kind, schema, name, grantee, privilege in rows(TOO_MUCH_SQL):
        everybody = grantee == "-"
        what = f"{kind.lower()} {name}".strip()
        # The privilege is a keyword from the catalogue, one of PostgreSQL's own words.
        text = KINDS[kind].replace("{privilege}", privilege)
        yield Finding(
            "grant_too_much",
            schema,
            f"{'everybody' if everybody else grantee} may {privilege} on {what}",
            statement(
                text + ("PUBLIC" if everybody else "{grantee}"),
                schema=schema,
                name=name,
                grantee=grantee.strip('"'),
            ),
        )
    for schema, names in rows(TOO_LITTLE_SQL):
        yield Finding(
            "grant_missing",
            schema,
            f"the tenant's role may not use {names}",
            partial(tenant_role_create, schema),
        )
