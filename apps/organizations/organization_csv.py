"""Trees of organizations as CSV files (RFC 4180), as spreadsheets read and write them.

A line an organization: `path`, the names from below the workspace to its own with slashes between them, and
`archived`. A slash or a backslash in a name has a backslash before it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from apps.common.csv_writing import FORMULA, csv_line
from apps.organizations.csv_files import csv_read, csv_refuse
from apps.organizations.models import Organization

MAX_ROWS = 5000
MAX_BYTES = 2_097_152
HEADERS = {
    "path": "path",
    "organization": "path",
    "organisation": "path",
    "archived": "archived",
}
YES, NO = ("yes", "true", "1", "x"), ("", "no", "false", "0")
TEMPLATE = "path,archived\r\nEurope,no\r\nEurope / Lisbon,no\r\nEurope / Lisbon / Sales,no\r\n"
# An apostrophe before a formula makes it text, and one more before those that there are already keeps them.
BEGINS_FORMULA = re.compile(f"'*[{re.escape(''.join(FORMULA))}]")
GUARDED = re.compile(f"'+[{re.escape(''.join(FORMULA))}]")


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    """One organization of a file, unchecked. names: from below the workspace to its own."""

    line: int
    names: tuple[str, ...]
    archived: str = ""


@dataclass(frozen=True, slots=True)
class OrganizationFile:
    """text: what was read, to be read again. unused: headers of columns that mean nothing here."""

    rows: list[OrganizationRow]
    text: str
    unused: list[str] = field(default_factory=list)


def organization_csv_read(data: bytes) -> OrganizationFile:
    """The rows of a file, blank ones left out. Raises InvalidInput on the field `file`.

    As csv_files reads them.
    """
    file = csv_read(data, headers=HEADERS, needed="path", max_bytes=MAX_BYTES)
    rows: list[OrganizationRow] = []
    for line, values in file.lines:
        names = path_split(_unguarded(values.get("path", "")))
        rows.append(OrganizationRow(line, names, values.get("archived", "").lower()))
        if len(rows) > MAX_ROWS:
            csv_refuse(_("At most %d lines at a time.") % MAX_ROWS, "too_many_rows")
    if not rows:
        csv_refuse(_("There is nothing in this file: it has only a header line."), "no_rows")
    return OrganizationFile(rows, file.text, file.unused)


def organization_csv_lines(organizations: Iterable[Organization]) -> Iterator[str]:
    """The file for these, which come in tree order; what is above the first of them is not named."""
    names: dict[str, tuple[str, ...]] = {}
    yield _line("path", "archived")
    for one in organizations:
        above = names.get(one.path[: -Organization.steplen], ())
        # The workspace itself is where paths begin.
        names[one.path] = (*above, one.name) if one.depth > 1 else ()
        if one.depth > 1:
            yield _line(path_join(names[one.path]), "yes" if one.is_archived else "no")


def path_join(names: Iterable[str]) -> str:
    return " / ".join(re.sub(r"([\\/])", r"\\\1", name) for name in names)


def path_split(text: str) -> tuple[str, ...]:
    """The names of a path, with single spaces; empty for one that has none."""
    parts, part = [], ""
    tokens = iter(text)
    for char in tokens:
        if char == "/":
            parts.append(part)
            part = ""
        else:
            part += next(tokens, "\\") if char == "\\" else char
    names = tuple(" ".join(one.split()) for one in (*parts, part))
    return () if names == ("",) else names


def _line(*cells: str) -> str:
    return csv_line(f"'{cell}" if BEGINS_FORMULA.match(cell) else cell for cell in cells)


def _unguarded(cell: str) -> str:
    return cell[1:] if GUARDED.match(cell) else cell
