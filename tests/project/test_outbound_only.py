"""One client for what the platform asks of others: nobody else imports a library that makes requests."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = {
    "aiohttp",
    "http.client",
    "httplib2",
    "httpx",
    "requests",
    "urllib.request",
    "urllib3",
    "websockets.client",
    "websockets.sync.client",
}
CLIENT = "apps/common/outbound/"
EXCEPTIONS = {
    "apps/sandbox/": "plays those whom the platform asks, and asks the platform itself; not in production",
    "apps/common/demo_session.py": "asks the demo's own server on this machine whether it is up",
    "apps/notifications/push/apns.py": (
        "Apple speaks HTTP/2 only, which requests does not; with the bulkhead and the counts of its Upstream"
    ),
    "apps/notifications/push/fcm.py": (
        "google.auth.transport.requests wraps the session that Upstream gives it"
    ),
}


@cache
def imported(path: Path) -> set[str]:
    """Modules, and names taken out of modules, with what they are inside of."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return {name[: len(part)] for name in found for part in parts(name)}


def parts(name: str) -> list[str]:
    steps = name.split(".")
    return [".".join(steps[: count + 1]) for count in range(len(steps))]


def users(client: str) -> list[str]:
    files = [*(ROOT / "apps").rglob("*.py"), *(ROOT / "config").rglob("*.py")]
    return sorted(
        str(path.relative_to(ROOT))
        for path in files
        if client in imported(path) and not str(path.relative_to(ROOT)).startswith(CLIENT)
    )


def test_only_the_client_makes_requests() -> None:
    found = {file for client in CLIENTS for file in users(client)}
    unknown = {file for file in found if not file.startswith(tuple(EXCEPTIONS))}
    assert not unknown, "declare an Upstream (docs/resilience.md) instead of a client of one's own"


def test_exceptions_are_still_some() -> None:
    found = {
        file for client in {*CLIENTS, "google.auth.transport.requests"} for file in users(client)
    }
    assert [one for one in EXCEPTIONS if not any(file.startswith(one) for file in found)] == []
