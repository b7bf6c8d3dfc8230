"""Codes that roles and API keys hold and that no app declares any more, in all tenants."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from apps.common.access import permissions
from apps.common.tenancy import checked_schema_name
from apps.tenants.models import Tenant
from apps.tenants.schemas import schemas_existing

BATCH = 100
KINDS = {"role": ("roles_role", "NOT is_system"), "api_key": ("roles_apikey", "revoked_at IS NULL")}


@dataclass(frozen=True, slots=True)
class Unknown:
    """kind: role or api_key. name, id: of the one that holds the code."""

    tenant: str
    kind: str
    id: uuid.UUID
    name: str
    code: str


def unknown_codes(slug: str | None = None) -> Iterator[Unknown]:
    """In the order of the tenants. Two statements, and one per BATCH of tenants.

    slug: of one tenant only. Revoked keys are left out. Call it on the system connection.
    """
    tenants = Tenant.objects.filter(purge_started_at=None).order_by("slug")
    if slug is not None:
        tenants = tenants.filter(slug=slug)
    slugs = dict(tenants.values_list("schema_name", "slug"))
    existing = schemas_existing(list(slugs))
    names = [name for name in slugs if name in existing]
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        yield from _of(batch, [slugs[name] for name in batch])


def _of(schema_names: list[str], slugs: list[str]) -> Iterator[Unknown]:
    parts = [
        f"SELECT {number}, '{kind}', held.id, held.name, stored.code "  # noqa: S608 - checked names
        f'FROM "{checked_schema_name(name)}".{table} AS held, '
        "unnest(held.permissions) AS stored (code) "
        f"WHERE {rule} AND stored.code <> ALL(%(declared)s)"
        for number, name in enumerate(schema_names)
        for kind, (table, rule) in KINDS.items()
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"{' UNION ALL '.join(parts)} ORDER BY 1, 2 DESC, 4, 5", {"declared": [*permissions()]}
        )
        rows = cursor.fetchall()
    for number, kind, holder_id, name, code in rows:
        yield Unknown(slugs[number], kind, holder_id, name, code)
