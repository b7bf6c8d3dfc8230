"""Secrets that programs sign in with: a prefix, 256 random bits, and a checksum.

The prefix and the checksum let scanners of source code find leaked ones without false alarms, and let us
refuse what was mistyped without asking the database. They prove nothing: only the random part does.
"""

import hashlib
import re
import secrets
import zlib

RANDOM_BYTES = 32


def opaque_token_make(prefix: str) -> str:
    """A new secret: `prefix`, `_`, 64 hexadecimal digits that are random, 8 of their CRC-32."""
    body = f"{prefix}_{secrets.token_hex(RANDOM_BYTES)}"
    return body + _checksum(body)


def opaque_token_is_well_formed(token: str, prefix: str) -> bool:
    """Whether it can be one of ours; says nothing about whether it is good."""
    found = re.fullmatch(rf"({prefix}_[0-9a-f]{{64}})([0-9a-f]{{8}})", token, re.ASCII)
    return found is not None and _checksum(found[1]) == found[2]


def opaque_token_hash(token: str) -> str:
    """What is stored. With 256 random bits in it, a plain hash cannot be searched."""
    return hashlib.sha256(token.encode()).hexdigest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
