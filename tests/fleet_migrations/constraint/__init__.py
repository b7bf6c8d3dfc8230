"""A constraint that the rows of some tenants break."""

from tests.fleet_migrations import REAL

__path__ = [*__path__, *REAL]
