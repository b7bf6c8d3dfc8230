"""The tenant of the moment: one context variable that the database, cache, logs and tasks follow.

It lives below every app, so that they all can ask. Only `tenant_context` changes it.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from django.db import connection

SCHEMA_NAME = re.compile(r"t_[a-z0-9_]{1,60}")
PUBLIC_SCHEMA = "public"


def checked_schema_name(schema_name: str) -> str:
    """The name, which is safe within SQL then. Raises ValueError for what is no tenant's schema."""
    if not SCHEMA_NAME.fullmatch(schema_name):
        raise ValueError(f"not a tenant schema name: {schema_name!r}")
    return schema_name


@dataclass(frozen=True, slots=True)
class TenantRef:
    """What the lower layers need to know of a tenant; hashable, safe to keep in a cache."""

    id: uuid.UUID
    slug: str
    schema_name: str

    def __post_init__(self) -> None:
        checked_schema_name(self.schema_name)

    @property
    def role_name(self) -> str:
        """The database role that may use this tenant's schema, and no other."""
        return self.schema_name


class HasRef(Protocol):
    @property
    def ref(self) -> TenantRef: ...


class NoTenant(RuntimeError):
    """Tenant data was asked for where no tenant is entered: a defect, never an empty answer."""


class TenantNotRunnable(RuntimeError):
    """Work arrived for a tenant that is gone, suspended or not ready."""


class TenantGone(TenantNotRunnable):
    """The tenant does not exist, or no longer: there will never be anything to do."""


class TenantNotReady(TenantNotRunnable):
    """The tenant is still being provisioned: the same work may succeed later."""


class TenantInMaintenance(TenantNotReady):
    """The tenant is closed for a while: the work waits, however long that is."""


class Entry:
    """One entering of a tenant, told apart from others of the same tenant."""

    def __init__(self, ref: TenantRef) -> None:
        self.ref = ref


_current: ContextVar[Entry | None] = ContextVar("tenant", default=None)


def current_entry() -> Entry | None:
    """For the database, which has to know what was entered last: a tenant or the system."""
    return _current.get()


def current_tenant() -> TenantRef | None:
    entry = _current.get()
    return entry.ref if entry else None


def require_tenant() -> TenantRef:
    """The tenant of the moment. Raises NoTenant."""
    ref = current_tenant()
    if ref is None:
        raise NoTenant("no tenant is entered; use tenant_context(tenant)")
    return ref


@contextmanager
def tenant_context(tenant: TenantRef | HasRef | None) -> Iterator[None]:
    """Enter a tenant (or, with None, no tenant) for the block; nests, and is safe across threads.

    The database backend follows at its next statement, so entering costs nothing by itself.
    """
    ref = tenant if tenant is None or isinstance(tenant, TenantRef) else tenant.ref
    token = _current.set(Entry(ref) if ref else None)
    try:
        with structlog.contextvars.bound_contextvars(tenant_id=str(ref.id) if ref else None):
            yield
    finally:
        _current.reset(token)


@dataclass(frozen=True, slots=True)
class TenantLoader:
    """query: of the tenant's row by its id, the only parameter. ref_of: the reference, from id and row.

    Two parts, so that the query can share a message with another. ref_of raises TenantNotRunnable.
    """

    query: str
    ref_of: Callable[[uuid.UUID, tuple[Any, ...] | None], TenantRef]


# Looking a tenant up is the job of the tenants app, which is a layer above the parts that need it.
_loader: TenantLoader | None = None


def set_tenant_loader(loader: TenantLoader) -> None:
    """Called once by the tenants app."""
    global _loader  # noqa: PLW0603 - set once at start
    _loader = loader


def tenant_loader() -> TenantLoader:
    if _loader is None:
        raise TenantNotRunnable("the tenants app is not installed")
    return _loader


def runnable_tenant(tenant_id: uuid.UUID) -> TenantRef:
    """The tenant, if work may run in it now. For the system. Raises TenantNotRunnable. One statement."""
    loader = tenant_loader()
    with connection.cursor() as cursor:
        cursor.execute(loader.query, [tenant_id])
        return loader.ref_of(tenant_id, cursor.fetchone())
