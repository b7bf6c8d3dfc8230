"""Real PostgreSQL and Valkey servers out of wheels, for the demo, development and tests.

Settings call `ensure_postgres()` and `ensure_valkey()` when DATABASE_URL and REDIS_URL are unset.
Standard library only: this is imported before Django is set up.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from apps.common.embedded.errors import ServiceError
from apps.common.embedded.postgres import Postgres, app_login
from apps.common.embedded.server import Profile, Server, log_path, make_state_folders, state_folder
from apps.common.embedded.valkey import Valkey

__all__ = [
    "NAMES",
    "Profile",
    "ServiceError",
    "ServiceStatus",
    "Use",
    "app_login",
    "ensure_postgres",
    "ensure_valkey",
    "in_use",
    "log_path",
    "make_state_folders",
    "start",
    "state_folder",
    "status",
    "stop",
]

_CLASSES: dict[str, type[Server]] = {"postgres": Postgres, "valkey": Valkey}
NAMES = tuple(_CLASSES)


@dataclass(frozen=True)
class Use:
    """A server that this process relies on."""

    name: str
    profile: Profile
    started_here: bool


@dataclass(frozen=True)
class ServiceStatus:
    """What is known of a server without starting it. url holds the password."""

    name: str
    profile: Profile
    running: bool
    ready: bool
    pid: int | None
    port: int | None
    url: str | None
    log: str


_uses: dict[tuple[str, Profile], Use] = {}


def ensure_postgres(profile: Profile = "local") -> str:
    """URL of the embedded PostgreSQL, which is started if it doesn't run. Raises ServiceError.

    profile: "test" has a folder of its own and gives up durability for speed.
    Costs about a millisecond when the server runs, about a second at the very first start.
    """
    return _url_for_settings("postgres", profile)


def ensure_valkey(profile: Profile = "local") -> str:
    """URL of the embedded Valkey, which is started if it doesn't run. Raises ServiceError."""
    return _url_for_settings("valkey", profile)


def start(name: str, profile: Profile = "local") -> str:
    """Start one server unless it runs, remember that it is used here, and return its URL."""
    url, started = _CLASSES[name](profile).ensure()
    earlier = _uses.get((name, profile))
    started_here = started or (earlier is not None and earlier.started_here)
    _uses[name, profile] = Use(name, profile, started_here)
    return url


def stop(names: Iterable[str] = NAMES, profile: Profile = "local") -> dict[str, bool]:
    """Stop servers; tells for each whether it ran."""
    # Valkey first: PostgreSQL is what the rest depends on.
    return {name: _CLASSES[name](profile).stop() for name in sorted(names, reverse=True)}


def status(names: Iterable[str] = NAMES, profile: Profile = "local") -> list[ServiceStatus]:
    """Look at servers without starting them."""
    return [_status(_CLASSES[name](profile)) for name in names]


def in_use() -> list[Use]:
    """The servers that this process asked for: none when the environment names its own."""
    return list(_uses.values())


def _status(server: Server) -> ServiceStatus:
    found = server.running()
    return ServiceStatus(
        name=server.name,
        profile=server.profile,
        running=found is not None,
        ready=found is not None and found.ready,
        pid=found.pid if found else None,
        port=found.port if found else None,
        url=server.url(found.port) if found else None,
        log=str(server.log),
    )


def _url_for_settings(name: str, profile: Profile) -> str:
    # `manage.py services stop` loads the settings first: they must not start what it is to stop.
    if sys.argv[1:2] == ["services"]:
        server = _CLASSES[name](profile)
        return server.url(server.stored_port())
    return start(name, profile)
