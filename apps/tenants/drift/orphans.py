"""What is there for nobody: schemas and roles without a tenant, tenants without a schema."""

from collections.abc import Iterator
from functools import partial

from apps.tenants.drift.finding import Finding, rows
from apps.tenants.models import PooledSchema
from apps.tenants.roles import tenant_role_drop
from apps.tenants.schemas import TEMPLATE, schema_drop

OWNED_SQL = (
    "SELECT schema_name FROM tenants_tenant UNION ALL SELECT schema_name FROM tenants_pooledschema"
)
SCHEMAS_SQL = f"""
SELECT n.nspname, (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r')
FROM pg_namespace n
WHERE n.nspname ~ '^t_[a-z0-9_]{{1,60}}$' AND n.nspname <> %(template)s
  AND n.nspname NOT IN ({OWNED_SQL}) ORDER BY 1
"""  # noqa: S608 - constants
ROLES_SQL = f"""
SELECT r.rolname FROM pg_roles r
WHERE r.rolname ~ '^t_[a-z0-9_]{{1,60}}$' AND r.rolname NOT IN ({OWNED_SQL})
  AND NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = r.rolname) ORDER BY 1
"""  # noqa: S608
# A role belongs to the cluster: where another database uses it, it is that one's.
ELSEWHERE_SQL = """
SELECT DISTINCT r.rolname FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid
WHERE s.dbid NOT IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
# A tenant that is being made has no schema yet, one that is being deleted none any more.
HOMELESS_SQL = """
SELECT t.slug, t.schema_name FROM tenants_tenant t
WHERE t.status IN ('ready', 'suspended', 'archived')
  AND NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = t.schema_name) ORDER BY 1
"""
EMPTY_SLOTS_SQL = """
SELECT p.schema_name FROM tenants_pooledschema p
WHERE NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = p.schema_name) ORDER BY 1
"""


def find() -> Iterator[Finding]:
    for name, tables in rows(SCHEMAS_SQL, {"template": TEMPLATE}):
        yield Finding(
            "schema_orphan", name, f"no tenant has it ({tables} tables)", partial(_drop, name), True
        )
    elsewhere = {name for (name,) in rows(ELSEWHERE_SQL)}
    for (name,) in rows(ROLES_SQL):
        if name not in elsewhere:
            yield Finding(
                "role_orphan", name, "no tenant has it", partial(tenant_role_drop, name), True
            )
    for slug, name in rows(HOMELESS_SQL):
        yield Finding("schema_missing", name, f"{slug} has no schema: restore it from a backup")
    for (name,) in rows(EMPTY_SLOTS_SQL):
        yield Finding(
            "pool_missing",
            name,
            "the pool lists a schema that is not there",
            PooledSchema.objects.filter(schema_name=name).delete,
        )


def _drop(name: str) -> None:
    schema_drop(name)
    tenant_role_drop(name)
