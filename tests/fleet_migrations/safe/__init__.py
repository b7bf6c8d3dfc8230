"""The same wishes, done in a way that is accepted."""

from tests.fleet_migrations import REAL

__path__ = [*__path__, *REAL]
