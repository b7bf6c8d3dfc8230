"""How deep and how large a workspace's tree may be: asked where it grows."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common import entitlements
from apps.common.errors import Conflict
from apps.common.tenancy import require_tenant
from apps.organizations.entitlements import DEPTH, ORGANIZATIONS
from apps.organizations.models import Organization

# What a path has room for.
DEEPEST = Organization._meta.get_field("path").max_length // Organization.steplen


@dataclass(frozen=True, slots=True)
class TreeLimits:
    """depth: levels, with the root. organizations: with the root and those that are archived.

    The defaults hold where a plan says any number.
    """

    depth: int = 16
    organizations: int = 5000


def tree_limits() -> TreeLimits:
    """Of the entered tenant. A tree that is beyond its limits stays as it is, and does not grow."""
    tenant, known = require_tenant(), TreeLimits()
    depth = entitlements.limit(tenant, DEPTH)
    organizations = entitlements.limit(tenant, ORGANIZATIONS)
    return TreeLimits(
        known.depth if depth is None else min(depth, DEEPEST),
        known.organizations if organizations is None else organizations,
    )


def depth_problem(depth: int, limits: TreeLimits) -> str | Promise:
    """What to say about an organization at this depth; empty: it may be there."""
    if depth <= limits.depth:
        return ""
    return _("Organizations can be nested %(n)d deep here, the workspace itself counted.") % {
        "n": limits.depth
    }


def require_depth(depth: int) -> None:
    """Raises EntitlementExceeded, or Conflict for what no plan gives."""
    entitlements.require(require_tenant(), DEPTH, depth)
    if problem := depth_problem(depth, tree_limits()):
        raise Conflict(problem, code="too_deep")


def require_room() -> None:
    """Call under tree_locked(). One statement.

    Raises EntitlementExceeded, or Conflict for what no plan gives.
    """
    tenant = require_tenant()
    entitlements.check(tenant, ORGANIZATIONS, is_locked=True)
    if entitlements.limit(tenant, ORGANIZATIONS) is None:
        limit = TreeLimits().organizations
        if Organization.objects.count() >= limit:
            raise Conflict(too_many(limit), code="too_many")


def too_many(limit: int) -> str | Promise:
    return _(
        "This workspace can have %(n)d organizations, the archived ones counted. Delete some that are "
        "empty, or ask an owner for more."
    ) % {"n": limit}
