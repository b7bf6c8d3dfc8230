"""A column that Python fills: it cannot be replayed."""

from tests.fleet_migrations import REAL

__path__ = [*__path__, *REAL]
