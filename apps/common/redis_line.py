"""Several commands to Redis in one message, packed once and sent often, on a connection of the thread's own.

A client of redis-py takes several times as long for a command as Redis does, and its connections for each
reply; they connect and send, and what comes back is given to hiredis as it comes.
"""

import threading
from collections.abc import Sequence
from typing import Any

import hiredis
from django.core.cache import caches
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

Commands = Sequence[Sequence[str | bytes | int]]
_MORE = object()
_RECEIVE_BYTES = 65_536
_own = threading.local()


def pack(commands: Commands) -> list[Any]:
    """For `ask`; good for as long as the commands are."""
    return [b"".join(_connection().pack_commands(commands))]


def ask(packed: list[Any], count: int) -> list[Any]:
    """The replies of `count` packed commands: bytes, numbers, lists, None; a refusal is a ResponseError in
    its place. One round trip. Raises redis' ConnectionError, TimeoutError: whether they ran is not known.
    """
    connection = _connection()
    try:
        connection.send_packed_command(packed, check_health=False)
        return _replies(connection._sock, count)
    except BaseException:
        # What is left on the line would be taken for the next answers.
        connection.disconnect()
        raise


def _replies(sock: Any, count: int) -> list[Any]:
    reader = hiredis.Reader(replyError=ResponseError, notEnoughData=_MORE)
    replies: list[Any] = []
    while len(replies) < count:
        reply = reader.gets()
        if reply is not _MORE:
            replies.append(reply)
            continue
        try:
            received = sock.recv(_RECEIVE_BYTES)
        except TimeoutError as error:
            raise RedisTimeoutError("no reply") from error
        except OSError as error:
            raise RedisConnectionError(str(error)) from error
        if not received:
            raise RedisConnectionError("the server has ended the connection")
        reader.feed(received)
    return replies


def _connection() -> Any:
    found = getattr(_own, "connection", None)
    if found is None:
        pool = caches["global"]._cache.get_client().connection_pool  # type: ignore[attr-defined]
        # By the older protocol, in which nothing comes that was not asked for.
        found = pool.connection_class(**{**pool.connection_kwargs, "protocol": 2})
        _own.connection = found
    return found
