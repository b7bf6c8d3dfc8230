"""An index that is built without locking the table: no transaction, so no replay."""

from tests.fleet_migrations import REAL

__path__ = [*__path__, *REAL]
