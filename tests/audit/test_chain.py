"""The chain: numbers, hashes, and that whatever is done to it past its triggers is found."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.audit.models import Entry
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.trail.chains import Chain, entries_append
from apps.trail.checkpoints import checkpoint_make
from apps.trail.models import GENESIS, Checkpoint
from apps.trail.verifying import Break, chain_verify
from tests.audit.conftest import new_entry, superuser


def test_entries_are_numbered_and_linked(chain: Chain, fill: Callable[[int], None]) -> None:
    fill(3)
    with tenant_context(chain.tenant):
        entries_append(chain, [new_entry(7)])
        rows = list(Entry.objects.order_by("seq"))
    assert [row.seq for row in rows] == [1, 2, 3, 4]
    previous = GENESIS
    for row in rows:
        assert bytes(row.prev_hash) == previous
        text = row.seq.to_bytes(8, "big") + previous + bytes(row.content_hash)
        previous = hashlib.sha256(text).digest()
        assert bytes(row.hash) == previous
    report = chain_verify(chain)
    assert (report.is_whole, report.entries, report.last_seq) == (True, 4, 4)
    assert report.last_hash == previous.hex()


def test_an_event_is_recorded_once(chain: Chain) -> None:
    entry = new_entry(1)
    with tenant_context(chain.tenant):
        entries_append(chain, [entry, new_entry(2)])
        entries_append(chain, [entry, new_entry(3)])
        numbers = Entry.objects.order_by("seq").values_list("seq", "what__data__number")
        assert list(numbers) == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET action = 'x.y_done' WHERE seq = 2",
        "UPDATE audit_entry SET what = NULL, what_salt = NULL WHERE seq = 2",
        "DELETE FROM audit_entry WHERE seq = 2",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (seq) DO UPDATE SET action = 'x'",
    ],
)
@pytest.mark.parametrize("role", ["tenant", "system"])
@pytest.mark.parametrize("door", ["", "archive", "erase"])
def test_the_database_refuses_changes(
    chain: Chain, fill: Callable[[int], None], statement: str, role: str, door: str
) -> None:
    fill(3)
    speaking: Any = chain.as_system() if role == "system" else tenant_context(chain.tenant)
    allowed = {("archive", "DELETE"), ("erase", "UPDATE audit_entry SET what")}
    opened = role == "system" and any(
        door == one and statement.startswith(start) for one, start in allowed
    )
    with speaking, connection.cursor() as cursor:
        before = _rows(cursor)
        cursor.execute("SELECT set_config('app.trail_door', %s, true)", [door])
        if opened:
            cursor.execute(statement)
            assert _rows(cursor) != before
        elif statement.startswith("INSERT"):
            # Its events are known: nothing is inserted, so nothing conflicts.
            cursor.execute(statement)
            assert _rows(cursor) == before
        else:
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(statement)
            assert _rows(cursor) == before
    assert chain_verify(chain).is_whole is not opened


def _rows(cursor: Any) -> list[Any]:
    cursor.execute("SELECT * FROM audit_entry ORDER BY seq")
    found: list[Any] = cursor.fetchall()
    return found


def test_the_app_cannot_forge_a_place_in_the_chain(
    chain: Chain, fill: Callable[[int], None]
) -> None:
    fill(2)
    with tenant_context(chain.tenant):
        first = Entry.objects.order_by("seq").first()
        assert first is not None
        forged = Entry.objects.create(
            **{
                field.attname: getattr(first, field.attname)
                for field in Entry._meta.concrete_fields
                if field.attname not in ("seq", "event_id")
            },
            seq=1_000,
        )
        assert Entry.objects.get(event_id=forged.event_id).seq == 3
    # It is in its place, but what it says is not what its hash is over.
    assert chain_verify(chain).problem == Break(3, "content", "what it says was changed")


CHANGES = {
    "action": "action = 'organizations.member_movee'",
    "time": "occurred_at = occurred_at + interval '1 microsecond'",
    "actor": "actor_label = 'alicf@acme.test'",
    "actor id": "actor_id = gen_random_uuid()",
    "address": "address = '203.0.113.8'",
    "agent": "agent = NULL",
    "details": "what = jsonb_set(what, '{data,number}', '9')",
    "targets": "targets = ARRAY['member-9']",
    "salt": "what_salt = set_byte(what_salt, 0, (get_byte(what_salt, 0) + 1) %% 256)",
    "digest": "who_digest = set_byte(who_digest, 31, (get_byte(who_digest, 31) + 1) %% 256)",
    "content hash": "content_hash = set_byte(content_hash, 3, (get_byte(content_hash, 3) + 1) %% 256)",
    "hash": "hash = set_byte(hash, 9, (get_byte(hash, 9) + 1) %% 256)",
    "link": "prev_hash = set_byte(prev_hash, 0, (get_byte(prev_hash, 0) + 1) %% 256)",
    "request": "request_id = 'x'",
    "details gone": "what = NULL, what_salt = NULL",
    "actor gone": "actor_label = NULL, address = NULL, agent = NULL, who_salt = NULL",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_by_a_superuser_is_found_with_its_place(
    chain: Chain, fill: Callable[[int], None], change: str
) -> None:
    fill(5)
    with superuser(chain) as cursor:
        cursor.execute(f"UPDATE audit_entry SET {change.replace('%%', '%')} WHERE seq = 3")
        assert cursor.rowcount == 1
    problem = chain_verify(chain).problem
    assert problem is not None
    assert problem.seq == 3


def test_a_row_that_is_taken_out_is_found(chain: Chain, fill: Callable[[int], None]) -> None:
    fill(5)
    with superuser(chain) as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE seq = 3")
    assert chain_verify(chain).problem == Break(3, "missing", "entry 3 is missing: 4 follows")
    with superuser(chain) as cursor:
        cursor.execute("UPDATE audit_entry SET seq = seq - 1 WHERE seq = 4")
    assert chain_verify(chain).problem == Break(3, "link", "it does not follow the entry before it")


def test_rows_that_change_places_are_found(chain: Chain, fill: Callable[[int], None]) -> None:
    fill(5)
    with superuser(chain) as cursor:
        cursor.execute("UPDATE audit_entry SET seq = 100 WHERE seq = 2")
        cursor.execute("UPDATE audit_entry SET seq = 2 WHERE seq = 3")
        cursor.execute("UPDATE audit_entry SET seq = 3 WHERE seq = 100")
    problem = chain_verify(chain).problem
    assert problem is not None
    assert (problem.seq, problem.kind) == (2, "link")


def test_a_tail_that_is_cut_off_behind_a_checkpoint_is_found(
    chain: Chain, fill: Callable[[int], None]
) -> None:
    fill(5)
    assert checkpoint_make(chain) is not None
    assert checkpoint_make(chain) is None
    assert chain_verify(chain).checkpoints == 1
    with superuser(chain) as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE seq > 3")
    assert chain_verify(chain).problem == Break(
        4, "cut", "entries up to 5 were signed, and are gone"
    )
    with superuser(chain) as cursor:
        cursor.execute("DELETE FROM audit_entry")
    assert chain_verify(chain).problem == Break(
        1, "cut", "entries up to 5 were signed, and are gone"
    )


def test_a_chain_that_was_written_anew_is_found(chain: Chain, fill: Callable[[int], None]) -> None:
    fill(3)
    checkpoint_make(chain)
    with superuser(chain) as cursor:
        cursor.execute("DELETE FROM audit_entry")
    fill(4)
    # Whole in itself, but not what was signed.
    assert chain_verify(chain).problem == Break(
        3, "checkpoint", "another entry was signed here: it was rewritten"
    )
    with system_connection():
        Checkpoint.objects.update(hash=b"x" * 32)
    assert chain_verify(chain).problem == Break(
        3, "checkpoint", "the signature of its checkpoint is wrong"
    )


def test_entries_of_another_tenant_do_not_fit(
    chain: Chain, globex: Any, fill: Callable[[int], None]
) -> None:
    fill(2)
    with system_connection(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO {globex.schema_name}.audit_entry "
            f"SELECT * FROM {chain.tenant.schema_name}.audit_entry"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    problem = chain_verify(Chain(Entry, globex.ref)).problem
    assert problem is not None
    assert (problem.seq, problem.kind) == (1, "content")


def test_a_key_that_is_gone_does_not_break_a_chain(
    chain: Chain, fill: Callable[[int], None], settings: Any
) -> None:
    fill(2)
    checkpoint_make(chain)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key of this platform", [old]
    fill(1)
    checkpoint_make(chain)
    report = chain_verify(chain)
    assert (report.checkpoints, report.unknown_keys, report.is_whole) == (2, 0, True)
    settings.SECRET_KEY_FALLBACKS = []
    report = chain_verify(chain)
    assert (report.checkpoints, report.unknown_keys, report.is_whole) == (1, 1, True)
