"""The one gate: permissions are declared here by every app, and `authorize` decides.

The registry and the gate need no tables, so they sit below the apps that ask; what an actor holds comes
with the actor (docs/adr/0002-gate-below-the-apps.md). Deny is the default.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from apps.common.actors import Actor, Grant
from apps.common.errors import PermissionDenied


@dataclass(frozen=True, slots=True)
class Permission:
    """code: `app.verb_noun`. scoped: can be held at an organization, not only in the whole tenant.

    system_roles: the system roles that hold it; the owner holds every permission. for_keys: can be given to
    an API key; not what decides who gets in and what they may do.
    """

    code: str
    label: str | Promise
    description: str | Promise
    scoped: bool = False
    dangerous: bool = False
    system_roles: tuple[str, ...] = ("admin",)
    for_keys: bool = True

    @property
    def app(self) -> str:
        return self.code.partition(".")[0]


class Node(Protocol):
    """An organization, as the policy sees it: `path` starts with the path of each ancestor."""

    @property
    def path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """Why something is allowed or denied.

    grant: what allows it. elsewhere: grants that would, but at other organizations. note: what it comes
    from where no grant says so: the platform itself, or a member who is deactivated.
    """

    allowed: bool
    grant: Grant | None = None
    elsewhere: tuple[Grant, ...] = ()
    note: str = ""

    @property
    def reason(self) -> str:
        """For people, in one line."""
        if self.note:
            return self.note
        if self.grant is not None:
            through = f", through the group {self.grant.group}" if self.grant.group else ""
            return f"role {self.grant.role} at {self.grant.organization_name}{through}"
        if self.elsewhere:
            names = list(dict.fromkeys(grant.organization_name for grant in self.elsewhere))
            below = "it" if len(names) == 1 else "them"
            return f"held only at {' and '.join(names)} and below {below}"
        return "no role grants it"

    @property
    def role(self) -> str | None:
        return self.grant.role if self.grant else None

    @property
    def organization_id(self) -> uuid.UUID | None:
        return self.grant.organization_id if self.grant else None


_permissions: dict[str, Permission] = {}


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


def decide(actor: Actor, permission: str, node: Node | None = None) -> Decision:
    """Whether `actor` holds `permission` at `node` (None: in the whole tenant), and why.

    The system may do everything; a person, an identity provider and a program with an API key what their
    grants say, at the grant's organization and below.
    """
    if permission not in _permissions:
        raise ImproperlyConfigured(f"permission {permission} is not declared")
    if actor.is_system:
        return Decision(True, note="the platform itself")
    elsewhere = []
    for grant in actor.grants:
        if permission not in grant.permissions:
            continue
        if grant.is_root or (node is not None and node.path.startswith(grant.path)):
            return Decision(True, grant)
        elsewhere.append(grant)
    return Decision(False, elsewhere=tuple(elsewhere))


def paths_allowed(actor: Actor, permission: str) -> list[str] | None:
    """Paths of the organizations below which `actor` holds `permission`; None: everywhere.

    For selectors, which filter in SQL.
    """
    if actor.is_system:
        return None
    paths = []
    for grant in actor.grants:
        if permission in grant.permissions:
            if grant.is_root:
                return None
            paths.append(grant.path)
    return paths


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
