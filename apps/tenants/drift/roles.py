"""Database roles: what each may be, whose member it is, and who may become it."""

from collections.abc import Iterator
from functools import partial

from apps.tenants.drift.finding import Finding, rows, statement
from apps.tenants.roles import APP, GROUP, tenant_role_create

# Schemas that tenants have, or will have when they take one from the pool.
SCHEMAS_SQL = """
    SELECT n.nspname AS name FROM pg_namespace n
    WHERE n.nspname IN (SELECT schema_name FROM tenants_tenant WHERE purge_started_at IS NULL
                        UNION ALL SELECT schema_name FROM tenants_pooledschema)
"""
MISSING_SQL = f"""
SELECT s.name FROM ({SCHEMAS_SQL}) s
WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = s.name) ORDER BY 1
"""  # noqa: S608 - constants
# The app's login alone may log in; nobody inherits but tenants' roles, from the group.
ATTRIBUTES_SQL = f"""
SELECT r.rolname, concat_ws(', ',
    CASE WHEN r.rolsuper THEN 'superuser' END,
    CASE WHEN r.rolbypassrls THEN 'bypasses row-level security' END,
    CASE WHEN r.rolcreaterole THEN 'creates roles' END,
    CASE WHEN r.rolcreatedb THEN 'creates databases' END,
    CASE WHEN r.rolreplication THEN 'replicates' END,
    CASE WHEN r.rolname = %(app)s AND r.rolinherit THEN 'inherits' END,
    CASE WHEN r.rolname <> %(app)s AND r.rolcanlogin THEN 'may log in' END)
FROM pg_roles r
WHERE (r.rolname IN (%(app)s, %(group)s) OR r.rolname IN ({SCHEMAS_SQL}))
  AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
       OR (r.rolname = %(app)s AND r.rolinherit) OR (r.rolname <> %(app)s AND r.rolcanlogin))
ORDER BY 1
"""  # noqa: S608
# A tenant's role is a member of the group alone; the app of tenants' roles alone; the group of nothing.
MEMBERSHIPS_SQL = f"""
WITH s AS ({SCHEMAS_SQL})
SELECT granted.rolname, member.rolname
FROM pg_auth_members m JOIN pg_roles granted ON granted.oid = m.roleid
JOIN pg_roles member ON member.oid = m.member
WHERE (member.rolname IN (SELECT name FROM s) AND granted.rolname <> %(group)s)
   OR (member.rolname = %(group)s)
   OR (member.rolname = %(app)s AND granted.rolname NOT LIKE 't\\_%%')
   OR (granted.rolname IN (SELECT name FROM s) AND member.rolname <> %(app)s
       AND member.rolname <> CURRENT_USER)
ORDER BY 1, 2
"""  # noqa: S608
UNREACHABLE_SQL = f"""
SELECT s.name FROM ({SCHEMAS_SQL}) s JOIN pg_roles r ON r.rolname = s.name
WHERE NOT pg_has_role(%(app)s, r.oid, 'MEMBER') OR NOT pg_has_role(r.oid, %(group)s, 'USAGE') ORDER BY 1
"""  # noqa: S608
OWNED_SQL = """
SELECT r.rolname, count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
WHERE r.rolname IN (%(app)s, %(group)s) OR r.rolname LIKE 't\\_%%' GROUP BY 1 ORDER BY 1
"""


def find() -> Iterator[Finding]:
    names = {"app": APP, "group": GROUP}
    for (name,) in rows(MISSING_SQL):
        yield Finding(
            "role_missing", name, "the schema has no role", partial(tenant_role_create, name)
        )
    for name, wrong in rows(ATTRIBUTES_SQL, names):
        login = "LOGIN NOINHERIT" if name == APP else "NOLOGIN"
        yield Finding(
            "role_too_strong",
            name,
            f"the role {wrong}",
            statement(
                "ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION "
                + login,
                role=name,
            ),
        )
    for granted, member in rows(MEMBERSHIPS_SQL, names):
        yield Finding(
            "role_membership",
            member,
            f"may act as {granted}",
            statement("REVOKE {granted} FROM {member}", granted=granted, member=member),
        )
    for (name,) in rows(UNREACHABLE_SQL, names):
        yield Finding(
            "role_not_granted",
            name,
            f"{APP} cannot become it, or it is not in {GROUP}: the tenant cannot be served",
            statement(
                "GRANT {role} TO {app}; GRANT {group} TO {role}", role=name, app=APP, group=GROUP
            ),
        )
    for name, count in rows(OWNED_SQL, names):
        yield Finding(
            "role_owns",
            name,
            f"owns {count} tables or indexes, on which no policy and no grant holds it: "
            "ALTER TABLE ... OWNER TO the system's login",
        )
