"""Writes on a tenant's roles and API keys."""

from apps.roles.services.api_key_upkeep import (
    api_key_used,
    api_keys_announce_expiry,
    api_keys_prune,
    api_keys_transfer,
)
from apps.roles.services.api_keys import (
    NewApiKey,
    api_key_create,
    api_key_revoke,
    api_key_rotate,
    api_key_update,
)
from apps.roles.services.roles import (
    RoleChange,
    role_create,
    role_delete,
    role_update,
    roles_update,
)
from apps.roles.services.system_roles import SYSTEM_ROLES, system_roles_ensure

__all__ = [
    "SYSTEM_ROLES",
    "NewApiKey",
    "RoleChange",
    "api_key_create",
    "api_key_revoke",
    "api_key_rotate",
    "api_key_update",
    "api_key_used",
    "api_keys_announce_expiry",
    "api_keys_prune",
    "api_keys_transfer",
    "role_create",
    "role_delete",
    "role_update",
    "roles_update",
    "system_roles_ensure",
]
