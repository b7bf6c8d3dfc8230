"""The streams in Redis: one a partition, with a consumer group for each group of handlers.

Redis may lose them: FLUSHALL, a restart without its last second, a failover. The database can make them
anew, so all that matters is to notice before anything is put behind what was lost. Hence only the relay
makes streams, entries go into streams that exist only, and a new connection verifies before it adds.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import hiredis
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.retry import Retry

from apps.events.messages import PARTITIONS

TIMEOUT_S = 5
READ_BATCH = 16  # of each stream
NOTHING = "0-0"
RATES = "events:rates:"  # and a minute since 1970: what each group handled in it
RATES_KEPT_S = 3 * 3600

# Partition, id in its stream, fields.
Entry = tuple[int, bytes, dict[bytes, bytes]]


class StreamLost(RuntimeError):
    """Redis lacks what the database knows to have been in a stream."""

    def __init__(self, partitions: Iterable[int]) -> None:
        self.partitions = sorted(partitions)
        super().__init__(f"entries are lost in partitions {self.partitions}")


def stream(partition: int) -> str:
    """Its key; the braces keep what belongs to it on one node of a cluster."""
    return f"events:{{{partition}}}"


def connect(**options: Any) -> Any:
    """A client that tells of a lost connection rather than to repeat the command by itself.

    Not typed: redis-py's stubs leave open whether answers are bytes, text or awaitable.
    """
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        **options,
    )


class Writer:
    """The relay's end. Not for several threads."""

    def __init__(self) -> None:
        self._client = connect(redis_connect_func=self._connected, max_connections=1)
        self.is_verified = False

    def _connected(self, connection: Any) -> None:
        connection.on_connect()
        if self.is_verified:
            # What was verified was another connection, perhaps to another server's life.
            self.is_verified = False
            raise RedisConnectionError("the connection to Redis was lost")

    def close(self) -> None:
        self._client.close()

    def verify(self, known: Mapping[int, str], groups: Sequence[str]) -> None:
        """Compare with the last entries that the database knows of, and make groups that are missing.

        Raises StreamLost, redis.exceptions.RedisError.
        """
        self.is_verified = False
        pipeline = self._client.pipeline(transaction=False)
        for partition in known:
            pipeline.xinfo_stream(stream(partition))
        infos = pipeline.execute(raise_on_error=False)
        lost = [
            partition
            for (partition, entry), info in zip(known.items(), infos, strict=True)
            if _place(info) < _order(entry)
        ]
        if lost:
            raise StreamLost(lost)
        if any(info["groups"] < len(groups) for info in infos):
            self.make(known, groups)
        self.is_verified = True

    def lacks(self, partition: int, entry: str) -> bool:
        """Whether the stream ends before this entry, or is not there. Raises redis.exceptions.RedisError."""
        try:
            info: Any = self._client.xinfo_stream(stream(partition))
        except ResponseError as error:
            info = error
        return _place(info) < _order(entry)

    def make(self, partitions: Iterable[int], groups: Iterable[str]) -> None:
        """Streams and groups that are not there. Raises redis.exceptions.RedisError.

        Groups read from the beginning: what they have taken already is trimmed, or comes to nothing.
        """
        pipeline = self._client.pipeline(transaction=False)
        for partition in partitions:
            for group in groups:
                pipeline.xgroup_create(stream(partition), group, id=NOTHING, mkstream=True)
        for answer in pipeline.execute(raise_on_error=False):
            if isinstance(answer, Exception) and "BUSYGROUP" not in str(answer):
                raise answer

    def add(self, rows: Sequence[tuple[int, str, str]]) -> dict[int, str]:
        """Append (partition, type, envelope) in this order; returns each partition's last entry.

        Packed by hiredis itself: redis-py takes longer for it than Redis for the rest. Raises StreamLost,
        redis.exceptions.RedisError: then some may be there.
        """
        packed = b"".join(
            hiredis.pack_command(
                ("XADD", stream(partition), "NOMKSTREAM", "*", "type", name, "event", envelope)  # type: ignore[arg-type]
            )
            for partition, name, envelope in rows
        )
        pool = self._client.connection_pool
        connection = pool.get_connection()
        try:
            connection.send_packed_command([packed])
            answers = [connection.read_response() for _ in rows]
        except BaseException:
            connection.disconnect()
            raise
        finally:
            pool.release(connection)
        last = {row[0]: answer for row, answer in zip(rows, answers, strict=True)}
        if None in answers:
            raise StreamLost(
                row[0] for row, answer in zip(rows, answers, strict=True) if answer is None
            )
        return {partition: entry.decode() for partition, entry in last.items()}

    def trim(self, partition: int, groups: Iterable[str]) -> str | None:
        """Remove what every group is done with; returns the first entry that one is not, None if unknown.

        Groups of Redis that are not among these are removed, for nobody reads by them any more.
        """
        key = stream(partition)
        wanted, first = set(groups), None
        for info in self._client.xinfo_groups(key):
            group = info["name"].decode()
            if group not in wanted:
                self._client.xgroup_destroy(key, group)
                continue
            wanted.discard(group)
            place = info["last-delivered-id"].decode()
            if info["pending"]:
                pending = self._client.xpending(key, group)
                place = (pending["min"] or place.encode()).decode()
            first = place if first is None else min(first, place, key=_order)
        if first is None or wanted:
            return None
        self._client.xtrim(key, minid=first, approximate=False)
        return first


