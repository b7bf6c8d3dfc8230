"""The members list against Fastify: interleaved runs on one core, medians, and what is to be reached.

`python -m benchmarks gateway --tenants 100`; what it needs is said by `require_tools`. PostgreSQL, Valkey and
wrk share the other core. GATEWAY_REPEATS and GATEWAY_SECONDS (5 and 4) make a trial shorter.
"""

import json
import os
import statistics
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings

from benchmarks.gateway_servers import Sample, Server, peer, platform, require_tools, stores_pinned
from benchmarks.gateway_table import print_samples, print_table
from benchmarks.gateway_world import MEMBERS_PATH, ORM_PATHS, World, build

REPEATS = int(os.environ.get("GATEWAY_REPEATS", "5"))
SECONDS = float(os.environ.get("GATEWAY_SECONDS", "4"))
CLIENTS = (16, 64)
PEERS = ("drizzle", "drizzle-cached", "pg", "pg-json", "pg-stamped")
OFF, ON, SCANT = "uncached", "cached", "exhausted"
NO_CACHE = {"API_RESPONSE_CACHE": "false"}
# Settings that a server is started with, and the one of ours without which it would be no other server.
VARIANTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    OFF: ("", NO_CACHE),
    ON: ("API_RESPONSE_CACHE", {}),
    # Some are let through before it refuses, as it is for whoever sends too many.
    SCANT: ("API_REQUESTS_PER_15_MINUTES", {**NO_CACHE, "API_REQUESTS_PER_15_MINUTES": "10"}),
}


@dataclass(frozen=True)
class Case:
    """One row of measurements: a server is asked for a path by somebody."""

    name: str
    server: Server
    path: str
    headers: Mapping[str, str]
    clients: int
    status: int = 200

    def measure(self) -> Sample:
        return self.server.load(
            self.path, self.headers, clients=self.clients, for_s=SECONDS, status=self.status
        )


def run(tenants: int) -> None:
    require_tools()
    world = build(tenants)
    results: dict[str, Sample] = {}
    with ExitStack() as stack:
        stack.enter_context(stores_pinned())
        servers = _start(stack)
        _compare(world, servers)
        results |= _medians(world, servers, _cases)
    with ExitStack() as stack:
        servers = {
            OFF: stack.enter_context(platform(OFF, NO_CACHE, workers=2, core=None)),
            "pg": stack.enter_context(peer("pg", workers=2, core=None)),
        }
        _compare(world, servers)
        results |= _medians(world, servers, _pairs)
    print_samples(results, f"medians of {REPEATS} runs of {SECONDS:.0f} s, {_versions()}")
    print_table(results)


def _versions() -> str:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return f"Node {node.stdout.strip()}"


def _start(stack: ExitStack) -> dict[str, Server]:
    found = {
        name: stack.enter_context(platform(name, env))
        for name, (setting, env) in VARIANTS.items()
        if not setting or hasattr(settings, setting)
    }
    return found | {name: stack.enter_context(peer(name)) for name in PEERS}


# --- What is asked ------------------------------------------------------------------------------------


def _cases(world: World, servers: Mapping[str, Server]) -> Iterator[Case]:
    owner = world.owner.headers()
    for clients in CLIENTS:
        for name, server in servers.items():
            if name != SCANT:
                yield Case(f"{name}/{clients}", server, MEMBERS_PATH, owner, clients)
        if world.unlimited:
            free = world.unlimited.headers()
            yield Case(f"unlimited/{clients}", servers[OFF], MEMBERS_PATH, free, clients)
        for path in ORM_PATHS:
            yield Case(f"{_label(path)}/{clients}", servers[OFF], path, owner, clients)
    for name, server, path, headers, status in _refusals(world, servers):
        yield Case(name, server, path, headers, CLIENTS[0], status)


def _label(path: str) -> str:
    return path.removeprefix("/api/v1/").partition("/")[0]


def _refusals(
    world: World, servers: Mapping[str, Server]
) -> Iterator[tuple[str, Server, str, Mapping[str, str], int]]:
    owner = world.owner.headers()
    nobody = {"Host": owner["Host"]}
    ours = servers[OFF]
    yield "401, no token", ours, MEMBERS_PATH, nobody, 401
    forged = {**nobody, "Authorization": owner["Authorization"][:-8] + "AAAAAAAA"}
    yield "401, forged token", ours, MEMBERS_PATH, forged, 401
    yield "403, no role", ours, MEMBERS_PATH, world.powerless.headers(), 403
    yield "404, no member", ours, MEMBERS_PATH, world.stranger.headers(), 404
    yield "404, no such route", ours, "/api/v1/nothing/", owner, 404
    if SCANT in servers:
        elsewhere = world.elsewhere.headers()
        while servers[SCANT].get(MEMBERS_PATH, elsewhere)[0] == 200:
            pass
        yield "429, too many", servers[SCANT], MEMBERS_PATH, elsewhere, 429


def _pairs(world: World, servers: Mapping[str, Server]) -> Iterator[Case]:
    for clients in CLIENTS:
        for name, server in servers.items():
            yield Case(f"{name} x2/{clients}", server, MEMBERS_PATH, world.owner.headers(), clients)


def _medians(world: World, servers: Mapping[str, Server], cases: Any) -> dict[str, Sample]:
    """Every case once, then every case again: what else goes on in the machine meets them alike."""
    samples: dict[str, list[Sample]] = {}
    for _ in range(REPEATS):
        for case in cases(world, servers):
            samples.setdefault(case.name, []).append(case.measure())
    return {name: _median(of_case) for name, of_case in samples.items()}


def _median(samples: list[Sample]) -> Sample:
    return Sample(
        *(
            statistics.median(getattr(one, field.name) for one in samples)
            for field in fields(Sample)
        )
    )


# --- Whether they answer alike ------------------------------------------------------------------------


def _compare(world: World, servers: Mapping[str, Server]) -> None:
    """The same JSON, and the page after it; the same refusals. Raises RuntimeError."""
    headers = world.owner.headers()
    names = [name for name in servers if name != SCANT]
    path = MEMBERS_PATH
    for _page in range(2):
        pages = {name: _json(servers[name], path, headers) for name in names}
        expected = pages[OFF]
        for name, page in pages.items():
            # Of the second page only the platform has a link back.
            if page["results"] != expected["results"] or page["next"] != expected["next"]:
                raise RuntimeError(f"{name} answers {path} with {page}\n{OFF} with {expected}")
        path = str(expected["next"]).partition("8000")[2]
    if expected["next"] is not None or not expected["results"]:
        raise RuntimeError(f"the list was to have two pages; the second is {expected}")
    for _name, _server, path, given, status in _refusals(world, {OFF: servers[OFF]}):
        for name in names:
            said = servers[name].get(path, given)[0]
            if said != status:
                raise RuntimeError(f"{name} answers {path} with {said} instead of {status}")


def _json(server: Server, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    status, body = server.get(path, headers)
    if status != 200:
        raise RuntimeError(f"{server.name}: {path} answers {status}: {body!r}")
    found: dict[str, Any] = json.loads(body)
    return found
