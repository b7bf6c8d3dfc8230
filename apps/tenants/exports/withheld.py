"""Columns of tenants' tables that leave in no archive: what would let somebody in, such as hashes of secrets.

The apps that own the tables declare them. They are NULL in what is made of the archive.
"""

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

_withheld: dict[str, frozenset[str]] = {}


def register_withheld(model: type[Model], *names: str) -> None:
    """From an app's AppConfig.ready(). Raises ImproperlyConfigured for a column that must not be NULL."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    for name in names:
        if not fields[name].null:
            raise ImproperlyConfigured(f"{model._meta.label}.{name} cannot be withheld")
    _withheld[model._meta.db_table] = frozenset(str(fields[name].column) for name in names)


def is_withheld(table: str, column: str) -> bool:
    return column in _withheld.get(table, ())
