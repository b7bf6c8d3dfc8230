"""Many invitations at once: each row is checked by itself, and those that are right are made together."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.access import allows, authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.entitlements import EntitlementExceeded
from apps.common.errors import InvalidInput, PermissionDenied
from apps.common.ids import parse_uuid
from apps.events.services import publish_many
from apps.organizations import permissions as p
from apps.organizations.enums import MemberStatus
from apps.organizations.events import MemberInvited
from apps.organizations.invitation_csv import MAX_ROWS, InvitationRow
from apps.organizations.models import Invitation, Member, Organization
from apps.organizations.seats import no_seat_to_invite, require_seat_to_invite, seats_to_invite
from apps.organizations.selectors import organizations_for
from apps.organizations.services.bindings import check_holds
from apps.organizations.services.invitations import email_validate
from apps.organizations.services.inviting import InvitingRules, invitations_count
from apps.organizations.tree_lock import tree_kept
from apps.roles.models import Role

EVERYDAY_ROLE = "member"
# What spreadsheets take for a formula when the list is exported one day.
FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class InvitationOutcome:
    """What is to become, or became, of a row. code: why nothing; empty where it is right."""

    line: int
    email: str
    roles: tuple[Role, ...] = ()
    organization: Organization | None = None
    code: str = ""
    detail: str | Promise = ""
    invitation_id: uuid.UUID | None = None


class _RowError(Exception):
    def __init__(self, code: str, detail: str | Promise) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


@transaction.atomic
def invitations_create(
    *, actor: Actor, rows: Sequence[InvitationRow], dry_run: bool = False
) -> list[InvitationOutcome]:
    """Invite those whose row is right, and say of each row what came of it. dry_run: only say.

    Sent again, it invites nobody twice: who is invited already is an error of their row. Where there are not
    seats for all, the first rows get them. Publishes
    organizations.member_invited for each invitation. A dozen statements, whatever the number of rows.
    Raises PermissionDenied (one may invite nowhere), InvalidInput (no rows, too many), RateLimited.
    """
    actor = tree_kept(actor)
    if paths_allowed(actor, p.INVITE_MEMBER) == []:
        authorize(actor, p.INVITE_MEMBER)
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidInput.field(
            "invitations", _("Send 1 to %d people at a time.") % MAX_ROWS, "row_count"
        )
    seats = seats_to_invite(lock=not dry_run)
    checks = _Checks(actor, rows)
    outcomes = _seated(checks.outcomes(), seats)
    if dry_run:
        return outcomes
    if count := sum(not one.code for one in outcomes):
        require_seat_to_invite(count)
        invitations_count(actor, count)
    return _created(actor, outcomes, checks.rules)


def _seated(outcomes: list[InvitationOutcome], seats: int | None) -> list[InvitationOutcome]:
    """The first rows that are right get the seats that are left; None: there are any number."""
    if seats is None:
        return outcomes
    found, left = [], seats
    for one in outcomes:
        if not one.code and left == 0:
            found.append(replace(one, code=EntitlementExceeded.code, detail=no_seat_to_invite()))
            continue
        left -= not one.code
        found.append(one)
    return found


def _created(
    actor: Actor, outcomes: list[InvitationOutcome], rules: InvitingRules
) -> list[InvitationOutcome]:
    right = [one for one in outcomes if not one.code]
    now = timezone.now()
    _open([one.email for one in right]).filter(expires_at__lte=now).update(revoked_at=now)
    made = {
        one.email: Invitation(
            email=one.email,
            organization=one.organization,
            role_ids=[role.id for role in one.roles],
            invited_by_id=actor.member_id,
            expires_at=rules.expiry(one.organization),
        )
        for one in right
        if one.organization is not None
    }
    # Somebody may have invited one of them since they were checked.
    Invitation.objects.bulk_create(made.values(), ignore_conflicts=True)
    ids = [invitation.id for invitation in made.values()]
    stored = set(Invitation.objects.filter(id__in=ids).values_list("id", flat=True))
    publish_many(
        [
            MemberInvited(invitation_id=one.id, email=one.email)
            for one in made.values()
            if one.id in stored
        ],
        actor=actor,
    )
    return [
        one if one.code else _with_invitation(one, made[one.email].id, stored) for one in outcomes
    ]


def _with_invitation(
    outcome: InvitationOutcome, invitation_id: uuid.UUID, stored: set[uuid.UUID]
) -> InvitationOutcome:
    if invitation_id in stored:
        return replace(outcome, invitation_id=invitation_id)
    return replace(outcome, code="already_invited", detail=INVITED)


INVITED = _("This person is invited already.")


def _open(emails: list[str]) -> QuerySet[Any]:
    """Invitations of these addresses that are neither accepted nor revoked."""
    return Invitation.objects.annotate(lower=Lower("email")).filter(
        lower__in=emails, accepted_at__isnull=True, revoked_at__isnull=True
    )


class _Checks:
    """What rows are checked against, read once. Six statements."""

    def __init__(self, actor: Actor, rows: Sequence[InvitationRow]) -> None:
        self.actor, self.rows, self.rules = actor, rows, InvitingRules(actor)
        emails = list({row.email.strip().lower() for row in rows})
        self.members = set(
            Member.objects.annotate(lower=Lower("email"))
            .filter(lower__in=emails, status=MemberStatus.ACTIVE)
            .values_list("lower", flat=True)
        )
        self.invited = set(
            _open(emails).filter(expires_at__gt=timezone.now()).values_list("lower", flat=True)
        )
        self.roles: dict[str, Role] = {}
        for role in Role.objects.all():
            for key in (role.name.casefold(), role.code, str(role.id)):
                self.roles[key] = role
        self._read_organizations()
        self.seen: dict[str, int] = {}
        self._held: dict[tuple[uuid.UUID, uuid.UUID], str | Promise] = {}

    def _read_organizations(self) -> None:
        """By id, by the names from the top, and by the name alone where it is the only one."""
        may_see = paths_allowed(self.actor, p.VIEW_ORGANIZATION) != []
        found = list(organizations_for(self.actor)) if may_see else []
        by_path = {one.path: one for one in found}
        count = Counter(_key(one.name) for one in found)
        self.root = next((one for one in found if one.depth == 1), None)
        self.ambiguous = {name for name, n in count.items() if n > 1}
        if self.root is not None:
            self.ambiguous.discard(_key(self.root.name))
        self.organizations: dict[str, Organization] = {}
        step = Organization.steplen
        # In tree order, so that a name that both have is the one further up.
        for one in found:
            above = [by_path.get(one.path[: n + step]) for n in range(0, len(one.path), step)]
            names = [node.name for node in above if node is not None]
            for key in (str(one.id), one.name, "/".join(names), "/".join(names[1:])):
                self.organizations.setdefault(_key(key), one)

    def outcomes(self) -> list[InvitationOutcome]:
        return [self._outcome(row) for row in self.rows]

    def _outcome(self, row: InvitationRow) -> InvitationOutcome:
        try:
            email = self._email(row)
            organization = self._organization(row.organization)
            self._invite(organization, email)
            roles = self._roles(row.roles, organization)
        except _RowError as error:
            email = row.email.strip()[:254]
            return InvitationOutcome(row.line, email, code=error.code, detail=error.detail)
        return InvitationOutcome(row.line, email, roles, organization)

    def _email(self, row: InvitationRow) -> str:
        if row.email.strip().startswith(FORMULA):
            raise _RowError("invalid", _("An address cannot begin with =, +, - or @."))
        try:
            email = email_validate(row.email)
        except InvalidInput as error:
            raise _RowError("invalid", error.detail) from error
        first = self.seen.setdefault(email, row.line)
        if first != row.line:
            raise _RowError("duplicate", _("The same address is in line %d already.") % first)
        if email in self.members:
            raise _RowError("already_member", _("This person is a member already."))
        if email in self.invited:
            raise _RowError("already_invited", INVITED)
        return email

    def _organization(self, given: str) -> Organization:
        key = _key(given)
        if key in self.ambiguous:
            raise _RowError(
                "organization_ambiguous",
                _(
                    "Several organizations have this name: put those above it in front, with slashes, "
                    "beginning with the workspace itself."
                ),
            )
        found = self.organizations.get(key) if key else self.root
        if found is None:
            raise _RowError(
                "organization_unknown", _("There is no organization “%s”.") % given[:100]
            )
        if not allows(self.actor, p.INVITE_MEMBER, found):
            raise _RowError("permission_denied", _("You may not invite people to %s.") % found.name)
        return found

    def _invite(self, organization: Organization, email: str) -> None:
        if problem := self.rules.problem(organization, email):
            raise _RowError(*problem)

    def _roles(self, given: tuple[str, ...], organization: Organization) -> tuple[Role, ...]:
        found: dict[uuid.UUID, Role] = {}
        for name in given or (EVERYDAY_ROLE,):
            parsed = parse_uuid(name)
            role = self.roles.get(str(parsed) if parsed else name.casefold())
            if role is None:
                raise _RowError("role_unknown", _("There is no role “%s”.") % name[:80])
            if problem := self._problem_of(role, organization):
                raise _RowError("permission_denied", problem)
            found[role.id] = role
        return tuple(found.values())

    def _problem_of(self, role: Role, organization: Organization) -> str | Promise:
        """Why the actor cannot give the role there; empty where they can."""
        key = (role.id, organization.id)
        if key not in self._held:
            try:
                check_holds(self.actor, role, organization)
                self._held[key] = ""
            except PermissionDenied as error:
                self._held[key] = error.detail
        return self._held[key]


def _key(text: str) -> str:
    """Names from the top as they are compared: `Acme / Lisbon` is `acme/lisbon`."""
    return "/".join(part.strip().casefold() for part in text.split("/"))
