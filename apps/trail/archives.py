"""Files with the oldest part of a chain: a signed line, then an entry a line, as JSON, packed by gzip.

They are checked without this database, by their own numbers, hashes and signature. The platform's own chain
is not archived: files belong to tenants.
"""

import gzip
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import orjson
from django.core.files import File
from django.db import connection, transaction
from django.utils import timezone

from apps.common.files import tenant_files
from apps.trail.canonical import Link, instant
from apps.trail.chains import DOOR, Chain
from apps.trail.models import Segment
from apps.trail.signing import is_signed, sign
from apps.trail.verifying import Break, Report, Walk, links, segment_message

FORMAT = "wrapper-audit-segment"
FORMAT_VERSION = 1
FOLDER = "audit"
SEGMENT_ENTRIES = 50_000
HASHES = ("who_salt", "who_digest", "what_salt", "what_digest", "content_hash", "prev_hash", "hash")


class ChainBroken(Exception):
    """What is broken is not archived: somebody has to look at it first."""


class NotAnArchive(ValueError):
    """The file was not made by archive_step."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: what is signed. Named as the columns of Segment."""

    chain: str
    first_seq: int
    last_seq: int
    prev_hash: bytes
    last_hash: bytes
    signed_at: datetime
    key_id: str
    signature: bytes


def archive_step(chain: Chain, before: datetime, limit: int = SEGMENT_ENTRIES) -> Segment | None:
    """Move the oldest entries, of before a time, to a file; None: there are none. The newest always stays.

    The file is written first, then, in one transaction, noted and its entries removed. A session's lock
    keeps erasures and others who archive away meanwhile. Raises ChainBroken.
    """
    with chain.as_system(), _alone(chain):
        rows = chain.model._default_manager
        first = rows.order_by("seq").values_list("seq", flat=True).first()
        head = rows.order_by("-seq").values_list("seq", flat=True).first()
        if first is None or head is None:
            return None
        younger = rows.filter(occurred_at__gte=before).order_by("seq")
        end = min(younger.values_list("seq", flat=True).first() or head, head, first + limit)
        if end <= first:
            return None
        bounds = (
            rows.order_by("seq").filter(seq__in=(first, end - 1)).values_list("prev_hash", "hash")
        )
        segment = Segment(
            tenant_id=chain.tenant_id,
            first_seq=first,
            last_seq=end - 1,
            prev_hash=bytes(bounds[0][0]),
            last_hash=bytes(list(bounds)[-1][1]),
            signed_at=timezone.now(),
        )
        segment.key_id, segment.signature = sign(segment_message(chain.id, segment))
        segment.file = _save(chain, segment, links(chain, first, end - 1))
        with transaction.atomic(), connection.cursor() as cursor:
            segment.save(force_insert=True)
            cursor.execute("SELECT set_config(%s, 'archive', true)", [DOOR])
            rows.filter(seq__lt=end).delete()
            cursor.execute("SELECT set_config(%s, '', true)", [DOOR])
        return segment


def _save(chain: Chain, segment: Segment, found: Iterable[Link]) -> str:
    """Write an archive, checking each entry on the way; returns the file's name. Raises ChainBroken."""
    walk = Walk(chain.id, segment.first_seq - 1, bytes(segment.prev_hash))
    with tempfile.TemporaryFile() as file:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
            packed.write(_header_line(chain, segment))
            for link in found:
                if problem := walk.step(link):
                    raise ChainBroken(f"{chain.name}, entry {problem.seq}: {problem.detail}")
                packed.write(_line(link))
        if (walk.seq, walk.hash) != (segment.last_seq, bytes(segment.last_hash)):
            raise ChainBroken(f"{chain.name}: it ends at entry {walk.seq}, not {segment.last_seq}")
        file.seek(0)
        name = f"{FOLDER}/{segment.first_seq:012d}-{segment.last_seq:012d}.jsonl.gz"
        return tenant_files.save(name, File(file))


