"""Cache keys that cannot cross tenants."""

from apps.common.tenancy import require_tenant


def make_key(key: str, key_prefix: str, version: int) -> str:
    """Key of the default cache: always the tenant's. Raises NoTenant outside one.

    What belongs to no tenant goes to the cache `global`, by name.
    """
    return f"tenant:{require_tenant().id}:{key_prefix}:{version}:{key}"
