"""Does a chain hold? Walks it from the first entry to the last and finds the first thing that is wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection, transaction

from apps.trail.canonical import (
    Link,
    canonical,
    content_hash,
    instant,
    link_hash,
    what_digest,
    who_digest,
)
from apps.trail.chains import Chain
from apps.trail.models import GENESIS, Checkpoint, Segment
from apps.trail.ranges import numbers
from apps.trail.signing import is_signed, public_keys

BATCH = 2000
# Appended by an erasure: which entries lost which part. A part that is gone and in no such list was removed
# by somebody else.
ERASED = "audit.parts_erased"


@dataclass(frozen=True, slots=True)
class Break:
    """The first thing that is wrong. seq: the number of the entry where it shows."""

    seq: int
    kind: str
    detail: str


@dataclass(slots=True)
class Report:
    """entries: how many were checked. checkpoints: how many signatures fitted."""

    chain: str
    entries: int = 0
    first_seq: int = 0
    last_seq: int = 0
    last_hash: str = ""
    erased_parts: int = 0
    checkpoints: int = 0
    segments: int = 0
    # Signed with keys that this installation no longer has: later ones vouch for what they did.
    unknown_keys: int = 0
    problem: Break | None = None

    @property
    def is_whole(self) -> bool:
        return self.problem is None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "is_whole": self.is_whole}


@dataclass(slots=True)
class Walk:
    """Along entries in their order. seq, hash: of the one before; what it stands at."""

    chain_id: str
    seq: int = 0
    hash: bytes = GENESIS
    entries: int = 0
    gone: dict[str, set[int]] = field(default_factory=lambda: {"who": set(), "what": set()})
    declared: dict[str, set[int]] = field(default_factory=lambda: {"who": set(), "what": set()})

    def step(self, link: Link) -> Break | None:
        """The next entry; says what is wrong with it."""
        expected = self.seq + 1
        if link.seq != expected:
            return Break(expected, "missing", f"entry {expected} is missing: {link.seq} follows")
        problem = self._problem(link)
        if problem is None:
            self.seq, self.hash = link.seq, link.hash
            self.entries += 1
            self._note_erasures(link)
        return problem

    def _problem(self, link: Link) -> Break | None:
        if link.prev_hash != self.hash:
            return Break(link.seq, "link", "it does not follow the entry before it")
        if link.who_salt is None:
            is_who = (link.actor_label, link.address, link.agent) == (None, None, None)
        else:
            is_who = (
                who_digest(link.who_salt, link.actor_label, link.address, link.agent)
                == link.who_digest
            )
        if not is_who:
            return Break(link.seq, "who", "actor, address or client were changed")
        if link.what_salt is None or link.what is None:
            is_what = link.what_salt is None and link.what is None
        else:
            is_what = what_digest(link.what_salt, link.what) == link.what_digest
        if not is_what:
            return Break(link.seq, "what", "the details were changed")
        if content_hash(self.chain_id, link) != link.content_hash:
            return Break(link.seq, "content", "what it says was changed")
        if link_hash(link.seq, link.prev_hash, link.content_hash) != link.hash:
            return Break(link.seq, "hash", "its hash is not that of what it says")
        return None

    def _note_erasures(self, link: Link) -> None:
        if link.who_salt is None:
            self.gone["who"].add(link.seq)
        if link.what is None:
            self.gone["what"].add(link.seq)
        elif link.action == ERASED:
            for part, listed in self.declared.items():
                listed.update(numbers(link.what["data"][part]))

    def undeclared(self) -> Break | None:
        """A part that is gone though no erasure took it."""
        found = [(seq, name) for name in self.gone for seq in self.gone[name] - self.declared[name]]
        if not found:
            return None
        seq, name = min(found)
        return Break(seq, name, f"the part “{name}” is gone, and no erasure took it")


def checkpoint_message(chain_id: str, seq: int, digest: bytes, signed_at: Any) -> bytes:
    return canonical(
        {
            "kind": "checkpoint",
            "chain": chain_id,
            "seq": seq,
            "hash": bytes(digest).hex(),
            "signed_at": instant(signed_at),
        }
    )


def segment_message(chain_id: str, segment: Any) -> bytes:
    """segment: a Segment, or what has its fields."""
    return canonical(
        {
            "kind": "segment",
            "chain": chain_id,
            "first_seq": segment.first_seq,
            "last_seq": segment.last_seq,
            "prev_hash": bytes(segment.prev_hash).hex(),
            "last_hash": bytes(segment.last_hash).hex(),
            "signed_at": instant(segment.signed_at),
        }
    )


def links(chain: Chain, first: int = 1, last: int | None = None) -> Iterator[Link]:
    """The entries in the table, in order. Memory for BATCH of them. In the chain's tenant."""
    rows = chain.model._default_manager.order_by("seq").values_list(*Link._fields)
    if last is not None:
        rows = rows.filter(seq__range=(first, last))
    return map(Link._make, rows.iterator(chunk_size=BATCH))


