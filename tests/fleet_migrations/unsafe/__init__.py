"""What the release before cannot work with, or what locks a table for long: each is refused."""

from tests.fleet_migrations import REAL

__path__ = [*__path__, *REAL]
