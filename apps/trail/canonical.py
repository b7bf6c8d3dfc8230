"""What the hashes are over: JSON in one form, as RFC 8785 has it for texts, whole numbers and objects."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

VERSION = 1
SALT_BYTES = 16


class Link(NamedTuple):
    """An entry as it is checked: the columns of AbstractEntry, from a table or from an archive."""

    seq: int
    event_id: uuid.UUID
    occurred_at: datetime
    action: str
    actor_kind: str
    actor_id: uuid.UUID | None
    target_type: str
    targets: Sequence[str]
    request_id: str
    actor_label: str | None
    address: str | None
    agent: str | None
    who_salt: bytes | None
    who_digest: bytes
    what: dict[str, Any] | None
    what_salt: bytes | None
    what_digest: bytes
    content_hash: bytes
    prev_hash: bytes
    hash: bytes


def canonical(value: Any) -> bytes:
    """Keys in order, no blanks, UTF-8. Raises TypeError for what JSON has no one form of."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)


def who_digest(salt: bytes, label: str | None, address: str | None, agent: str | None) -> bytes:
    part = {"actor_label": label, "address": address, "agent": agent}
    return hashlib.sha256(salt + canonical(part)).digest()


def what_digest(salt: bytes, what: dict[str, Any]) -> bytes:
    return hashlib.sha256(salt + canonical(what)).digest()


def content_hash(chain: str, entry: Any) -> bytes:
    """Over all that an entry says; of the parts about people over their digests. entry: or a Link."""
    content = {
        "version": VERSION,
        "chain": chain,
        "event_id": str(entry.event_id),
        "occurred_at": instant(entry.occurred_at),
        "action": entry.action,
        "actor_kind": entry.actor_kind,
        "actor_id": str(entry.actor_id) if entry.actor_id else None,
        "target_type": entry.target_type,
        "targets": list(entry.targets),
        "request_id": entry.request_id,
        "who": bytes(entry.who_digest).hex(),
        "what": bytes(entry.what_digest).hex(),
    }
    return hashlib.sha256(canonical(content)).digest()


def link_hash(seq: int, prev_hash: bytes, content: bytes) -> bytes:
    """As the trigger computes it."""
    return hashlib.sha256(seq.to_bytes(8, "big", signed=True) + prev_hash + content).digest()


def instant(moment: datetime) -> str:
    """To the microsecond, as PostgreSQL keeps it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
