"""The tenant of a host: what every request asks for first."""

import uuid
import zlib
from collections.abc import Iterable
from typing import Any

from django.db.models.signals import post_delete, post_save

from apps.common.caching import Namespace, register_warmer
from apps.common.tenancy import require_tenant
from apps.tenants.models import Domain, Tenant
from apps.tenants.selectors import tenant_by_host

FIELDS = [field.attname for field in Tenant._meta.concrete_fields]
# Two releases that run side by side do not read each other's rows.
KEY = f"row-{zlib.crc32(','.join(FIELDS).encode()):08x}"


def hosts_of(tenant_id: uuid.UUID) -> Iterable[str]:
    """Of the tenant, verified or not. One statement."""
    return list(Domain.objects.filter(tenant_id=tenant_id).values_list("domain", flat=True))


# Strict: a workspace that is suspended while Redis is away must not stay open when it is back.
HOSTS = Namespace("tenants.hosts", ttl_s=60, scopes=hosts_of, is_strict=True)


def tenant_of_host(host: str) -> Tenant | None:
    """As tenant_by_host, which it asks once; then one round trip to Redis, until something changes.

    The instance is the caller's own.
    """

    def load() -> list[Any] | None:
        found = tenant_by_host(host)
        return [getattr(found, name) for name in FIELDS] if found else None

    values = HOSTS.get(KEY, load, scope=host)
    return None if values is None else Tenant.from_db("default", FIELDS, values)


def warm_hosts() -> None:
    """For a tenant that has just become ready: its first request finds it."""
    for host in hosts_of(require_tenant().id):
        tenant_of_host(host)


register_warmer("tenants.hosts", warm_hosts)


def _tenant_changed(
    sender: type[Tenant], instance: Tenant, created: bool = False, **_rest: Any
) -> None:
    if created:
        return  # no host leads to it yet
    for host in hosts_of(instance.id):
        HOSTS.invalidate(scope=host)


def _domain_changed(sender: type[Domain], instance: Domain, **_rest: Any) -> None:
    HOSTS.invalidate(scope=instance.domain)


# Signals, so that no writer can forget: an old row here lets people into a closed workspace. They run in the
# transaction of the change, before its commit.
for _signal in (post_save, post_delete):
    _signal.connect(_tenant_changed, sender=Tenant, weak=False)
    _signal.connect(_domain_changed, sender=Domain, weak=False)
