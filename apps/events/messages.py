"""What is in the streams: CloudEvents 1.0, as the database builds them (events_envelope, migration 0008).

Attributes of ours beside the standard's: dataversion (of the event type), partition and sequence (its
place among the events of its aggregate), dispatched, tenantid, actorkind, actor, actorperson,
impersonatorid and impersonator, requestid, traceparent, address, agent.
"""

import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from apps.common.proofs import Impersonator

PARTITIONS = 16


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way to the handlers. Times are aware, in UTC."""

    id: uuid.UUID
    name: str
    version: int
    tenant_id: uuid.UUID | None
    ordering_key: str
    partition: int
    position: int
    dispatched_at: datetime | None
    actor_kind: str
    actor_label: str
    actor_person_id: uuid.UUID | None
    impersonator: Impersonator | None
    request_id: str
    traceparent: str
    address: str
    agent: str
    created_at: datetime
    payload: dict[str, Any]


def partition_of(tenant_id: uuid.UUID | None, aggregate_id: str) -> int:
    """Of an event: the same for all events of one tenant's aggregate, in all releases."""
    return zlib.crc32(ordering_key(tenant_id, aggregate_id).encode()) % PARTITIONS


def ordering_key(tenant_id: object, aggregate_id: str) -> str:
    """Within what order is kept."""
    return f"{tenant_id or ''}/{aggregate_id}"


def parse(envelope: str | bytes) -> Message:
    """Raises KeyError and ValueError for what events_envelope did not build."""
    value = orjson.loads(envelope)
    return Message(
        id=uuid.UUID(value["id"]),
        name=value["type"],
        version=value["dataversion"],
        tenant_id=_uuid(value["tenantid"]),
        ordering_key=ordering_key(value["tenantid"], value["subject"]),
        partition=value["partition"],
        position=value["sequence"],
        dispatched_at=_time(value["dispatched"]),
        actor_kind=value["actorkind"],
        actor_label=value["actor"],
        actor_person_id=_uuid(value["actorperson"]),
        impersonator=_impersonator(value),
        request_id=value["requestid"],
        traceparent=value["traceparent"],
        # A stream may still hold messages of the release before, which had neither.
        address=value.get("address", ""),
        agent=value.get("agent", ""),
        created_at=datetime.fromisoformat(value["time"]),
        payload=value["data"],
    )


def _impersonator(value: dict[str, Any]) -> Impersonator | None:
    """Both keys are there only where somebody acted for the person."""
    found = value.get("impersonatorid")
    return Impersonator(uuid.UUID(found), value["impersonator"]) if found else None


def _uuid(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
