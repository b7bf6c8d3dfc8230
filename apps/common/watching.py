"""Tables whose every write in a tenant is noticed, so that what was read from them can be kept.

The database backend looks at each statement (apps/tenants/backend): a service cannot forget. What is read
together has a Namespace of each tenant, which a write to one of its tables invalidates: from before the
commit until after it nobody keeps or uses what was read. Not noticed are COPY, functions of the database,
and migrations.
"""

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

from apps.common.caching import Namespace

TTL_S = 60
WRITE = re.compile(
    r'\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?"?(\w+)"?', re.IGNORECASE
)
READ = re.compile(r'\b(?:FROM|JOIN)\s+(?:ONLY\s+)?"?(\w+)"?', re.IGNORECASE)
WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")

# By table.
_watched: dict[str, list["Watch"]] = {}


class Watch:
    """Of the tables of these models. Made at import."""

    def __init__(self, name: str, *models: type[Model]) -> None:
        self.namespace = Namespace(f"tables.{name}", ttl_s=TTL_S)
        self.tables = frozenset(model._meta.db_table for model in models)
        for table in self.tables:
            _watched.setdefault(table, []).append(self)

    def check(self, statement: str) -> None:
        """Raises ImproperlyConfigured for a statement that reads a table which is not watched."""
        unwatched = {table for table in READ.findall(statement) if "_" in table} - self.tables
        if unwatched:
            raise ImproperlyConfigured(
                f"{self.namespace.name} does not watch {', '.join(sorted(unwatched))}"
            )


def written_by(statement: Any) -> list[Namespace]:
    """Of the watched tables that the statement writes to. Costs next to nothing for what reads."""
    text = statement if isinstance(statement, str) else ""
    if isinstance(statement, bytes):
        text = statement.decode(errors="replace")
    elif not text and hasattr(statement, "as_string"):
        text = statement.as_string(None)
    if not text.lstrip()[:6].upper().startswith(WRITES):
        return []
    watching = {one for table in WRITE.findall(text) for one in _watched.get(table, ())}
    return [one.namespace for one in watching]
