"""What the platform keeps about people, table by table: to hand it out to them, and to erase it.

Each app declares its tables in `personal_data.py`, once. A test compares the declarations with the columns of
all models, so that no table with somebody's name or address is forgotten.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Model, Q, QuerySet

# What stands where a name was.
ERASED_NAME = "Erased person"


@dataclass(frozen=True, slots=True)
class Subject:
    """The person whose data it is. email: an address that they have proved to be theirs, or ""."""

    person_id: uuid.UUID
    email: str

    @property
    def pseudonym(self) -> str:
        """An address that nobody can have (RFC 2606), the same wherever the person's stood."""
        return f"{self.person_id.hex}@erased.invalid"


@dataclass(frozen=True, slots=True)
class PersonalRows:
    """The rows of a table that are about a person.

    columns: what the person gets of them. erase: removes or pseudonymises them, and can be repeated; the
    rest of the row, its id above all, stays where others build on it.
    """

    model: type[Model]
    about: Callable[[Subject], Q]
    columns: tuple[str, ...]
    erase: Callable[[QuerySet[Any], Subject], object]

    @property
    def is_tenants(self) -> bool:
        """Whether the table is in each tenant's schema."""
        return self.model._meta.app_config.name in settings.TENANT_APPS

    def of(self, subject: Subject) -> QuerySet[Any]:
        return self.model._default_manager.filter(self.about(subject))


_declared: list[PersonalRows] = []


def declare(*rows: PersonalRows) -> None:
    """Called by an app's `personal_data.py`, when it is imported at the start."""
    _declared.extend(rows)


def declared(*, is_tenants: bool) -> list[PersonalRows]:
    """In the order in which they are to be erased: what was declared last, first."""
    return [rows for rows in reversed(_declared) if rows.is_tenants is is_tenants]


def tables_of(subject: Subject, *, is_tenants: bool) -> dict[str, list[dict[str, Any]]]:
    """What is kept about a person, by table, without the empty ones. One statement a table."""
    found = {}
    for rows in declared(is_tenants=is_tenants):
        values = rows.of(subject).order_by("pk").values(*rows.columns)
        if values:
            found[rows.model._meta.label_lower] = list(values)
    return dict(sorted(found.items()))


def delete(rows: QuerySet[Any], _subject: Subject) -> None:
    rows.delete()


def overwrite(**values: Any) -> Callable[[QuerySet[Any], Subject], None]:
    """An `erase` that sets columns; a callable is given the subject."""

    def erase(rows: QuerySet[Any], subject: Subject) -> None:
        rows.update(
            **{name: value(subject) if callable(value) else value for name, value in values.items()}
        )

    return erase


def pseudonym(subject: Subject) -> str:
    return subject.pseudonym


def replaced(value: Any, subject: Subject) -> Any:
    """A JSON value with the person's address replaced wherever it stands alone."""
    if isinstance(value, dict):
        return {key: replaced(one, subject) for key, one in value.items()}
    if isinstance(value, list):
        return [replaced(one, subject) for one in value]
    is_it = (
        isinstance(value, str) and subject.email and value.casefold() == subject.email.casefold()
    )
    return subject.pseudonym if is_it else value
