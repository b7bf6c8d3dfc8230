"""The WebSocket server: who gets in, what clients may say, who is cut off (docs/realtime.md)."""

import asyncio
import contextlib
import http
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

import orjson
import structlog
from django.conf import settings
from django.db import connections
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from apps.common.live import audience_of
from apps.common.outages import OUTAGES
from apps.realtime.connections import CLOSE_TIMEOUT_S, Close, Connections, Socket
from apps.realtime.handshakes import problem, read_handshake, refusal
from apps.realtime.hub import Hub, read_id, write_id
from apps.realtime.judging import PATH, Handshake, Verdict, judge, plain_answer, warm_up
from apps.realtime.reader import Reader

log = structlog.get_logger(__name__)

HEALTH_PATHS = ("/health/live/", "/health/ready/")
JUDGE_THREADS = 4
# Within a minute nobody listens any more who may not. Earlier for some, so that those who came together are
# not judged together.
JUDGE_EVERY_S, JUDGE_SPREAD = 45.0, 0.4
# With the database away nobody can be judged: so long they stay, then they come back later.
UNJUDGED_S, RETRY_S = 180.0, 5.0
BEAT_S = 25.0
FIGURES_EVERY_S = 60.0
OPEN_TIMEOUT_S = 10
PING_S = 30
MAX_REQUEST_BYTES = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """connections: of the process; handshakes that are under way count. a_person: in the process."""

    connections: int
    a_person: int

    @classmethod
    def from_settings(cls) -> "Limits":
        return cls(settings.REALTIME_MAX_CONNECTIONS, settings.REALTIME_MAX_CONNECTIONS_PER_PERSON)


