"""So many within so many seconds, counted in Redis: for services, which know of no request.

Windows are fixed: of two that follow one another, twice as many may fall within a moment.
"""

import time
from dataclasses import dataclass

from django.core.cache import caches


@dataclass(frozen=True, slots=True)
class Limit:
    """name: `app.thing`; what is counted together besides has a key of its own."""

    name: str
    at_most: int
    window_s: int

    def consume(self, key: str) -> int:
        """Count one; 0, or in how many seconds the next is let through. Raises redis' errors."""
        cache = caches["global"]
        window = int(time.time()) // self.window_s
        name = f"limit:{self.name}:{window}:{key}"
        cache.add(name, 0, self.window_s + 5)
        if cache.incr(name) <= self.at_most:
            return 0
        return (window + 1) * self.window_s - int(time.time()) or 1
