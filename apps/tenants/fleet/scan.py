"""Which tenant's schema has which migrations: one statement for the tenants, one per 250 schemas."""

import uuid
from dataclasses import dataclass

from django.db import ProgrammingError, connection
from psycopg.errors import InvalidSchemaName, UndefinedTable

from apps.tenants.schemas import TEMPLATE, Key, known_migrations, schemas_applied

# A schema may go between the list and the look into it.
ATTEMPTS = 10

# Tenants that have a schema and are not being purged, oldest first; the template, if there is one.
TENANTS_SQL = """
SELECT t.id, t.slug, t.schema_name, t.is_canary, t.cloned_from_id IS NOT NULL, m.oid IS NOT NULL,
       r.oid IS NOT NULL
FROM tenants_tenant t
JOIN pg_namespace n ON n.nspname = t.schema_name::name
LEFT JOIN pg_class m ON m.relnamespace = n.oid AND m.relname = 'django_migrations'
LEFT JOIN pg_roles r ON r.rolname = t.schema_name::name
WHERE t.purge_started_at IS NULL AND (%(tenant_id)s::uuid IS NULL OR t.id = %(tenant_id)s)
ORDER BY t.created_at, t.id
"""
TEMPLATE_SQL = """
SELECT m.oid IS NOT NULL FROM pg_namespace n
LEFT JOIN pg_class m ON m.relnamespace = n.oid AND m.relname = 'django_migrations'
WHERE n.nspname = %s
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant's schema and what was applied to it."""

    tenant_id: uuid.UUID
    slug: str
    schema_name: str
    is_canary: bool
    is_sandbox: bool
    has_role: bool
    applied: frozenset[Key]

    @property
    def missing(self) -> tuple[Key, ...]:
        """Migrations of this release that it lacks; what a newer release applied does not count."""
        return tuple(sorted(known_migrations() - self.applied))


@dataclass(frozen=True, slots=True)
class Scan:
    """template: what the template has, None where there is no template yet."""

    places: list[Place]
    template: frozenset[Key] | None

    @property
    def outdated(self) -> list[Place]:
        return [place for place in self.places if not known_migrations() <= place.applied]

    @property
    def template_outdated(self) -> bool:
        return self.template is None or not known_migrations() <= self.template


def fleet_scan(tenant_id: uuid.UUID | None = None) -> Scan:
    """All tenants that have a schema, in any state, but those that are being purged.

    tenant_id: look at this one only.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _scan(tenant_id)
        except ProgrammingError as error:
            if not isinstance(error.__cause__, UndefinedTable | InvalidSchemaName):
                raise
    return _scan(tenant_id)


def _scan(owner_id: uuid.UUID | None) -> Scan:
    with connection.cursor() as cursor:
        cursor.execute(TENANTS_SQL, {"tenant_id": owner_id})
        tenants = cursor.fetchall()
        cursor.execute(TEMPLATE_SQL, [TEMPLATE])
        template = cursor.fetchone()
    names = [name for _, _, name, _, _, has_migrations, _ in tenants if has_migrations]
    if template and template[0]:
        names.append(TEMPLATE)
    applied = schemas_applied(names)
    none: frozenset[Key] = frozenset()
    places = [
        Place(tenant_id, slug, name, is_canary, is_sandbox, has_role, applied.get(name, none))
        for tenant_id, slug, name, is_canary, is_sandbox, _, has_role in tenants
    ]
    return Scan(places, applied.get(TEMPLATE, none) if template else None)


def place_again(tenant_id: uuid.UUID) -> Place | None:
    """One tenant as it is now; None if it is gone, or going."""
    return next(iter(fleet_scan(tenant_id).places), None)
