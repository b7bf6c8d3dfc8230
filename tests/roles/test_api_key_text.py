"""The text of keys: what scanners know it by, and that nothing else passes for one."""

import re
import uuid
import zlib

import pytest

from apps.roles import api_key_text
from apps.roles.api_key_text import (
    DIGITS,
    api_key_digest,
    api_key_hint,
    api_key_text_make,
    api_key_text_read,
)

TENANT = uuid.UUID("0197c2a4-8d10-7a41-b6c8-1a2b3c4d5e6f")


def number_of(text: str) -> int:
    """As docs/api.md says it, written anew."""
    value = 0
    for digit in text:
        value = value * 62 + DIGITS.index(digit)
    return value


@pytest.mark.parametrize("tenant", [TENANT, uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)])
def test_a_key_says_whose_it_is_by_itself(tenant: uuid.UUID) -> None:
    text = api_key_text_make(tenant)
    assert re.fullmatch(r"sk_[0-9A-Za-z]{55}", text)
    assert number_of(text[3:25]) == tenant.int
    assert number_of(text[25:52]) < 2**160
    assert number_of(text[52:]) == zlib.crc32(text[:52].encode())
    found = api_key_text_read(text)
    assert found is not None
    assert (found.tenant_id, found.digest) == (tenant, api_key_digest(text))
    assert found.hint == api_key_hint(text) == f"{text[:7]}…{text[-4:]}"
    assert text not in repr(found)


def test_two_keys_have_nothing_random_in_common() -> None:
    parts = {api_key_text_make(TENANT)[25:52] for _ in range(1000)}
    assert len(parts) == 1000


def test_a_known_key_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form is a promise to scanners."""
    monkeypatch.setattr(api_key_text.secrets, "randbits", lambda bits: 2**bits - 1)
    assert api_key_text_make(TENANT) == "sk_030LVp68PczPUoSvQyO2xTaWgEPTl1tmebfsQzFP4bxwgy80V1JMAgm"


def test_every_single_changed_character_is_noticed() -> None:
    text = api_key_text_make(TENANT)
    for place in range(len(text)):
        for character in ("0", "z", "_", "-", " ", "é", "\n"):
            changed = text[:place] + character + text[place + 1 :]
            assert changed == text or api_key_text_read(changed) is None, (place, character)
        assert api_key_text_read(text[:place] + text[place + 1 :]) is None
        assert api_key_text_read(text[:place] + "0" + text[place:]) is None


def test_an_id_beyond_128_bits_is_none() -> None:
    body = "sk_" + "z" * 49
    text = body + api_key_text._checksum(body)
    assert api_key_text.PATTERN.fullmatch(text)
    assert api_key_text_read(text) is None
