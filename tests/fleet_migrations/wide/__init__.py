"""Three migrations with most of what Django's schema operations do."""

from tests.fleet_migrations import REAL

__path__ = [*__path__, *REAL]
