"""Once more, where two transactions got into each other's way: deadlocks and serialization failures.

PostgreSQL ends one of the two and means that it be tried again as a whole
(https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html).
"""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from django.db import OperationalError

from apps.common.database import in_transaction

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 4
# Full jitter up to a bound that doubles: two that met once are not to meet again.
BACKOFF_S = 0.02
SERIALIZATION_FAILURE, DEADLOCK_DETECTED = "40001", "40P01"


def is_conflict(error: BaseException) -> bool:
    """Whether the transaction failed because of another one, and for no other reason."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state in (SERIALIZATION_FAILURE, DEADLOCK_DETECTED)


def retrying(act: Callable[P, R]) -> Callable[P, R]:
    """Decorator, above `@transaction.atomic`: the whole is done again, at most TRIES times in all.

    For what has no effect but in its transaction. Within a transaction it does nothing: what is lost with it
    is lost to the outermost, which alone can begin again.
    """

    @wraps(act)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        tries = 1 if in_transaction() else TRIES
        for attempt in range(tries):
            try:
                return act(*args, **kwargs)
            except OperationalError as error:
                if attempt == tries - 1 or not is_conflict(error):
                    raise
                name = f"{act.__module__}.{act.__qualname__}"
                log.warning("database.conflict", act=name, attempt=attempt, reason=str(error))
            time.sleep(random.uniform(0, BACKOFF_S * 2**attempt))  # noqa: S311
        raise AssertionError("the last try returns or raises")

    return run
