"""A nullable column: what most releases add."""

from tests.fleet_migrations import REAL

__path__ = [*__path__, *REAL]