def archive_verify(file: IO[bytes], keys: Mapping[str, bytes]) -> Report:
    """Check an archive by itself. keys: public keys by their ids. Raises NotAnArchive."""
    with gzip.GzipFile(fileobj=file, mode="rb") as packed:
        header, found = _read(packed)
        report = Report(header.chain, first_seq=header.first_seq, segments=1)
        walk = Walk(header.chain, header.first_seq - 1, header.prev_hash)
        key = keys.get(header.key_id)
        if key is None:
            report.problem = Break(
                header.first_seq,
                "key",
                f"it is signed with the key {header.key_id}, not known here",
            )
        elif not is_signed(segment_message(header.chain, header), header.signature, key):
            report.problem = Break(header.first_seq, "segment", "the signature is wrong")
        else:
            for link in found:
                report.problem = walk.step(link)
                if report.problem:
                    break
            else:
                if (walk.seq, walk.hash) != (header.last_seq, header.last_hash):
                    report.problem = Break(walk.seq + 1, "cut", "it does not end as was signed")
    report.entries, report.last_seq, report.last_hash = walk.entries, walk.seq, walk.hash.hex()
    report.erased_parts = sum(len(one) for one in walk.gone.values())
    return report


def archives_erase(
    chain: Chain, is_who: Callable[[Link], bool], is_what: Callable[[Link], bool]
) -> None:
    """Write those archives anew that hold a person's parts. What they are signed for stays the same.

    In the caller's transaction, which holds the chain's lock; the old files go when it is committed.
    """
    for segment in Segment.objects.filter(tenant_id=chain.tenant_id):
        with tenant_files.open(segment.file) as file, gzip.GzipFile(fileobj=file) as packed:
            _, found = _read(packed)
            if not any(_is_touched(link, is_who, is_what) for link in found):
                continue
        with tenant_files.open(segment.file) as file, gzip.GzipFile(fileobj=file) as packed:
            _, found = _read(packed)
            new = _save(chain, segment, (_without(link, is_who, is_what) for link in found))
        old = segment.file
        Segment.objects.filter(id=segment.id).update(file=new)
        transaction.on_commit(_deleting(chain, old))


def _deleting(chain: Chain, name: str) -> Callable[[], None]:
    def delete() -> None:
        with chain.as_system():
            tenant_files.delete(name)

    return delete


def _is_touched(
    link: Link, is_who: Callable[[Link], bool], is_what: Callable[[Link], bool]
) -> bool:
    return _without(link, is_who, is_what) != link


def _without(link: Link, is_who: Callable[[Link], bool], is_what: Callable[[Link], bool]) -> Link:
    without_who, without_what = is_who(link), is_what(link)
    if without_who:
        link = link._replace(actor_label=None, address=None, agent=None, who_salt=None)
    return link._replace(what=None, what_salt=None) if without_what else link


@contextmanager
def _alone(chain: Chain) -> Iterator[None]:
    key = chain.lock_key()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _header_line(chain: Chain, segment: Segment) -> bytes:
    header = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "chain": chain.id,
        "first_seq": segment.first_seq,
        "last_seq": segment.last_seq,
        "prev_hash": bytes(segment.prev_hash).hex(),
        "last_hash": bytes(segment.last_hash).hex(),
        "signed_at": instant(segment.signed_at),
        "key_id": segment.key_id,
        "signature": bytes(segment.signature).hex(),
    }
    return orjson.dumps(header, option=orjson.OPT_APPEND_NEWLINE)


def _line(link: Link) -> bytes:
    values: dict[str, Any] = link._asdict()
    values["occurred_at"] = instant(link.occurred_at)
    for name in HASHES:
        values[name] = None if values[name] is None else values[name].hex()
    return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)


def _read(packed: gzip.GzipFile) -> tuple[Header, Iterator[Link]]:
    """The header, and the entries as they are read. Raises NotAnArchive."""
    try:
        values = orjson.loads(packed.readline())
        if (values.pop("format"), values.pop("version")) != (FORMAT, FORMAT_VERSION):
            raise NotAnArchive("This is no archive of an audit log, or of a later version.")
        for name in ("prev_hash", "last_hash", "signature"):
            values[name] = bytes.fromhex(values[name])
        values["signed_at"] = datetime.fromisoformat(values["signed_at"])
        header = Header(**values)
    except (EOFError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotAnArchive(f"This is no archive of an audit log: {error}") from error
    return header, map(_parsed, packed)


def _parsed(line: bytes) -> Link:
    try:
        values = orjson.loads(line)
        for name in HASHES:
            values[name] = None if values[name] is None else bytes.fromhex(values[name])
        values["occurred_at"] = datetime.fromisoformat(values["occurred_at"])
        values["event_id"] = uuid.UUID(values["event_id"])
        values["actor_id"] = uuid.UUID(values["actor_id"]) if values["actor_id"] else None
        return Link(**values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotAnArchive(f"A line is no entry: {error}") from error
