"""The oldest part of the ledger, moved to files: a line for a transaction and its entries, as JSON, gzipped.

What the files hold stays in the sums of CarriedEntry, so that every balance can still be rebuilt; and the
files are held against these sums. Keys of archived transactions are forgotten with them, and nothing of them
can be given back any more. A copy of a tenant for a sandbox has the sums, and not the files.
"""

import gzip
import hashlib
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Any

import orjson
from django.core.files import File
from django.db import connection, transaction
from django.utils import timezone

from apps.common.database import system_connection
from apps.common.files import tenant_files
from apps.credits.enums import HoldState
from apps.credits.models import Archive, CarriedEntry, Entry, Hold, Transaction
from apps.credits.verifying import Difference

FOLDER = "credits"
# Of one file, and of one deletion.
BATCH = 50_000
ONLINE_DAYS = 400
DOOR = "app.ledger_door"
# The session's lock: who archives is alone.
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1919))"
CARRY = """
INSERT INTO credits_carriedentry AS carried
    (id, created_at, updated_at, kind, debited_account_id, credited_account_id, grant_id, amount_microcredits)
SELECT gen_random_uuid(), now(), now(), t.kind, e.debited_account_id, e.credited_account_id, e.grant_id,
    sum(e.amount_microcredits)
FROM credits_entry e JOIN credits_transaction t ON t.id = e.transaction_id
WHERE t.id BETWEEN %(first)s AND %(last)s
GROUP BY t.kind, e.debited_account_id, e.credited_account_id, e.grant_id
ON CONFLICT (grant_id, kind, debited_account_id, credited_account_id) DO UPDATE
SET amount_microcredits = carried.amount_microcredits + EXCLUDED.amount_microcredits, updated_at = now()
"""
Side = tuple[str, str, str, str]
TRANSACTION_FIELDS = tuple(one.attname for one in Transaction._meta.concrete_fields)
ENTRY_FIELDS = ("debited_account_id", "credited_account_id", "grant_id", "amount_microcredits")


def archivable_before() -> datetime:
    """What is younger stays in the tables: a year that reports and refunds look at, and a month."""
    return timezone.now() - timedelta(days=ONLINE_DAYS)


@system_connection()
@transaction.atomic
def archive_step(tenant_schema: str, before: datetime, limit: int = BATCH) -> Archive | None:
    """Move the oldest transactions of before a time to a file; None: there are none, or another is at it.

    Inside the tenant. The file is written first; it is noted, its sums are carried and its rows removed in
    one transaction, by the tables' owner. What dies in between leaves a file that is written over. Ids are
    in the order of time (UUIDv7), so all before an id are old; those of open holds, and after, stay.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [tenant_schema])
        if not cursor.fetchone()[0]:
            return None
    old = Transaction.objects.filter(created_at__lt=before).order_by("id")
    open_hold = (
        Hold.objects.filter(state=HoldState.OPEN)
        .order_by("id")
        .values_list("id", flat=True)
        .first()
    )
    if open_hold is not None:
        old = old.filter(id__lt=open_hold)
    ids = list(old.values_list("id", flat=True)[:limit])
    if not ids:
        return None
    archive = _write(ids[0], ids[-1])
    archive.save(force_insert=True)
    bounds = {"first": ids[0], "last": ids[-1]}
    with connection.cursor() as cursor:
        cursor.execute(CARRY, bounds)
        cursor.execute("SELECT set_config(%s, 'archive', true)", [DOOR])
        cursor.execute(
            "DELETE FROM credits_entry WHERE transaction_id BETWEEN %(first)s AND %(last)s", bounds
        )
        cursor.execute(
            "DELETE FROM credits_transaction WHERE id BETWEEN %(first)s AND %(last)s", bounds
        )
        cursor.execute("SELECT set_config(%s, '', true)", [DOOR])
    return archive


def _write(first_id: uuid.UUID, last_id: uuid.UUID) -> Archive:
    archive = Archive(first_id=first_id, last_id=last_id, transactions=0, entries=0)
    digest = hashlib.sha256()
    with tempfile.TemporaryFile() as file:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
            for row, entries in _rows(first_id, last_id):
                line = orjson.dumps(row | {"entries": entries}, option=orjson.OPT_APPEND_NEWLINE)
                packed.write(line)
                digest.update(line)
                archive.transactions += 1
                archive.entries += len(entries)
                archive.last_at = row["created_at"]
        file.seek(0)
        name = f"{FOLDER}/{first_id}.jsonl.gz"
        if tenant_files.exists(name):
            tenant_files.delete(name)
        archive.file = tenant_files.save(name, File(file))
    archive.digest = digest.digest()
    return archive


def _rows(
    first_id: uuid.UUID, last_id: uuid.UUID
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    entries: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    wanted = Entry.objects.filter(transaction_id__gte=first_id, transaction_id__lte=last_id)
    for one in wanted.order_by("transaction_id", "position"):
        entries[one.transaction_id].append({name: getattr(one, name) for name in ENTRY_FIELDS})
    rows = Transaction.objects.filter(id__range=(first_id, last_id)).order_by("id")
    for row in rows:
        yield {name: getattr(row, name) for name in TRANSACTION_FIELDS}, entries[row.id]


def archive_differences() -> list[Difference]:
    """Whether the files are what was written, and add up to what is carried. Inside a tenant."""
    found = []
    sums: dict[Side, int] = defaultdict(int)
    for archive in Archive.objects.order_by("first_id"):
        with tenant_files.open(archive.file) as file:
            digest, transactions, entries = _read(file, sums)
        if digest != bytes(archive.digest):
            found.append(Difference("content of an archive", archive.file, 1, 0))
        if transactions != archive.transactions:
            found.append(
                Difference(
                    "transactions of an archive", archive.file, archive.transactions, transactions
                )
            )
        if entries != archive.entries:
            found.append(
                Difference("entries of an archive", archive.file, archive.entries, entries)
            )
    if not found and Archive.objects.exists():
        found += _sums_differ(sums)
    return found


def _sums_differ(sums: dict[Side, int]) -> list[Difference]:
    carried = {
        (
            one.kind,
            str(one.debited_account_id),
            str(one.credited_account_id),
            str(one.grant_id),
        ): one.amount_microcredits
        for one in CarriedEntry.objects.all()
    }
    return [
        Difference("carried sum", " ".join(side), carried.get(side, 0), sums.get(side, 0))
        for side in sorted(carried.keys() | sums.keys())
        if carried.get(side, 0) != sums.get(side, 0)
    ]


def _read(file: IO[bytes], sums: dict[Side, int]) -> tuple[bytes, int, int]:
    """Adds the entries to the sums; the digest, and how many transactions and entries."""
    digest = hashlib.sha256()
    transactions = entries = 0
    with gzip.GzipFile(fileobj=file, mode="rb") as packed:
        for line in packed:
            digest.update(line)
            row = orjson.loads(line)
            transactions += 1
            entries += len(row["entries"])
            for one in row["entries"]:
                side = (
                    row["kind"],
                    one["debited_account_id"],
                    one["credited_account_id"],
                    one["grant_id"],
                )
                sums[side] += one["amount_microcredits"]
    return digest.digest(), transactions, entries
