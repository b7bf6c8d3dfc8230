"""A column whose default is another one each time."""

from tests.fleet_migrations import REAL

__path__ = [*__path__, *REAL]
