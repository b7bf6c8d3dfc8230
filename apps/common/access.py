"""The one gate: permissions are declared here by every app, and `authorize` decides.

The registry and the gate need no tables, so they sit below the apps that ask. What a member holds is
known by the roles app, which installs its policy when it starts; without a policy everything is denied
(docs/adr/0002-authorization-gate-below-the-apps.md).
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from apps.common.actors import Actor
from apps.common.errors import PermissionDenied


@dataclass(frozen=True, slots=True)
class Permission:
    """code: `app.verb_noun`. scoped: can be held at an organization, not only in the whole tenant."""

    code: str
    label: str | Promise
    description: str | Promise
    scoped: bool = False
    dangerous: bool = False

    @property
    def app(self) -> str:
        return self.code.partition(".")[0]


class Node(Protocol):
    """An organization, as the policy sees it: `path` starts with the path of each ancestor."""

    @property
    def path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """Why something is allowed or denied."""

    allowed: bool
    reason: str
    role: str | None = None
    organization_id: uuid.UUID | None = None


Policy = Callable[[Actor, str, Node | None], Decision]

_permissions: dict[str, Permission] = {}
_policy: Policy | None = None


def register_permissions(permissions: Iterable[Permission]) -> None:
    """Declare an app's permissions, from its AppConfig.ready(). A code belongs to one declaration."""
    for permission in permissions:
        known = _permissions.get(permission.code)
        if known is not None and known != permission:
            raise ImproperlyConfigured(f"permission {permission.code} is declared twice")
        _permissions[permission.code] = permission


def permissions() -> dict[str, Permission]:
    """Every declared permission by its code, in the order of the codes."""
    return dict(sorted(_permissions.items()))


def set_policy(policy: Policy) -> None:
    """Called once by the roles app."""
    global _policy
    _policy = policy


def decide(actor: Actor, permission: str, node: Node | None = None) -> Decision:
    """Whether `actor` holds `permission` at `node` (None: in the whole tenant), and why.

    The system may do everything; anybody else only what the policy finds for them.
    """
    if permission not in _permissions:
        raise ImproperlyConfigured(f"permission {permission} is not declared")
    if actor.is_system:
        return Decision(True, "the platform itself")
    if _policy is None:
        return Decision(False, "no policy is installed")
    return _policy(actor, permission, node)


def allows(actor: Actor, permission: str, node: Node | None = None) -> bool:
    """For pages that show or hide; services call `authorize`."""
    return decide(actor, permission, node).allowed


def authorize(actor: Actor, permission: str, node: Node | None = None) -> None:
    """Let through or raise PermissionDenied, which names the permission that is missing."""
    decision = decide(actor, permission, node)
    if not decision.allowed:
        label = _permissions[permission].label
        raise PermissionDenied(
            f"This needs the permission “{label}” ({permission}). Ask an administrator of the workspace."
        )


def require_platform(actor: Actor) -> None:
    """For acts on tenants from outside: staff and the system only."""
    if not actor.is_platform:
        raise PermissionDenied("Only platform staff may do this.")