def chain_verify(chain: Chain) -> Report:
    """Check all entries in the table, what vouches for them, and that archives and table join.

    What is in the archives is checked by `archive_verify`.
    """
    report = Report(chain.name)
    with chain.as_system(), transaction.atomic():
        # Nothing is archived or erased meanwhile. Entries may be added.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", chain.lock_key())
        keys = public_keys()
        walk = Walk(chain.id)
        report.problem = (
            _segments(chain, walk, keys, report)
            or _entries(chain, walk, keys, report)
            or walk.undeclared()
        )
    report.entries = walk.entries
    report.last_seq, report.last_hash = walk.seq, walk.hash.hex()
    report.erased_parts = sum(len(one) for one in walk.gone.values())
    return report


def _segments(chain: Chain, walk: Walk, keys: Mapping[str, bytes], report: Report) -> Break | None:
    """Archived parts, by their signatures: the walk begins after the last of them."""
    for segment in Segment.objects.filter(tenant_id=chain.tenant_id).order_by("first_seq"):
        if segment.first_seq != walk.seq + 1 or bytes(segment.prev_hash) != walk.hash:
            return Break(walk.seq + 1, "segment", f"{segment.file} does not follow what is before")
        key = keys.get(segment.key_id)
        if key is None:
            report.unknown_keys += 1
        elif not is_signed(segment_message(chain.id, segment), bytes(segment.signature), key):
            return Break(segment.first_seq, "segment", f"{segment.file}: the signature is wrong")
        report.segments += 1
        walk.seq, walk.hash = segment.last_seq, bytes(segment.last_hash)
    report.first_seq = walk.seq + 1
    return None


def _entries(chain: Chain, walk: Walk, keys: Mapping[str, bytes], report: Report) -> Break | None:
    # Read before the entries: each of them is about an entry that is there.
    waiting = list(Checkpoint.objects.filter(tenant_id=chain.tenant_id).order_by("-seq"))
    archived = walk.seq
    while waiting and waiting[-1].seq < archived:
        waiting.pop()
    # The last archived entry is known, the earlier ones are not.
    if problem := _checkpoints(chain, waiting, walk, keys, report):
        return problem
    for link in links(chain):
        if problem := walk.step(link):
            return problem
        if problem := _checkpoints(chain, waiting, walk, keys, report):
            return problem
    if waiting:
        seq = waiting[-1].seq
        return Break(walk.seq + 1, "cut", f"entries up to {seq} were signed, and are gone")
    return None


def _checkpoints(
    chain: Chain,
    waiting: list[Checkpoint],
    walk: Walk,
    keys: Mapping[str, bytes],
    report: Report,
) -> Break | None:
    """Those of the entry that the walk stands at."""
    while waiting and waiting[-1].seq == walk.seq:
        one = waiting.pop()
        key = keys.get(one.key_id)
        if key is None:
            report.unknown_keys += 1
            continue
        message = checkpoint_message(chain.id, one.seq, bytes(one.hash), one.signed_at)
        if not is_signed(message, bytes(one.signature), key):
            return Break(one.seq, "checkpoint", "the signature of its checkpoint is wrong")
        if bytes(one.hash) != walk.hash:
            return Break(one.seq, "checkpoint", "another entry was signed here: it was rewritten")
        report.checkpoints += 1
    return None
