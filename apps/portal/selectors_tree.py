"""The tree of organizations as its page shows it: what is opened, and not all of a large one."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    Window,
)
from django.db.models.functions import Concat, Length, RowNumber, Substr

from apps.common.access import allows, paths_allowed
from apps.common.actors import Actor
from apps.organizations import permissions as p
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member, Organization, Placement
from apps.organizations.selectors import organizations_for, top_paths
from apps.organizations.selectors_tree import ancestor_paths, organizations_matching

# Children that one organization shows at once.
SHOWN = 100
# With no more tops than this each is opened.
OPENED = 10
STEP = Organization.steplen


@dataclass(slots=True)
class Node:
    """An organization in the tree. level: from 1.

    can_move: the actor may move things from here and to here; it itself, where it is not the root.
    """

    organization: Any
    level: int
    is_open: bool = False
    can_move: bool = False
    children: list["Node"] = field(default_factory=list)
    has_more: bool = False

    @property
    def last_child_id(self) -> uuid.UUID | None:
        return self.children[-1].organization.id if self.children else None


def tree_nodes(
    actor: Actor, *, at: Organization | None = None, archived: str = "exclude"
) -> list[Node]:
    """The tops of what the actor may see, opened down to `at` and it, too. One statement."""
    tops = _tops(actor)
    opened = set(tops if len(tops) <= OPENED else ())
    if at is not None:
        opened |= {path for path in ancestor_paths(at.path) if _level(tops, path)}
    shown = reduce(or_, (_children_of(path) for path in sorted(opened)), Q(path__in=tops))
    rows = _counted(organizations_for(actor).filter(shown), archived)
    return _nested(actor, _capped(rows), tops, opened)


def child_nodes(
    actor: Actor, parent: Organization, *, after: uuid.UUID | None, archived: str
) -> Node:
    """What is directly below an organization that the actor may see, beyond `after`. One statement."""
    rows = organizations_for(actor).filter(_children_of(parent.path))
    if after is not None:
        last = Organization.objects.filter(id=after).values("path")[:1]
        rows = rows.filter(path__gt=Subquery(last))
    level = _level(_tops(actor), parent.path)
    node = Node(parent, level, is_open=True)
    found = list(_counted(rows, archived)[: SHOWN + 1])
    node.children = [Node(one, level + 1, can_move=_can_move(actor, one)) for one in found[:SHOWN]]
    node.has_more = len(found) > SHOWN
    return node


def found_nodes(actor: Actor, q: str, *, archived: str) -> list[tuple[Any, str]]:
    """Organizations by part of their names, each with the names above it. Two statements."""
    rows = organizations_matching(organizations_for(actor), q=q, archived=archived)
    found = list(_counted(rows, archived)[:SHOWN])
    above = {path for one in found for path in ancestor_paths(one.path)}
    names = dict(organizations_for(actor).filter(path__in=above).values_list("path", "name"))
    return [
        (one, " / ".join(names[p] for p in ancestor_paths(one.path)[:-1] if p in names))
        for one in found
    ]


MEMBERS_SHOWN = 8


def members_at(actor: Actor, organization: Organization) -> list[tuple[Member, bool]]:
    """The first of those who belong to it, by name, each with whether it is the primary one; one more than
    are shown says that there are more. Empty for who may not see them. One statement."""
    if not allows(actor, p.VIEW_MEMBER, organization):
        return []
    here = Q(organization=organization) | Q(placements__organization=organization)
    found = Member.objects.filter(here).exclude(status=MemberStatus.REMOVED).distinct()
    return [
        (member, member.organization_id == organization.id)
        for member in found.order_by("name", "id")[: MEMBERS_SHOWN + 1]
    ]


def _tops(actor: Actor) -> list[str]:
    """Paths of those whose parents the actor may not see."""
    paths = paths_allowed(actor, p.VIEW_ORGANIZATION)
    return [Organization._get_path("", 1, 1)] if paths is None else top_paths(paths)


def _level(tops: Iterable[str], path: str) -> int:
    """From 1 for a top; 0 for what lies below none."""
    top = next((one for one in tops if path.startswith(one)), None)
    return 0 if top is None else (len(path) - len(top)) // STEP + 1


def _children_of(path: str) -> Q:
    return Q(path__startswith=path, depth=len(path) // STEP + 1)


def _counted(rows: QuerySet[Any], archived: str) -> QuerySet[Any]:
    """With how many belong to each, and whether something is shown below it."""
    if archived == "exclude":
        rows = rows.filter(archived_at=None)
    below = Organization.objects.filter(
        # The interval that treebeard looks for children in, which an index finds.
        path__range=(
            Concat(OuterRef("path"), Value("0" * STEP)),
            Concat(OuterRef("path"), Value("Z" * STEP)),
        ),
        depth=OuterRef("depth") + 1,
    )
    if archived == "exclude":
        below = below.filter(archived_at=None)
    primary = Member.objects.filter(organization=OuterRef("pk")).exclude(
        status=MemberStatus.REMOVED
    )
    further = Placement.objects.filter(organization=OuterRef("pk"))
    return rows.annotate(has_children=Exists(below), member_count=_count(primary) + _count(further))


def _count(rows: QuerySet[Any]) -> Subquery:
    counted = rows.order_by().annotate(n=Func(F("pk"), function="COUNT")).values("n")
    return Subquery(counted, output_field=IntegerField())


def _capped(rows: QuerySet[Any]) -> QuerySet[Any]:
    """No more children of one organization than are shown, and one that says that there are more."""
    above = Substr("path", 1, Length("path") - STEP)
    rank = Window(RowNumber(), partition_by=[above], order_by="path")
    return rows.annotate(rank=rank).filter(rank__lte=SHOWN + 1).order_by("path")


def _can_move(actor: Actor, organization: Organization) -> bool:
    return not organization.is_archived and allows(actor, p.MOVE_ORGANIZATION, organization)


def _nested(actor: Actor, rows: Iterable[Any], tops: list[str], opened: set[str]) -> list[Node]:
    found: list[Node] = []
    nodes: dict[str, Node] = {}
    for one in rows:
        parent = nodes.get(one.path[:-STEP])
        node = Node(one, _level(tops, one.path), one.path in opened, _can_move(actor, one))
        if parent is None:
            found.append(node)
        elif len(parent.children) == SHOWN:
            parent.has_more = True
            continue
        else:
            parent.children.append(node)
        nodes[one.path] = node
    return found
