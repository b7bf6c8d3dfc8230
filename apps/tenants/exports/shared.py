"""Which rows of shared tables belong into a tenant's export: each app declares its own.

Column by column: shared tables also hold what is nobody's to give away, as password hashes and proofs.
"""

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class SharedRows:
    """name: of the file. query: yields a tenant's rows, by the parameter `%(tenant_id)s`; it is run as the
    tenant's role, so that row-level security holds too."""

    name: str
    query: str


_shared: dict[str, SharedRows] = {}


def register_shared_rows(*declared: SharedRows) -> None:
    """From an app's AppConfig.ready(). A name belongs to one declaration."""
    for one in declared:
        if _shared.get(one.name, one) != one:
            raise ImproperlyConfigured(f"shared rows {one.name} are declared twice")
        _shared[one.name] = one


def shared_rows() -> list[SharedRows]:
    return [_shared[name] for name in sorted(_shared)]


TENANTS = (
    SharedRows(
        "tenant",
        "SELECT id, slug, name, status, owner_person_id, primary_host, cloned_from_id, created_at, ready_at "
        "FROM public.tenants_tenant WHERE id = %(tenant_id)s",
    ),
    SharedRows(
        "domains",
        "SELECT id, domain, verified_at, created_at FROM public.tenants_domain "
        "WHERE tenant_id = %(tenant_id)s ORDER BY id",
    ),
    SharedRows(
        "history",
        "SELECT id, created_at, action, from_status, to_status, "
        "CASE WHEN is_internal THEN 'platform' ELSE actor END AS actor, "
        "CASE WHEN is_internal THEN '' ELSE reason END AS reason "
        "FROM public.tenants_tenantevent WHERE tenant_id = %(tenant_id)s ORDER BY id",
    ),
)
