"""The one reader of the stream in a process: what it holds goes into the hub, whatever becomes of Redis."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog
from django.conf import settings
from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from apps.common.live import JUDGE, KEEP_S, STREAM
from apps.realtime.hub import NOTHING, EntryId, Hub, Message, read_id, write_id

log = structlog.get_logger(__name__)

BATCH, BLOCK_MS, TIMEOUT_S = 500, 2000, 5
TRIM_EVERY_S = 30
MIN_PAUSE_S, MAX_PAUSE_S = 0.1, 5.0


class Reader:
    """on_lost: something may have been told that was not heard. on_judge(tenant, audience): judge again."""

    def __init__(
        self, hub: Hub, *, on_lost: Callable[[], None], on_judge: Callable[[str, str], None]
    ) -> None:
        self._hub, self._on_lost, self._on_judge = hub, on_lost, on_judge
        self.ready = asyncio.Event()
        self.lag_ms = 0

    async def ready_or(self, others: Iterable[asyncio.Task[Any]]) -> None:
        """Return when the stream is being read, or one of these has ended."""
        ready = asyncio.create_task(self.ready.wait())
        await asyncio.wait((ready, *others), return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()

    async def run(self) -> None:
        """Until cancelled. Pauses grow while Redis is away."""
        pause_s = MIN_PAUSE_S
        while True:
            began_s = time.monotonic()
            client = Redis.from_url(
                settings.REDIS_URL,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
                client_name="wrapper-realtime",
            )
            try:
                await self._follow(client)
            except RedisError as error:
                log.warning("realtime.redis_lost", reason=str(error))
            finally:
                await client.aclose()
            if time.monotonic() - began_s > MAX_PAUSE_S:
                pause_s = MIN_PAUSE_S
            await asyncio.sleep(pause_s * (0.5 + random.random()))  # noqa: S311 - jitter
            pause_s = min(MAX_PAUSE_S, pause_s * 2)

    async def _follow(self, client: Any) -> None:
        await self._begin(client)
        if self.ready.is_set():
            # What was told meanwhile could not be.
            self._on_lost()
        self.ready.set()
        trimmed_s = 0.0
        while True:
            if time.monotonic() - trimmed_s > TRIM_EVERY_S:
                trimmed_s = time.monotonic()
                await self._trim(client)
            since = self._hub.position
            answer = await client.xread({STREAM: write_id(since)}, count=BATCH, block=BLOCK_MS)
            entries: Sequence[Any] = answer[0][1] if answer else []
            for entry_id, fields in entries:
                self._take(entry_id, fields, self._hub.hear)
            if len(entries) == BATCH and await self._is_outrun(client, entries[0][0]):
                self._hub.begin(floor=_next(self._hub.position), position=self._hub.position)
                self._on_lost()

    async def _begin(self, client: Any) -> None:
        """Keep what the stream has, for those who resume; its readers before have told it.

        Not if this process was there, and was cut off: what could not be told then is nowhere.
        """
        seconds, microseconds = await client.time()
        now = (seconds * 1000 + microseconds // 1000, 0)
        try:
            info = await client.xinfo_stream(STREAM)
        except ResponseError:  # there is none yet, or none any more
            self._hub.begin(floor=now, position=NOTHING)
            return
        last = read_id(info["last-generated-id"].decode())
        first = info["first-entry"]
        if self.ready.is_set():
            self._hub.begin(floor=max(now, _next(last)), position=last)
        elif first is None:
            self._hub.begin(floor=last, position=last)
        else:
            # Whatever came before the first entry is not known, be it nothing.
            self._hub.begin(floor=read_id(first[0].decode()), position=last)
            for entry_id, fields in await client.xrange(STREAM, max=write_id(last)):
                self._take(entry_id, fields, self._hub.keep)

    def _take(
        self, entry_id: bytes, fields: Mapping[bytes, bytes], use: Callable[[Message], None]
    ) -> None:
        found = read_id(entry_id.decode())
        kind, tenant = fields[b"kind"].decode(), fields[b"tenant"].decode()
        self.lag_ms = max(self.lag_ms, int(time.time() * 1000) - found[0])
        if kind == JUDGE:
            self._hub.position = max(self._hub.position, found)
            if use == self._hub.hear:
                self._on_judge(tenant, fields[b"to"].decode())
            return
        again_s = int(fields.get(b"again_ms", 0)) / 1000
        audience = (tenant, fields[b"to"].decode())
        use(Message(found, audience, kind, fields[b"data"], again_s))

    async def _trim(self, client: Any) -> None:
        """By age; by number it is trimmed by whoever adds."""
        seconds, _microseconds = await client.time()
        await client.xtrim(STREAM, minid=f"{(seconds - KEEP_S) * 1000}", approximate=True)

    async def _is_outrun(self, client: Any, read: bytes) -> bool:
        """Whether entries were trimmed that this process, being slow, had not read."""
        info = await client.xinfo_stream(STREAM)
        first = info["first-entry"]
        return first is not None and read_id(first[0].decode()) >= read_id(read.decode())


def _next(entry_id: EntryId) -> EntryId:
    return entry_id[0], entry_id[1] + 1
