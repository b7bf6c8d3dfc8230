"""How deep and how large a workspace's tree may be: known by an app above, asked where it grows."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import Conflict
from apps.common.tenancy import TenantRef, require_tenant
from apps.organizations.models import Organization

# What a path has room for.
DEEPEST = Organization._meta.get_field("path").max_length // Organization.steplen


@dataclass(frozen=True, slots=True)
class TreeLimits:
    """depth: levels, with the root. organizations: with the root and those that are archived."""

    depth: int = 16
    organizations: int = 5000


TreeLimitsSource = Callable[[TenantRef], TreeLimits]

_source: TreeLimitsSource | None = None


def set_tree_limits(source: TreeLimitsSource) -> None:
    """Called once by the app that knows, from its AppConfig.ready(): what a tenant's tree may grow to.

    It is called in the tenant, within the transaction that grows it; it must not ask another service.
    A tree that is beyond its limits stays as it is, and does not grow.
    """
    global _source  # noqa: PLW0603 - set once at start
    _source = source


def tree_limits() -> TreeLimits:
    """Of the entered tenant: the defaults where no app knows better."""
    return _source(require_tenant()) if _source is not None else TreeLimits()


def depth_problem(depth: int, limits: TreeLimits) -> str | Promise:
    """What to say about an organization at this depth; empty: it may be there."""
    allowed = min(limits.depth, DEEPEST)
    if depth <= allowed:
        return ""
    return _("Organizations can be nested %(n)d deep here, the workspace itself counted.") % {
        "n": allowed
    }


def require_depth(depth: int) -> None:
    """Raises Conflict."""
    if problem := depth_problem(depth, tree_limits()):
        raise Conflict(problem, code="too_deep")


def require_room(more: int = 1) -> None:
    """Call under tree_locked(). One statement. Raises Conflict."""
    limit = tree_limits().organizations
    if Organization.objects.count() + more > limit:
        raise Conflict(too_many(limit), code="too_many")


def too_many(limit: int) -> str | Promise:
    return _(
        "This workspace can have %(n)d organizations, the archived ones counted. Delete some that are "
        "empty, or ask an owner for more."
    ) % {"n": limit}
