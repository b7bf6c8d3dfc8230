"""The text of an API key. It names its workspace, and scanners know it without asking us.

    sk_  22 digits: the workspace's id  |  27 digits: 160 random bits  |  6 digits: the checksum

Digits are of base 62 (0-9, A-Z, a-z), the most significant first. The checksum is the CRC-32 of all that is
before it (zlib's; ISO/IEC 3309). It proves nothing: it tells our keys from text that looks like them.
"""

import hashlib
import re
import secrets
import string
import uuid
import zlib
from dataclasses import dataclass

PREFIX = "sk_"
PATTERN = re.compile(r"sk_[0-9A-Za-z]{55}")
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUES = {digit: value for value, digit in enumerate(DIGITS)}
TENANT_DIGITS, RANDOM_DIGITS, CHECKSUM_DIGITS = 22, 27, 6
RANDOM_BITS = 160


@dataclass(frozen=True, slots=True)
class ApiKeyText:
    """What the text says by itself: not that there is such a key. digest: the SHA-256, which is stored."""

    tenant_id: uuid.UUID
    digest: str
    hint: str


def api_key_text_make(tenant_id: uuid.UUID) -> str:
    """A new key of a workspace."""
    body = (
        PREFIX
        + _encode(tenant_id.int, TENANT_DIGITS)
        + _encode(secrets.randbits(RANDOM_BITS), RANDOM_DIGITS)
    )
    return body + _checksum(body)


def api_key_text_read(text: str) -> ApiKeyText | None:
    """None for what we never made: another form, or a wrong checksum. Asks nobody."""
    if not PATTERN.fullmatch(text) or _checksum(text[:-CHECKSUM_DIGITS]) != text[-CHECKSUM_DIGITS:]:
        return None
    start = len(PREFIX)
    number = _decode(text[start : start + TENANT_DIGITS])
    if number >> 128:
        return None
    return ApiKeyText(uuid.UUID(int=number), api_key_digest(text), api_key_hint(text))


def api_key_digest(text: str) -> str:
    """What is stored. With 160 random bits in the text, a plain hash cannot be searched."""
    return hashlib.sha256(text.encode()).hexdigest()


def api_key_hint(text: str) -> str:
    """What people know a key by: its first and its last digits."""
    return f"{text[:7]}…{text[-4:]}"


def _checksum(body: str) -> str:
    return _encode(zlib.crc32(body.encode()), CHECKSUM_DIGITS)


def _encode(number: int, length: int) -> str:
    found = ""
    while number:
        number, value = divmod(number, len(DIGITS))
        found = DIGITS[value] + found
    return found.rjust(length, DIGITS[0])


def _decode(text: str) -> int:
    number = 0
    for digit in text:
        number = number * len(DIGITS) + _VALUES[digit]
    return number