class Reader:
    """A consumer's end, for one group. Not for several threads."""

    def __init__(self, group: str, name: str) -> None:
        self._client = connect()
        self.group = group
        self._name = name

    def close(self) -> None:
        self._client.close()

    def take_over(self, partition: int) -> list[Entry]:
        """What those who had the partition before left unfinished, in its order.

        Raises redis.exceptions.RedisError, NOGROUP among them while the relay has not made it.
        """
        key, start, found = stream(partition), NOTHING, list[Entry]()
        while True:
            start, entries, *_ = self._client.xautoclaim(
                key, self.group, self._name, min_idle_time=0, start_id=start, count=READ_BATCH
            )
            found += [(partition, *entry) for entry in entries]
            if start == NOTHING.encode():
                break
        for consumer in self._client.xinfo_consumers(key, self.group):
            if consumer["name"].decode() != self._name and not consumer["pending"]:
                self._client.xgroup_delconsumer(key, self.group, consumer["name"])
        return found

    def read(self, partitions: Iterable[int], block_ms: int | None) -> list[Entry]:
        """New entries. block_ms: how long to wait for one; None: not at all."""
        keys = {stream(partition).encode(): partition for partition in partitions}
        answer = self._client.xreadgroup(
            self.group, self._name, dict.fromkeys(keys, ">"), count=READ_BATCH, block=block_ms
        )
        return [(keys[key], *entry) for key, entries in answer or () for entry in entries]

    def done(self, entries: Mapping[int, Sequence[bytes]], handled: int) -> None:
        """These need not come again. handled: what handlers did with them, for the rates of the console."""
        minute = int(time.time() // 60)
        pipeline = self._client.pipeline(transaction=False)
        for partition, ids in entries.items():
            pipeline.xack(stream(partition), self.group, *ids)
        if handled:
            pipeline.hincrby(f"{RATES}{minute}", self.group, handled)
            pipeline.expire(f"{RATES}{minute}", RATES_KEPT_S)
        pipeline.execute()


def group_lags() -> dict[str, tuple[int, int]]:
    """Of each group, over all streams: entries that it has not read, and those that it has not finished.

    Raises redis.exceptions.RedisError.
    """
    client = connect()
    try:
        pipeline = client.pipeline(transaction=False)
        for partition in all_partitions():
            pipeline.xinfo_groups(stream(partition))
        answers = pipeline.execute(raise_on_error=False)
    finally:
        client.close()
    found: dict[str, tuple[int, int]] = {}
    for answer in answers:
        if isinstance(answer, ResponseError):
            continue  # the relay has not made it yet
        for info in answer:
            lag, unfinished = found.get(info["name"].decode(), (0, 0))
            found[info["name"].decode()] = lag + (info["lag"] or 0), unfinished + info["pending"]
    return found


def group_rates(minutes: int) -> list[dict[str, int]]:
    """How many events each group handled in each of the last minutes, the current one last.

    Raises redis.exceptions.RedisError.
    """
    now = int(time.time() // 60)
    client = connect()
    try:
        pipeline = client.pipeline(transaction=False)
        for minute in range(now - minutes + 1, now + 1):
            pipeline.hgetall(f"{RATES}{minute}")
        answers = pipeline.execute()
    finally:
        client.close()
    return [{group.decode(): int(count) for group, count in one.items()} for one in answers]


def entry_time_s(entry: str) -> float:
    """When it was added, by Redis' clock: seconds since 1970."""
    return int(entry.partition("-")[0]) / 1000


def all_partitions() -> range:
    return range(PARTITIONS)


def is_no_group(error: Exception) -> bool:
    return isinstance(error, ResponseError) and "NOGROUP" in str(error)


def _order(entry: str) -> tuple[int, int]:
    ms, _, number = entry.partition("-")
    return int(ms), int(number)


def _place(info: Any) -> tuple[int, int]:
    """Of a stream's last entry. One that does not exist comes before all, even before one that is empty."""
    if isinstance(info, ResponseError):
        return (-1, 0)
    if isinstance(info, Exception):
        raise info
    return _order(info["last-generated-id"].decode())
