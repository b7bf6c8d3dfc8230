"""A tree from a file: what is missing is made, all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.common.access import allows, authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.errors import FieldError, InvalidInput
from apps.common.tenancy import require_tenant
from apps.events.services import publish_many
from apps.organizations import permissions as p
from apps.organizations.events import OrganizationChanged
from apps.organizations.limits import depth_problem, too_many, tree_limits
from apps.organizations.models import Organization
from apps.organizations.organization_csv import MAX_ROWS, NO, YES, OrganizationRow, path_join
from apps.organizations.selectors import organizations_for, root_organization
from apps.organizations.services.organizations import name_normalize
from apps.organizations.tree_lock import tree_locked

SHOWN_ERRORS = 100
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrganizationOutcome:
    """What is to become, or became, of a line. action: create, keep, or wrong.

    code, detail: why it is wrong; empty where it is not.
    """

    line: int
    path: str
    action: str
    archived: bool = False
    code: str = ""
    detail: str | Promise = ""


class _LineError(Exception):
    def __init__(self, code: str, detail: str | Promise) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


@transaction.atomic
def organizations_import(
    *, actor: Actor, rows: Sequence[OrganizationRow], dry_run: bool = False
) -> list[OrganizationOutcome]:
    """Make the organizations of a file that are missing. dry_run: only say what would become of each line.

    Those that are there stay as they are, so that a file can be sent again. Nothing is made when a line is
    wrong. Locks the tree. Publishes organization_changed for each that is made. Some ten statements, and one
    for each organization that is there already and gets children. Raises PermissionDenied (one may create
    nowhere), InvalidInput (no lines, too many, or `lines_wrong` with what is wrong in each).
    """
    if paths_allowed(actor, p.CREATE_ORGANIZATION) == []:
        authorize(actor, p.CREATE_ORGANIZATION)
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidInput.field("file", _("Send 1 to %d lines.") % MAX_ROWS, "row_count")
    if not dry_run:
        actor = tree_locked(actor)
    plan = _Plan(actor, rows)
    outcomes = plan.outcomes()
    if dry_run:
        return outcomes
    wrong = [one for one in outcomes if one.code]
    if wrong:
        raise InvalidInput(
            _("Nothing was imported: %d lines are wrong.") % len(wrong),
            code="lines_wrong",
            errors=[
                FieldError(one.code, one.detail, f"line {one.line}") for one in wrong[:SHOWN_ERRORS]
            ],
        )
    plan.create()
    return outcomes


class _Plan:
    """What lines are checked against, read once: the part of the tree that the actor may see."""

    def __init__(self, actor: Actor, rows: Sequence[OrganizationRow]) -> None:
        self.actor, self.rows = actor, rows
        self.root = root_organization()
        self.limits = tree_limits()
        self.count = Organization.objects.count()
        self.there: dict[Key, Organization] = {(): self.root}
        self.ambiguous: set[Key] = set()
        # Those to be made, parents first; unsaved, each with its parent's key.
        self.made: dict[Key, tuple[Organization, Key]] = {}
        self.wrong: set[Key] = set()
        keys: dict[str, Key] = {}
        for one in organizations_for(actor):
            above = keys.get(one.path[: -Organization.steplen], ())
            key = keys[one.path] = (*above, one.name.casefold()) if one.depth > 1 else ()
            # Two whose parents the actor may not see look the same.
            if key in self.there and key:
                self.ambiguous.add(key)
            self.there[key] = one

    def outcomes(self) -> list[OrganizationOutcome]:
        """In the order of the lines; parents are looked at before what is below them."""
        found: dict[int, OrganizationOutcome] = {}
        first: dict[Key, int] = {}
        for row in sorted(self.rows, key=lambda row: (len(row.names), row.line)):
            key = tuple(name.casefold() for name in row.names)
            path = path_join(row.names)
            outcome = OrganizationOutcome(row.line, path[:1000], "create", row.archived in YES)
            try:
                if first.setdefault(key, row.line) != row.line:
                    raise _LineError(  # noqa: TRY301 - one place says what becomes of a line
                        "duplicate", _("The same path is in line %d already.") % first[key]
                    )
                if self._is_there(row, key):
                    outcome = replace(outcome, action="keep")
            except _LineError as error:
                if key not in self.there and key not in self.made:
                    self.wrong.add(key)
                outcome = replace(outcome, action="wrong", code=error.code, detail=error.detail)
            found[row.line] = outcome
        return [found[row.line] for row in self.rows]

    def _is_there(self, row: OrganizationRow, key: Key) -> bool:
        """Whether it exists; else it is noted to be made. Raises _LineError."""
        if not row.names or not all(row.names):
            raise _LineError("path_invalid", _("Write the names with slashes between them."))
        if row.archived not in (*YES, *NO):
            raise _LineError("archived_invalid", _("Write yes or no for “archived”."))
        for size in range(1, len(key) + 1):
            if key[:size] in self.ambiguous:
                raise _LineError(
                    "ambiguous",
                    _("You see several organizations “%s”.") % path_join(row.names[:size])[:100],
                )
        if key in self.there:
            return True
        try:
            name = name_normalize(row.names[-1])
        except InvalidInput as error:
            raise _LineError("name_invalid", error.detail) from error
        self._note(row, key, name)
        return False

    def _note(self, row: OrganizationRow, key: Key, name: str) -> None:
        above = key[:-1]
        if above in self.wrong:
            raise _LineError("parent_wrong", _("The line of the one above it is wrong."))
        parent = self.made[above][0] if above in self.made else self.there.get(above)
        if parent is None:
            raise _LineError(
                "parent_unknown",
                _("There is no “%s”, and no line makes it.") % path_join(row.names[:-1])[:200],
            )
        if problem := depth_problem(parent.depth + 1, self.limits):
            raise _LineError("too_deep", problem)
        if self.count + len(self.made) + 1 > self.limits.organizations:
            raise _LineError("too_many", too_many(self.limits.organizations))
        self._authorize(parent, above, row.archived in YES)
        is_archived = row.archived in YES
        if parent.is_archived and (above in self.there or not is_archived):
            raise _LineError("organization_archived", _("The one above it is archived."))
        child = Organization(name=name, depth=parent.depth + 1, path=parent.path)
        if is_archived:
            child.archived_at = parent.archived_at or timezone.now()
            child.archived_with = parent.archived_with or child.id
        self.made[key] = (child, above)

    def _authorize(self, parent: Organization, above: Key, is_archived: bool) -> None:
        """At what is there: what is made below it has, until it is made, the path of that."""
        while above in self.made:
            above = self.made[above][1]
        node = self.there[above]
        for code in (p.CREATE_ORGANIZATION, *((p.ARCHIVE_ORGANIZATION,) if is_archived else ())):
            if not allows(self.actor, code, node):
                raise _LineError(
                    "permission_denied", _("You may not do this below %s.") % parent.name
                )

    def create(self) -> None:
        """As treebeard would one by one: each is the last child of its parent. Call under tree_locked()."""
        children: dict[Key, list[Organization]] = {}
        for child, above in self.made.values():
            children.setdefault(above, []).append(child)
        grown = {above: self.there[above] for above in children if above in self.there}
        last = self._last_positions(list(grown.values()))
        # Parents come before their children: those of one that is made are placed after it.
        for above, found in children.items():
            parent = self.made[above][0] if above in self.made else self.there[above]
            for position, child in enumerate(found, last.get(parent.path, 0) + 1):
                child.path = Organization._get_path(parent.path, parent.depth + 1, position)
            if above in self.made:
                parent.numchild = len(found)
        Organization.objects.bulk_create(
            [child for child, _above in self.made.values()], batch_size=1000
        )
        for above, parent in grown.items():
            Organization.objects.filter(id=parent.id).update(
                numchild=F("numchild") + len(children[above])
            )
        if self.made:
            self._publish()

    def _last_positions(self, parents: list[Organization]) -> dict[str, int]:
        """By the parents' paths, how far their children's steps have got. One statement."""
        depths = {parent.depth + 1 for parent in parents}
        paths = {parent.path for parent in parents}
        found: dict[str, int] = {}
        rows = Organization.objects.filter(depth__in=depths).order_by("path")
        for path in rows.values_list("path", flat=True):
            above, step = path[: -Organization.steplen], path[-Organization.steplen :]
            if above in paths:
                found[above] = Organization._str2int(step)
        return found

    def _publish(self) -> None:
        epochs.change(epochs.of_tenant(require_tenant().id))
        publish_many(
            [
                OrganizationChanged(organization_id=one.id, name=one.name, change="created")
                for one, _above in self.made.values()
            ],
            actor=self.actor,
        )
