"""Usage that was metered elsewhere, in batches: each event once, however often it is sent."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db import connection, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.access import allows, authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound, PermissionDenied, PlatformError
from apps.common.ids import uuid7
from apps.credits.access import place_for
from apps.credits.enums import TransactionKind
from apps.credits.errors import AccountFrozen, InsufficientCredits, SpendingCapReached
from apps.credits.models import UsageEvent
from apps.credits.permissions import SPEND_CREDITS
from apps.credits.posting import lock_spendable
from apps.credits.spending import Answer, Item, Outcome, Place, spend
from apps.credits.usage_events import UsageEventIn, read
from apps.organizations.models import Member, Organization

MAX_EVENTS = 1000
# In the order of the ids: two calls with the same events wait for each other, never both.
CLAIM = """
INSERT INTO credits_usageevent
    (id, event_id, fingerprint, transaction_id, amount_microcredits, occurred_at, created_at)
SELECT given.*, %s
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::bigint[], %s::timestamptz[])
    AS given (id, event_id, fingerprint, transaction_id, amount, occurred_at)
ORDER BY given.id
ON CONFLICT (id) DO NOTHING
RETURNING id
"""


class EventStatus(StrEnum):
    """DUPLICATE: taken before, nothing to do. CONFLICT: its id was taken with other content.

    INVALID: it would be refused again. INSUFFICIENT: it cannot be spent now; send it again later.
    """

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    INVALID = "invalid"
    INSUFFICIENT = "insufficient"


@dataclass(slots=True)
class EventResult:
    """event_id: as sent, or None where that was no text. code, detail, attr: why it was not taken."""

    event_id: str | None
    status: EventStatus
    amount_microcredits: int | None = None
    code: str = ""
    detail: str | Promise = ""
    attr: str | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """In the order of what was sent. amount_microcredits: of all that was accepted now."""

    results: list[EventResult]
    amount_microcredits: int
    counts: Counter[EventStatus]


@dataclass(slots=True)
class _Group:
    """What becomes one debit: of a place, a member, and a month where that is over."""

    place: Place
    member_id: uuid.UUID | None
    late: str
    id: uuid.UUID = field(default_factory=uuid7)
    events: list[UsageEventIn] = field(default_factory=list)

    @property
    def amount(self) -> int:
        return sum(one.amount for one in self.events)

    def item(self, actor: Actor) -> Item:
        """Its key is made of its events: whatever comes again is not another debit."""
        told = b"".join(
            part
            for one in sorted(self.events, key=lambda one: one.key.int)
            for part in (one.key.bytes, one.fingerprint.bytes)
        )
        digest = uuid.UUID(bytes=hashlib.blake2b(told, digest_size=16).digest())
        details: dict[str, object] = {"events": len(self.events)}
        if quantity := sum(one.quantity or 0 for one in self.events):
            details["quantity"] = quantity
        if rates := sorted({one.rate for one in self.events if one.rate is not None}):
            details["rates"] = rates
        if self.late:
            details["late"] = self.late
        key = f"usage:{digest.hex}"
        return Item(key, digest, self.amount, actor, self.member_id, details, id=self.id)


@transaction.atomic
def usage_ingest(*, actor: Actor, events: Sequence[object]) -> Ingested:
    """Spend what was used, once for each event's id. All that is accepted commits together.

    events: at most MAX_EVENTS objects {id, operation, quantity | amount_microcredits, occurred_at,
    organization_id?, member_id?}. Each is priced by the rate of its time, counts as usage of today, and is
    refused alone. Those of one organization, operation and member are one debit; those of a month that is
    over one of their own, which names the month. What is refused is not remembered.
    Locks the events' ids, the accounts and the caps. About four statements, and one for each organization
    with each operation. Raises PermissionDenied, InvalidInput for more events, or none.
    """
    if paths_allowed(actor, SPEND_CREDITS) == []:
        authorize(actor, SPEND_CREDITS)
    if not 1 <= len(events) <= MAX_EVENTS:
        raise InvalidInput.field(
            "events", _("Send 1 to %(max)s events at a time.") % {"max": MAX_EVENTS}
        )
    now = timezone.now()
    batch = _Batch(actor, events, now)
    groups = batch.grouped()
    batch.claim(groups)
    _spend_all(batch, [one for one in groups if one.events])
    return batch.answer()


class _Batch:
    """What was sent, and what has become of each."""

    def __init__(self, actor: Actor, events: Sequence[object], now: datetime) -> None:
        self.actor, self.now = actor, now
        self.sent = events
        # By place in what was sent; of those with an id that came before in it: where.
        self.results: list[EventResult | None] = [None] * len(events)
        self.first: dict[uuid.UUID, int] = {}
        self.repeated: list[tuple[int, int, UsageEventIn]] = []
        self.read: dict[int, UsageEventIn] = {}
        self.of_key: dict[uuid.UUID, UsageEventIn] = {}
        for number, one in enumerate(events):
            try:
                event = read(one, now)
            except InvalidInput as error:
                self._refuse(number, EventStatus.INVALID, error)
                continue
            if (before := self.first.setdefault(event.key, number)) != number:
                self.repeated.append((number, before, event))
                continue
            self.read[number] = event
            self.of_key[event.key] = event

    def grouped(self) -> list[_Group]:
        """By what becomes one debit. Two statements at most, one more without an organization."""
        places = _Places(self.actor, self.read.values())
        members = _Spenders(self.actor, self.read.values())
        groups: dict[tuple[object, ...], _Group] = {}
        month = f"{self.now:%Y-%m}"
        for number, event in self.read.items():
            try:
                organization_id = places.of(event.organization_id)
                member_id = members.of(event.member_id)
            except PlatformError as error:
                self._refuse(number, EventStatus.INVALID, error)
                continue
            of = f"{event.occurred_at:%Y-%m}"
            late = of if of < month else ""
            key = (organization_id, event.operation, member_id, late)
            group = groups.get(key)
            if group is None:
                place = Place(TransactionKind.DEBIT, organization_id, event.operation)
                group = groups[key] = _Group(place, member_id, late)
            group.events.append(event)
        return list(groups.values())

    def claim(self, groups: Sequence[_Group]) -> None:
        """Remember the events, and leave those in the groups that are new. Two statements at most."""
        rows = [
            (e.key, e.event_id, e.fingerprint, group.id, e.amount, e.occurred_at)
            for group in groups
            for e in group.events
        ]
        if not rows:
            return
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [self.now, *map(list, zip(*rows, strict=True))])
            new = {id_ for (id_,) in cursor.fetchall()}
        if len(new) == len(rows):
            return
        before = [row[0] for row in rows if row[0] not in new]
        known = dict(
            UsageEvent.objects.filter(id__in=before).values_list("id", "fingerprint").iterator()
        )
        for group in groups:
            for event in group.events:
                if event.key not in new:
                    is_same = known.get(event.key) == event.fingerprint
                    self.set(event, EventStatus.DUPLICATE if is_same else EventStatus.CONFLICT)
            group.events = [event for event in group.events if event.key in new]

    def set(
        self, event: UsageEventIn, status: EventStatus, error: PlatformError | None = None
    ) -> None:
        number = self.first[event.key]
        if error is not None:
            self._refuse(number, status, error)
            return
        amount = event.amount if status is EventStatus.ACCEPTED else None
        self.results[number] = EventResult(event.event_id, status, amount)

    def answer(self) -> Ingested:
        for number, before, event in self.repeated:
            first = self.results[before]
            assert first is not None  # noqa: S101 - each that was read has one by now
            status = first.status
            if status in (EventStatus.ACCEPTED, EventStatus.DUPLICATE):
                is_same = self.of_key[event.key].fingerprint == event.fingerprint
                status = EventStatus.DUPLICATE if is_same else EventStatus.CONFLICT
            self.results[number] = EventResult(
                event.event_id, status, None, first.code, first.detail, first.attr
            )
        results = [one for one in self.results if one is not None]
        amount = sum(one.amount_microcredits or 0 for one in results)
        return Ingested(results, amount, Counter(one.status for one in results))

    def _refuse(self, number: int, status: EventStatus, error: PlatformError) -> None:
        sent = self.sent[number]
        event_id = sent.get("id") if isinstance(sent, dict) else None
        attr = error.errors[0].attr if error.errors else None
        self.results[number] = EventResult(
            event_id if isinstance(event_id, str) else None,
            status,
            code=error.errors[0].code if error.errors else error.code,
            detail=error.detail,
            attr=attr,
        )


class _Places:
    """Where the actor may spend, of the organizations that are named. One statement at most, or two."""

    def __init__(self, actor: Actor, events: Iterable[UsageEventIn]) -> None:
        events = list(events)
        named = {one.organization_id for one in events if one.organization_id is not None}
        self._error: PlatformError | None = None
        self._default: uuid.UUID | None = None
        if any(one.organization_id is None for one in events):
            try:
                self._default = place_for(actor, None)
            except (NotFound, PermissionDenied) as error:
                self._error = error
        # None: everywhere; ledger_spend says what does not exist.
        self._allowed: set[uuid.UUID] | None = None
        if not allows(actor, SPEND_CREDITS):
            nodes = Organization.objects.filter(id__in=named).only("path")
            self._allowed = {node.id for node in nodes if allows(actor, SPEND_CREDITS, node)}

    def of(self, organization_id: uuid.UUID | None) -> uuid.UUID | None:
        """Raises NotFound, PermissionDenied."""
        if organization_id is None:
            if self._error is not None:
                raise self._error
            return self._default
        if self._allowed is not None and organization_id not in self._allowed:
            raise NotFound
        return organization_id


class _Spenders:
    """Whose spending it is, as access.spender_for says. One statement at most."""

    def __init__(self, actor: Actor, events: Iterable[UsageEventIn]) -> None:
        self._own = actor.member_id
        named = {one.member_id for one in events if one.member_id is not None} - {self._own}
        found = Member.objects.filter(id__in=named).values_list("id", flat=True)
        self._others = set(found) if named and self._own is None else set()

    def of(self, member_id: uuid.UUID | None) -> uuid.UUID | None:
        """Raises InvalidInput."""
        if member_id is None or member_id == self._own:
            return self._own
        if member_id not in self._others:
            raise InvalidInput.field("member_id", _("There is no such member to spend for."))
        return member_id


def _spend_all(batch: _Batch, groups: Sequence[_Group]) -> None:
    """A statement for each place; and what is refused is forgotten."""
    by_place: dict[Place, list[_Group]] = {}
    for group in groups:
        by_place.setdefault(group.place, []).append(group)
    if len(by_place) > 1:
        # Each statement locks what it needs; two calls must not do so crosswise.
        lock_spendable(
            {one.organization_id for one in by_place if one.organization_id is not None},
            {one.member_id for one in groups if one.member_id is not None},
        )
    refused: list[uuid.UUID] = []
    for place, its in by_place.items():
        answers = spend(place, [one.item(batch.actor) for one in its], batch.now)
        for group, answer in zip(its, answers, strict=True):
            refused += _settle(batch, group, answer)
    if refused:
        UsageEvent.objects.filter(id__in=refused).delete()


def _settle(batch: _Batch, group: _Group, answer: Answer) -> list[uuid.UUID]:
    """Say what has become of a group's events; the ids of those that are refused."""
    taken, left = group.events, list[UsageEventIn]()
    if answer.outcome in (Outcome.UNDECIDED, Outcome.INSUFFICIENT):
        # What others of the list left, and then as many of the events as that is enough for.
        answer = spend(group.place, [group.item(batch.actor)], batch.now)[0]
        if answer.outcome is Outcome.INSUFFICIENT:
            taken, left = _fitting(group.events, answer.balance_after)
            if taken:
                group.events = taken
                answer = spend(group.place, [group.item(batch.actor)], batch.now)[0]
    if answer.outcome is not Outcome.POSTED:
        taken, left = [], [*taken, *left]
    for event in taken:
        batch.set(event, EventStatus.ACCEPTED)
    if left:
        status, error = _refusal(answer.outcome)
        for event in left:
            batch.set(event, status, error)
    return [event.key for event in left]


def _fitting(
    events: Sequence[UsageEventIn], balance: int
) -> tuple[list[UsageEventIn], list[UsageEventIn]]:
    """In their order, each that there is still enough for; and the others."""
    taken, left = [], []
    for event in events:
        if event.amount <= balance:
            balance -= event.amount
            taken.append(event)
        else:
            left.append(event)
    return taken, left


def _refusal(outcome: Outcome) -> tuple[EventStatus, PlatformError | None]:
    match outcome:
        case Outcome.NOWHERE:
            return EventStatus.INVALID, NotFound(
                _("There is no such organization, or it is archived.")
            )
        case Outcome.FROZEN:
            return EventStatus.INSUFFICIENT, AccountFrozen()
        case Outcome.CAPPED:
            return EventStatus.INSUFFICIENT, SpendingCapReached()
        case Outcome.KNOWN:
            return EventStatus.DUPLICATE, None
    return EventStatus.INSUFFICIENT, InsufficientCredits()
