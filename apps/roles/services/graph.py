"""Which roles include which. Every write on roles holds one lock for the whole tenant, so that no two of them
make a cycle together, and what roles inherit is computed from what all of them say now.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.common.errors import InvalidInput
from apps.common.tenancy import require_tenant
from apps.roles.models import OWNER, Role, RoleInclusion
from apps.roles.selectors import roles_lock

# How many roles one can include itself, and how many can follow each other.
INCLUDES_MAX = 20
DEPTH_MAX = 5


@dataclass(slots=True)
class RoleGraph:
    """roles: all of the tenant. includes: what each custom role includes itself."""

    roles: dict[uuid.UUID, Role]
    includes: dict[uuid.UUID, set[uuid.UUID]] = field(default_factory=dict)

    def below(self, role_id: uuid.UUID) -> set[uuid.UUID]:
        """What a role includes, at any depth; itself too where it is in a cycle."""
        found: set[uuid.UUID] = set()
        waiting = list(self.includes.get(role_id, ()))
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(self.includes.get(one, ()))
        return found

    def including(self, role_id: uuid.UUID) -> list[Role]:
        """The roles that include a role themselves, by name."""
        found = (self.roles[one] for one, included in self.includes.items() if role_id in included)
        return sorted(found, key=lambda role: role.name)

    def include(self, role_id: uuid.UUID, included: Iterable[uuid.UUID]) -> None:
        """Put into the graph what a role is to include. Raises InvalidInput."""
        wanted = set(included)
        if len(wanted) > INCLUDES_MAX:
            raise _refused(
                _("A role includes at most %s others itself.") % INCLUDES_MAX, "too_many"
            )
        if not wanted <= self.roles.keys():
            raise _refused(_("There is no such role."), "role_unknown")
        if any(self.roles[one].is_system and self.roles[one].code == OWNER for one in wanted):
            raise _refused(_("The owner role cannot be included: it is held by itself."), "owner")
        self.includes[role_id] = wanted
        if role_id in self.below(role_id):
            raise _refused(_("A role cannot include itself, nor one that includes it."), "cycle")
        if self._depth() > DEPTH_MAX:
            raise _refused(_("Roles include each other at most %s deep.") % DEPTH_MAX, "too_deep")

    def set_inherited(self, role: Role) -> bool:
        """What follows from the graph, set on the role and not stored. Whether it is something new."""
        below = [self.roles[one] for one in self.below(role.id)]
        codes = sorted({code for one in below for code in one.permissions})
        systems = sorted(one.code for one in below if one.is_system)
        if (role.inherited_permissions, role.inherited_system_roles) == (codes, systems):
            return False
        role.inherited_permissions, role.inherited_system_roles = codes, systems
        return True

    def spread(self, changed: Role) -> None:
        """Store what the roles inherit that include the changed one. One statement, if there are any."""
        including = [self.roles[one] for one in self.includes if changed.id in self.below(one)]
        stale = [role for role in including if self.set_inherited(role)]
        # Their times stay: nobody changed what is said there.
        Role.objects.bulk_update(stale, ["inherited_permissions", "inherited_system_roles"])

    def store(self, role: Role) -> None:
        """Make the rows say what the graph says a role includes. Up to three statements."""
        wanted = self.includes.get(role.id, set())
        rows = RoleInclusion.objects.filter(role=role)
        held = set(rows.values_list("included_id", flat=True))
        if gone := held - wanted:
            rows.filter(included_id__in=gone).delete()
        if new := wanted - held:
            RoleInclusion.objects.bulk_create(
                RoleInclusion(role=role, included_id=one) for one in sorted(new)
            )

    def _depth(self) -> int:
        """How many inclusions follow each other at most. Only without cycles."""
        depths: dict[uuid.UUID, int] = {}

        def depth(role_id: uuid.UUID) -> int:
            if role_id not in depths:
                below = (depth(one) + 1 for one in self.includes.get(role_id, ()))
                depths[role_id] = max(below, default=0)
            return depths[role_id]

        return max(map(depth, self.includes), default=0)


def graph_locked() -> RoleGraph:
    """All roles, under the lock of all writes on them. Three statements.

    What actors hold is read anew from here on.
    """
    roles_lock()
    epochs.change(epochs.of_tenant(require_tenant().id))
    graph = RoleGraph({role.id: role for role in Role.objects.all()})
    for role_id, included_id in RoleInclusion.objects.values_list("role_id", "included_id"):
        graph.includes.setdefault(role_id, set()).add(included_id)
    return graph


def _refused(detail: str | Promise, code: str) -> InvalidInput:
    return InvalidInput.field("includes", detail, code)
