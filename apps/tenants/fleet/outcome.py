"""What became of one schema, and how errors and locks that are held by others are dealt with."""

import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from psycopg import Error
from psycopg.errors import DeadlockDetected, LockNotAvailable

from apps.tenants.models import MigrationTarget

# Attempts at a schema whose tables somebody else holds. The pauses between them add up to about 8 s, so
# that with the lock timeout of 2 s a transaction of some 15 s is waited for, without blocking the app
# for longer than the lock timeout at a time.
LOCK_ATTEMPTS = 6
FIRST_PAUSE_S = 0.25
ERROR_MAX_CHARS = 4000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """lock_ms: how long a statement waits for a lock, and so blocks the app. statement_s: 0 for no end."""

    lock_ms: int = 2_000
    statement_s: int = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """error: empty if the schema is current. marked: the manifest says so already.

    is_held: it failed because somebody held its tables all the time, such as an export.
    """

    target: MigrationTarget
    attempts: int
    migrations: int = 0
    duration_ms: int = 0
    error: str = ""
    marked: bool = False
    is_held: bool = False

    @classmethod
    def failed(cls, target: MigrationTarget, attempts: int, error: Exception) -> "Outcome":
        return cls(target, attempts, error=error_text(error), is_held=is_lock_error(error))


class ConnectionLost(RuntimeError):
    """PostgreSQL went away: no fault of the schema at hand, and no use in trying the next."""


class Attempts:
    """Calls something again while a lock is not to be had; `made` counts."""

    def __init__(self) -> None:
        self.made = 0

    def until_unlocked(self, run: Callable[[], T]) -> T:
        """Raises what `run` raises; a lock timeout or a deadlock only after LOCK_ATTEMPTS."""
        while True:
            self.made += 1
            try:
                return run()
            except Exception as error:
                if not is_lock_error(error) or self.made >= LOCK_ATTEMPTS:
                    raise
            pause_s = FIRST_PAUSE_S * 2 ** (self.made - 1)
            time.sleep(pause_s * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret


def is_lost(error: Exception) -> bool:
    """Whether the connection went, rather than a statement: no SQLSTATE, or of the classes 08 and 57P."""
    state = getattr(cause(error), "sqlstate", None)
    return state is None or state.startswith(("08", "57P"))


def cause(error: Exception) -> Exception:
    """PostgreSQL's own error, which Django wraps."""
    return error.__cause__ if isinstance(error.__cause__, Error) else error


def is_lock_error(error: Exception) -> bool:
    return isinstance(cause(error), LockNotAvailable | DeadlockDetected)


def error_text(error: Exception) -> str:
    """First line: type and message. Then, where it is Python that failed, the end of the traceback."""
    inner = cause(error)
    text = f"{type(inner).__name__}: {inner}"
    if not isinstance(inner, Error):
        text += "\n\n" + "".join(traceback.format_tb(error.__traceback__, limit=-5))
    return text[:ERROR_MAX_CHARS]
