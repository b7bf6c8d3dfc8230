"""At most so many workers send for one tenant and channel, one task after another, however often work is
found.

A turn is a key in Redis with the token of the task that has it, or of the one that is queued to go on. A
token that is not the key's any more waited for too long, and somebody else has the turn. Without Redis
everybody may.
"""

import secrets

from django.core.cache import caches

SLOTS = 4
# Longer than a task runs, or usually waits for the one before it.
TURN_S = 180


def turn_take(tenant_id: str, channel: str, slot: int) -> str:
    """A token, or empty while somebody has the turn."""
    token = secrets.token_hex(8)
    return token if caches["global"].add(_key(tenant_id, channel, slot), token, TURN_S) else ""


def turn_keep(tenant_id: str, channel: str, slot: int, token: str) -> bool:
    """Whether it is the token's turn still, from now on for TURN_S again."""
    cache, key = caches["global"], _key(tenant_id, channel, slot)
    if cache.get(key, token) != token:
        return False
    cache.set(key, token, TURN_S)
    return True


def turn_end(tenant_id: str, channel: str, slot: int, token: str) -> None:
    cache, key = caches["global"], _key(tenant_id, channel, slot)
    if cache.get(key) == token:
        cache.delete(key)


def _key(tenant_id: str, channel: str, slot: int) -> str:
    return f"notifications:turn:{tenant_id}:{channel}:{slot}"
