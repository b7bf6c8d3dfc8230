"""What the workspace's pages count, kept until something happens that changes it."""

from collections.abc import Callable

from apps.common.access import paths_allowed
from apps.common.actors import Actor
from apps.common.caching import Namespace
from apps.organizations import permissions as p

# Figures change with time too: invitations expire, a week goes by.
FIGURES = Namespace("portal.figures", ttl_s=300)
SEEN_BY = (p.VIEW_MEMBER, p.INVITE_MEMBER, p.VIEW_ORGANIZATION)


def figures_kept(actor: Actor, count: Callable[[], dict[str, int | None]]) -> dict[str, int | None]:
    """What `count` returns, shared by all who see the same parts of the tree."""
    seen = []
    for code in SEEN_BY:
        paths = paths_allowed(actor, code)
        seen.append("all" if paths is None else ",".join(sorted(set(paths))))
    return FIGURES.get("|".join(seen), count)
