"""Identifiers: UUIDv7 (RFC 9562), whose order in an index is the order of creation."""

import uuid
from datetime import datetime

import uuid_utils.compat


def uuid7() -> uuid.UUID:
    """A new UUIDv7 as the standard library's type."""
    return uuid_utils.compat.uuid7()


def parse_uuid(value: object) -> uuid.UUID | None:
    """The UUID that `value` spells, or None: for ids that come from outside."""
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None


def uuid7_from(moment: datetime) -> uuid.UUID:
    """The smallest UUIDv7 of a moment's millisecond: for ranges of a primary key."""
    return uuid.UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62))
