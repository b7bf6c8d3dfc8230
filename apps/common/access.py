"""The one gate: permissions are declared here by every app, and `authorize` decides.

The registry and the gate need no tables, so they sit below the apps that ask; what an actor holds comes
with the actor (docs/adr/0002-gate-below-the-apps.md). Deny is the default, and nothing takes away what a
role gives (docs/adr/0023-no-negative-permissions.md).
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from apps.common.actors import Actor, Grant
from apps.common.errors import ImpersonationRefused, PermissionDenied

# System roles that hold by rule what they hold; the others are named by permissions.
OWNER = "owner"
AUDITOR = "auditor"
# The verb of permissions that change nothing.
VIEW = "view"


@dataclass(frozen=True, slots=True)
class Permission:
    """code: `app.verb_noun`; with the verb `view` it changes nothing. Never renamed: roles store it.

    scoped: can be held at an organization, not only in the whole tenant. dangerous: can lock people out or
    destroy data. implies: codes without which the act cannot be done, of any app; who holds this one holds
    them too, and what they imply.
    system_roles: which of admin, billing_admin and member hold it. The owner holds every permission, the
    auditor every one that changes nothing. for_keys: can be given to an API key; not what decides who gets
    in and what they may do.
    Checked at start-up: apps/roles/checks.py.
    """

    code: str
    label: str | Promise
    description: str | Promise
    scoped: bool = False
    dangerous: bool = False
    system_roles: tuple[str, ...] = ("admin",)
    for_keys: bool = True
    implies: tuple[str, ...] = ()

    @property
    def app(self) -> str:
        return self.code.partition(".")[0]

    @property
    def is_read_only(self) -> bool:
        return self.code.partition(".")[2].partition("_")[0] == VIEW


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
# Declared again with another meaning: the first declaration stands, and a check reports it.
_conflicting: list[Permission] = []
# What follows from the declarations, computed when it is first asked for.
_ordered: Mapping[str, Permission] | None = None
_expanded: dict[str, frozenset[str]] = {}
_of_system_roles: dict[str, frozenset[str]] = {}


def register_permissions(permissions: Iterable[Permission]) -> None:
    """Declare an app's permissions, from its AppConfig.ready(). A code belongs to one declaration."""
    _conflicting.extend(one for one in permissions if _permissions.setdefault(one.code, one) != one)
    forget_derived()


def forget_derived() -> None:
    """After a change of the declarations."""
    global _ordered  # noqa: PLW0603 - derived from what is set at start
    _ordered = None
    _expanded.clear()
    _of_system_roles.clear()


def permissions() -> Mapping[str, Permission]:
    """Every declared permission by its code, in the order of the codes."""
    global _ordered  # noqa: PLW0603 - derived from what is set at start
    if _ordered is None:
        _ordered = MappingProxyType(dict(sorted(_permissions.items())))
    return _ordered


def without_dangerous(grant: Grant) -> Grant:
    """What of it support may use that acts for a member."""
    kept = {code for code in grant.permissions if not _permissions[code].dangerous}
    return replace(grant, permissions=frozenset(kept))


def conflicting_declarations() -> tuple[Permission, ...]:
    return tuple(_conflicting)


def expand(codes: Iterable[str]) -> frozenset[str]:
    """The codes and all that they imply. Codes that are not declared (any more) allow nothing."""
    return frozenset().union(*(_expand(code) for code in codes))


def _expand(code: str) -> frozenset[str]:
    found = _expanded.get(code)
    if found is None:
        reached: set[str] = set()
        waiting = [code]
        while waiting:
            one = waiting.pop()
            if one in _permissions and one not in reached:
                reached.add(one)
                waiting.extend(_permissions[one].implies)
        found = frozenset(reached)
        if code in _permissions:
            _expanded[code] = found
    return found


def of_system_role(role: str) -> frozenset[str]:
    """What a system role allows: by rule the owner and the auditor, the others where they are named."""
    found = _of_system_roles.get(role)
    if found is None:
        found = expand(code for code, one in _permissions.items() if _holds(role, one))
        _of_system_roles[role] = found
    return found


def _holds(role: str, permission: Permission) -> bool:
    if role == OWNER:
        return True
    return permission.is_read_only if role == AUDITOR else role in permission.system_roles


def decide(actor: Actor, permission: str, node: Node | None = None) -> Decision:
    """Whether `actor` holds `permission` at `node` (None: in the whole tenant), and why.

    The system may do everything; a person, an identity provider and a program with an API key what their
    grants say, at the grant's organization and below; in the whole tenant only, if it is not scoped.
    """
    declared = _permissions.get(permission)
    if declared is None:
        raise ImproperlyConfigured(f"permission {permission} is not declared")
    if actor.is_system:
        return Decision(True, note="the platform itself")
    elsewhere = []
    for grant in actor.grants:
        if permission not in grant.permissions:
            continue
        if grant.is_root or (
            declared.scoped and node is not None and node.path.startswith(grant.path)
        ):
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
            if _permissions[permission].scoped:
                paths.append(grant.path)
    return paths


def scope_of(actor: Actor, permission: str) -> tuple[str, ...] | None:
    """paths_allowed, as what is remembered can be found by."""
    paths = paths_allowed(actor, permission)
    return None if paths is None else tuple(sorted(paths))


def allows(actor: Actor, permission: str, node: Node | None = None) -> bool:
    """For pages that show or hide; services call `authorize`."""
    return decide(actor, permission, node).allowed


def authorize(actor: Actor, permission: str, node: Node | None = None) -> None:
    """Let through or raise PermissionDenied, which names the permission that is missing."""
    decision = decide(actor, permission, node)
    if not decision.allowed:
        if actor.impersonator is not None and _permissions[permission].dangerous:
            raise ImpersonationRefused
        label = _permissions[permission].label
        raise PermissionDenied(
            f"This needs the permission “{label}” ({permission}). Ask an administrator of the workspace."
        )


def require_platform(actor: Actor) -> None:
    """For acts on tenants from outside: staff and the system only."""
    if not actor.is_platform:
        raise PermissionDenied("Only platform staff may do this.")
