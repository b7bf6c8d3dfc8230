"""An entry as it leaves: a JSON object, or a line of a CSV file."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from django.db.models import QuerySet

from apps.audit.describing import summary
from apps.common.api.renderers import to_json
from apps.common.csv_writing import csv_bytes

# What is read of a row.
COLUMNS = (
    *("seq", "event_id", "occurred_at", "action", "actor_kind", "actor_id", "actor_label"),
    *("address", "agent", "target_type", "targets", "request_id", "what", "hash"),
)
CSV_HEADER = (
    *(
        "number",
        "id",
        "time",
        "action",
        "summary",
        "actor_kind",
        "actor_id",
        "actor",
        "impersonator",
    ),
    *(
        "address",
        "agent",
        "target_type",
        "targets",
        "request_id",
        "before",
        "after",
        "data",
        "hash",
    ),
)


def as_json(row: tuple[Any, ...]) -> dict[str, Any]:
    """row: of COLUMNS. Texts are empty and details null where they were erased."""
    one = dict(zip(COLUMNS, row, strict=True))
    what = one["what"]
    acted = what.get("impersonator") if what else None
    return {
        "id": one["event_id"],
        "number": one["seq"],
        "occurred_at": one["occurred_at"],
        "action": one["action"],
        "summary": summary(one["action"], what),
        "actor": {
            "kind": one["actor_kind"],
            "person_id": one["actor_id"],
            "label": one["actor_label"] or "",
        },
        "impersonator": {"person_id": acted["id"], "label": acted["label"]} if acted else None,
        "address": one["address"] or "",
        "agent": one["agent"] or "",
        "target_type": one["target_type"],
        "targets": one["targets"],
        "request_id": one["request_id"],
        "data": what["data"] if what else None,
        "before": what.get("before", {}) if what else None,
        "after": what.get("after", {}) if what else None,
        "hash": bytes(one["hash"]).hex(),
    }


def rows_of(entries: QuerySet[Any]) -> Iterable[tuple[Any, ...]]:
    return entries.values_list(*COLUMNS)


def json_lines(rows: Iterable[tuple[Any, ...]]) -> bytes:
    """NDJSON: an object a line."""
    return b"".join(to_json(as_json(row)) + b"\n" for row in rows)


def csv_header() -> bytes:
    return csv_bytes([CSV_HEADER])


def csv_lines(rows: Iterable[tuple[Any, ...]]) -> bytes:
    """RFC 4180. A cell that would be a formula begins with an apostrophe."""
    return csv_bytes(_cells(as_json(row)) for row in rows)


def _cells(one: dict[str, Any]) -> Iterator[str]:
    actor = one["actor"]
    for value in (
        one["number"],
        one["id"],
        one["occurred_at"].isoformat(),
        one["action"],
        one["summary"],
        actor["kind"],
        actor["person_id"],
        actor["label"],
        one["impersonator"]["label"] if one["impersonator"] else "",
        one["address"],
        one["agent"],
        one["target_type"],
        " ".join(one["targets"]),
        one["request_id"],
        *(
            orjson.dumps(one[name]).decode() if one[name] else ""
            for name in ("before", "after", "data")
        ),
        one["hash"],
    ):
        yield "" if value is None else str(value)
