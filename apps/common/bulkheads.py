"""Bulkheads: of one process, no more than so many threads wait for the same outsider at once.

Without them one that is slow takes every thread, and what needs nobody stands still with it
(M. Nygard, Release It!, 2nd edition, 5.3). In this process only: a lock in Redis would cost every call a
round trip, and a process that dies would have to give its places back.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class BulkheadFull(Exception):
    """As many as may are waiting for it already. name: of the bulkhead."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"as many calls to {name} are under way as may be")


@dataclass
class _Places:
    free: threading.BoundedSemaphore
    in_use: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, change: int) -> int:
        with self.lock:
            self.in_use += change
            return self.in_use


_places: dict[tuple[str, int], _Places] = {}
_making = threading.Lock()


@contextmanager
def place(name: str, at_once: int, wait_s: float = 0.0) -> Iterator[int]:
    """For the block one of `at_once` places; yields how many are taken with it.

    wait_s: for so long a place is waited for. Raises BulkheadFull.
    """
    places = _places.get((name, at_once))
    if places is None:
        with _making:
            places = _places.setdefault(
                (name, at_once), _Places(threading.BoundedSemaphore(at_once))
            )
    if not places.free.acquire(timeout=wait_s):
        raise BulkheadFull(name)
    try:
        in_use = places.count(+1)
        try:
            yield in_use
        finally:
            places.count(-1)
    finally:
        places.free.release()
