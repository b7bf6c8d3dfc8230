"""Telling whether something between us and PostgreSQL mixes the sessions of its clients."""

import select
from contextlib import ExitStack, closing
from typing import Any

import psycopg

# Enough for a pooler that is not busy. One that keeps sessions and has no backend left lets us wait.
PROBE_TIMEOUT_S = 3


def pooler_mixes_clients(parameters: dict[str, Any]) -> bool:
    """Whether two clients that are connected at once get the same backend, one after the other.

    parameters: psycopg's. A pooler gives its clients process ids of its own making, so a direct connection
    is told by one round trip. Raises psycopg.Error where there is no connection to be had.
    """
    parameters = {**parameters, "autocommit": True, "connect_timeout": PROBE_TIMEOUT_S}
    parameters.pop("cursor_factory", None)
    with ExitStack() as clients:
        first = clients.enter_context(closing(psycopg.connect(**parameters)))
        backend = _backend(first)
        if backend == first.info.backend_pid:
            return False
        # A pooler lends the backend that came back last; where it has more of them, we ask more often.
        seen = {backend}
        for _ in range(3):
            backend = _backend(clients.enter_context(closing(psycopg.connect(**parameters))))
            if backend is None:
                return False
            if backend in seen:
                return True
            seen.add(backend)
    return False


def _backend(client: psycopg.Connection[Any]) -> int | None:
    """Process id of the server's end; None if there was no answer in PROBE_TIMEOUT_S."""
    client.pgconn.send_query(b"SELECT pg_backend_pid()")
    readable, _, _ = select.select([client.fileno()], [], [], PROBE_TIMEOUT_S)
    result = client.pgconn.get_result() if readable else None
    value = result.get_value(0, 0) if result else None
    return int(value) if value else None