class Realtime:
    """One process' server, its hub and its reader. judge_every_s: at the latest; for tests."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        judge_every_s: float = JUDGE_EVERY_S,
        beat_s: float = BEAT_S,
    ) -> None:
        self.limits = limits or Limits.from_settings()
        self._judge_every_s, self._beat_s = judge_every_s, beat_s
        self.connections = Connections()
        self.hub = Hub(self.connections.send)
        self.reader = Reader(self.hub, on_lost=self._lost, on_judge=self._judge_soon)
        self._threads = ThreadPoolExecutor(JUDGE_THREADS, thread_name_prefix="judge")
        self._handshakes = 0
        self._wake = asyncio.Event()
        # Once it listens.
        self.port = 0

    async def start(self, host: str, port: int) -> Server:
        return await serve(
            self._handle,
            host,
            port,
            process_request=self._admit,
            create_connection=Socket,
            compression=None,
            server_header=None,
            open_timeout=OPEN_TIMEOUT_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MAX_REQUEST_BYTES,
            max_queue=2,
            backlog=1024,
        )

    async def run(self, host: str, port: int, stop: asyncio.Event) -> None:
        """Serve until told to stop; then everybody is sent away, to come back to another process."""
        ended = asyncio.create_task(stop.wait())
        work = [
            asyncio.create_task(one) for one in (self.reader.run(), self._judge(), self._beat())
        ]
        try:
            await self.reader.ready_or((ended, *work))
            await asyncio.to_thread(warm_up)
            server = await self.start(host, port)
            self.port = server.sockets[0].getsockname()[1]
            log.info("realtime.started", host=host, port=self.port)
            await asyncio.wait((ended, *work), return_when=asyncio.FIRST_COMPLETED)
            await self._close(server)
        finally:
            for task in (ended, *work):
                task.cancel()
            results = await asyncio.gather(ended, *work, return_exceptions=True)
            await self._end_threads()
        # One of them ends by a defect only, which must not go unseen.
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _close(self, server: Server) -> None:
        """Everybody is told to come back; who does not listen is not waited for."""
        server.close(code=Close.RESTART, reason="restart")
        try:
            await asyncio.wait_for(server.wait_closed(), CLOSE_TIMEOUT_S)
        except TimeoutError:
            for one in server.all_connections:
                one.transport.abort()
            await server.wait_closed()

    async def _end_threads(self) -> None:
        """With their connections to the database, which each closes itself: all meet at the barrier."""
        barrier = threading.Barrier(JUDGE_THREADS)

        def leave() -> None:
            connections.close_all()
            barrier.wait()

        loop = asyncio.get_running_loop()
        ends = [loop.run_in_executor(self._threads, leave) for _ in range(JUDGE_THREADS)]
        await asyncio.gather(*ends)
        self._threads.shutdown()

    # --- Handshakes

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """None: let the library answer 101. Otherwise what is answered instead."""
        assert isinstance(connection, Socket)  # noqa: S101 - create_connection
        path, _mark, query = request.path.partition("?")
        is_upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        if path != PATH and path not in HEALTH_PATHS:
            return problem(404, "not_found", "Not found", "There is nothing here.")
        if is_upgrade and len(self.connections) + self._handshakes >= self.limits.connections:
            log.warning("realtime.full", connections=len(self.connections))
            return problem(503, "unavailable", "Not available right now", "Try again in a moment.")
        handshake = read_handshake(connection, request)
        if path != PATH or not is_upgrade:
            return refusal(await self._in_thread(plain_answer, handshake, path))
        ticket = parse_qs(query).get("ticket", [""])[0]
        if ticket:
            handshake = replace(handshake, cookie="", authorization="")
        self._handshakes += 1
        try:
            verdict = await self._in_thread(judge, handshake, ticket)
        except OUTAGES as error:
            log.warning("realtime.not_judged", reason=str(error))
            return problem(503, "unavailable", "Not available right now", "Try again in a moment.")
        finally:
            self._handshakes -= 1
        if verdict.admission is None:
            log.info("realtime.refused", code=verdict.status, **{"url.domain": handshake.host})
            return refusal(verdict)
        connection.admit(verdict.admission, verdict.handshake)
        return None

    async def _in_thread(self, decide: Any, *arguments: Any) -> Verdict:
        loop = asyncio.get_running_loop()
        found: Verdict = await loop.run_in_executor(self._threads, decide, *arguments)
        return found

    # --- Connections

    async def _handle(self, connection: ServerConnection) -> None:
        assert isinstance(connection, Socket)  # noqa: S101 - create_connection
        connection.forget_request()
        person_id = connection.admission.person_id
        if len(self.connections.of(audience_of(person_id))) >= self.limits.a_person:
            log.info("realtime.too_many", person_id=str(person_id))
            await connection.close(Close.TOO_MANY, "too many connections")
            return
        connection.due_at_s = connection.began_at_s + self._judge_every_s * _spread()
        position = self.hub.position
        self.connections.add(connection)
        self.hub.join(connection)
        try:
            self.connections.send([connection], _frame("realtime.hello", write_id(position)))
            await self._listen(connection)
        finally:
            self.hub.leave(connection)
            self.connections.remove(connection)
            self._log_end(connection)

    async def _listen(self, connection: Socket) -> None:
        """All that a client may say is where it was, once."""
        with contextlib.suppress(ConnectionClosed):
            async for said in connection:
                since = _resume_of(said)
                if since is None or connection.has_resumed:
                    await connection.close(Close.UNEXPECTED, 'only {"resume": id}, once')
                    return
                connection.has_resumed = True
                missed = self.hub.missed(connection, since)
                if missed is None:
                    missed = [_frame("realtime.reset", write_id(self.hub.position))]
                for frame in missed:
                    self.connections.send([connection], frame)

    def _log_end(self, connection: Socket) -> None:
        admission = connection.admission
        log.info(
            "realtime.closed",
            tenant_id=str(admission.tenant_id) if admission.tenant_id else None,
            person_id=str(admission.person_id),
            code=connection.close_code,
            sent=connection.sent,
            duration_s=round(time.monotonic() - connection.began_at_s, 1),
        )

    def _lost(self) -> None:
        """Everybody asks anew; pages spread that over some seconds."""
        log.warning("realtime.reset", connections=len(self.connections))
        self.connections.send(
            self.connections, _frame("realtime.reset", write_id(self.hub.position))
        )

    # --- Who still may listen

    def _judge_soon(self, tenant: str, audience: str) -> None:
        """Of a tenant, of a person, or of the person in the tenant; empty: of any."""
        for one in self.connections.of(audience) if audience else self.connections:
            if tenant in ("", str(one.admission.tenant_id)):
                one.due_at_s = 0.0
        self._wake.set()

    async def _judge(self) -> None:
        """Again and again, each by what it came with; who shares that, as the tabs of a browser, together."""
        while True:
            self._wake.clear()
            now = time.monotonic()
            together: dict[Handshake, list[Socket]] = {}
            for one in self.connections:
                together.setdefault(one.handshake_by, []).append(one)
            due = [
                self._judge_one(handshake, found)
                for handshake, found in together.items()
                if any(one.due_at_s <= now for one in found)
            ]
            await asyncio.gather(*due)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 1.0)

    async def _judge_one(self, handshake: Handshake, sockets: list[Socket]) -> None:
        for one in sockets:
            one.due_at_s = time.monotonic() + self._judge_every_s * _spread()
        try:
            verdict = await self._in_thread(judge, handshake)
        except OUTAGES as error:
            log.warning("realtime.not_judged", reason=str(error))
            verdict = Verdict(None, handshake, http.HTTPStatus.SERVICE_UNAVAILABLE)
        now = time.monotonic()
        for one in sockets:
            if verdict.admission is None and verdict.status >= 500:
                one.due_at_s = now + RETRY_S
                if now - one.judged_at_s > UNJUDGED_S:
                    self.connections.close(one, Close.LATER, "try again later")
            elif verdict.admission is None:
                self._cut(one, verdict.status)
            elif verdict.admission.person_id != one.admission.person_id:
                self._cut(one, http.HTTPStatus.UNAUTHORIZED)
            else:
                one.judged_at_s = now
                if verdict.admission != one.admission:
                    self.hub.leave(one)
                    one.admission = verdict.admission
                    one.audiences = verdict.admission.audiences
                    self.hub.join(one)

    def _cut(self, socket: Socket, status: int) -> None:
        self.hub.leave(socket)
        if status == http.HTTPStatus.UNAUTHORIZED:
            self.connections.close(socket, Close.SIGNED_OUT, "signed out")
        else:
            self.connections.close(socket, Close.REFUSED, "not allowed any more")

    # --- Beats and figures

    async def _beat(self) -> None:
        """So that browsers, which see no pings, notice a dead line; and have a recent id to resume from."""
        figures_s = time.monotonic()
        while True:
            await asyncio.sleep(self._beat_s)
            frame = _frame("realtime.beat", write_id(self.hub.position))
            self.connections.send(self.connections, frame)
            if time.monotonic() - figures_s >= FIGURES_EVERY_S:
                figures_s = time.monotonic()
                log.info(
                    "realtime.figures",
                    connections=len(self.connections),
                    people=self.connections.people,
                    heard=self.hub.heard,
                    sent=self.connections.sent,
                    cut=self.connections.cut,
                    lag_ms=self.reader.lag_ms,
                )
                self.reader.lag_ms = 0


def _spread() -> float:
    return random.uniform(1 - JUDGE_SPREAD, 1)  # noqa: S311 - no secret


def _frame(kind: str, entry_id: str) -> bytes:
    return orjson.dumps({"id": entry_id, "kind": kind, "data": {}})


def _resume_of(said: str | bytes) -> tuple[int, int] | None:
    """The id that a client resumes from; None for anything else."""
    try:
        found = orjson.loads(said)
        if isinstance(said, bytes) or set(found) != {"resume"}:
            return None
        return read_id(found["resume"])
    except (ValueError, TypeError, AttributeError):
        return None
