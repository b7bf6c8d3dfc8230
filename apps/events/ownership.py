"""Which consumer has which partitions of a group: one at a time, shared out evenly, let go by dying.

A session's advisory locks in PostgreSQL, so that a process that is killed holds nothing any more at once,
and nobody has to guess by a timeout whether it lives.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg
from django.db import connection

from apps.events.streams import all_partitions

# Beside the numbers of partitions: who is there holds this one, shared (also in IS_MEMBER).
MEMBER = 1000

STATE = """
SELECT objid::int, mode = 'ShareLock' FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %s::oid
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

# Of a row of pg_locks: of a process that is there, for any group.
IS_MEMBER = """locktype = 'advisory' AND granted AND objsubid = 2 AND objid = 1000
    AND mode = 'ShareLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
MEMBERS = f"SELECT classid::bigint, count(*) FROM pg_locks WHERE {IS_MEMBER} GROUP BY classid"  # noqa: S608


def members_of(groups: Iterable[str]) -> dict[str, int]:
    """How many processes work for each group. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS)
        found = dict(cursor.fetchall())
    return {group: found.get(_class_of(group), 0) for group in groups}


def _class_of(group: str) -> int:
    return zlib.crc32(group.encode())


@dataclass
class Ownership:
    """Of one group, on one direct connection. Raises psycopg.Error: then nothing is held any more."""

    group: str
    direct: psycopg.Connection
    held: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._class = _class_of(self.group)
        self._execute("SELECT pg_advisory_lock_shared(%s, %s)", MEMBER)

    def balance(self, in_use: frozenset[int]) -> frozenset[int]:
        """Take or give up partitions; returns those to work on from now on. One statement, if nothing moves.

        in_use: those that work is still done on. What is to be given up is so when it is not in use any more.
        """
        members, taken = 0, set[int]()
        for number, is_shared in self.direct.execute(STATE, [self._class]).fetchall():
            if is_shared:
                members += number == MEMBER
            else:
                taken.add(number)
        share = -(-len(all_partitions()) // max(members, 1))
        keep = frozenset(sorted(self.held)[:share])
        for number in self.held - keep - in_use:
            self._execute("SELECT pg_advisory_unlock(%s, %s)", number)
            self.held.discard(number)
        for number in all_partitions():
            if len(self.held) >= share:
                break
            if number not in taken and self._execute("SELECT pg_try_advisory_lock(%s, %s)", number):
                self.held.add(number)
                keep |= {number}
        return keep

    def _execute(self, statement: str, number: int) -> bool:
        # Two signed integers of 32 bits; pg_locks shows them unsigned.
        signed = self._class - (1 << 32) if self._class >= 1 << 31 else self._class
        row = self.direct.execute(statement, [signed, number]).fetchone()
        return row is not None and row[0] is True
