"""Taking what is about a person out of entries. The digests stay, and with them the chain."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from apps.common.actors import Actor, ActorKind
from apps.common.personal_data import Subject
from apps.trail.archives import archives_erase
from apps.trail.canonical import Link, canonical
from apps.trail.chains import DOOR, Chain, NewEntry, entries_append
from apps.trail.ranges import ranges
from apps.trail.verifying import ERASED

ACTOR = Actor.system("erasure")


@dataclass(frozen=True, slots=True)
class Traces:
    """Where a person shows. ids: their own, and those of their rows in the tenant."""

    subject: Subject
    ids: Collection[str]

    def who(self) -> Q:
        """Entries of what they did."""
        found = Q(actor_id=self.subject.person_id)
        return found | Q(actor_label=self.subject.email) if self.subject.email else found

    def what(self) -> Q:
        """Entries of what happened to them."""
        found = Q(targets__overlap=list(self.ids))
        return found | Q(what__icontains=self.subject.email) if self.subject.email else found

    def is_who(self, link: Link) -> bool:
        email = self.subject.email
        return link.actor_id == self.subject.person_id or bool(email and link.actor_label == email)

    def is_what(self, link: Link) -> bool:
        email = self.subject.email.casefold()
        is_named = bool(email) and email in canonical(link.what).decode().casefold()
        return is_named or not set(self.ids).isdisjoint(link.targets)


def person_erase(chain: Chain, traces: Traces) -> None:
    """Erase in the table and in the archives, and append which entries lost what. Can be repeated.

    In the caller's transaction. Waits for who archives or checks the chain.
    """
    with chain.as_system(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", chain.lock_key())
        rows = chain.model._default_manager
        who = list(rows.filter(traces.who(), who_salt__isnull=False).values_list("seq", flat=True))
        what = list(rows.filter(traces.what(), what__isnull=False).values_list("seq", flat=True))
        with door("erase"):
            rows.filter(seq__in=who).update(
                actor_label=None, address=None, agent=None, who_salt=None
            )
            rows.filter(seq__in=what).update(what=None, what_salt=None)
        if who or what:
            entry = NewEntry(
                occurred_at=timezone.now(),
                action=ERASED,
                actor_kind=ActorKind.SYSTEM,
                actor_label=ACTOR.label,
                target_type="entries",
                targets=(),
                what={"data": {"who": ranges(who), "what": ranges(what)}},
            )
            entries_append(chain, [entry])
        archives_erase(chain, traces.is_who, traces.is_what)


@contextmanager
def door(name: str) -> Iterator[None]:
    """Let the guard's trigger pass what it is asked by the tables' owner, and close it again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [DOOR, name])
        yield
        cursor.execute("SELECT set_config(%s, '', true)", [DOOR])
