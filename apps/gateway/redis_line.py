"""Several commands to Redis in one message, packed once and sent often, on a connection of the thread's own.

A client of redis-py takes several times as long for a command as Redis does; its connections, which pack
and read, do not.
"""

import threading
from collections.abc import Sequence
from typing import Any

from django.core.cache import caches
from redis.exceptions import ResponseError

Commands = Sequence[Sequence[str | bytes | int]]
_own = threading.local()


def pack(commands: Commands) -> list[Any]:
    """For `ask`; good for as long as the commands are."""
    packed: list[Any] = _connection().pack_commands(commands)
    return packed


def ask(packed: list[Any], count: int) -> list[Any]:
    """The replies of `count` packed commands: bytes, numbers, lists, None; a refusal is an exception in its
    place. One round trip. Raises redis' ConnectionError, TimeoutError: whether they ran is not known.
    """
    connection = _connection()
    try:
        connection.send_packed_command(packed, check_health=False)
        return [_reply(connection) for _ in range(count)]
    except BaseException:
        # What is left on the line would be taken for the next answers.
        connection.disconnect()
        raise


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response(disconnect_on_error=False)
    except ResponseError as refused:
        return refused


def _connection() -> Any:
    pool = caches["global"]._cache.get_client().connection_pool  # type: ignore[attr-defined]
    if getattr(_own, "pool", None) is not pool:
        _own.pool = pool
        _own.connection = pool.connection_class(**pool.connection_kwargs)
    return _own.connection
