"""Trees of organizations as CSV files (RFC 4180), as spreadsheets read and write them.

A line an organization: `path`, the names from below the workspace to its own with slashes between them, and
`archived`. A slash or a backslash in a name has a backslash before it.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput
from apps.organizations.models import Organization

MAX_ROWS = 5000
MAX_BYTES = 2_000_000
DELIMITERS = (",", ";", "\t")
HEADERS = {
    "path": "path",
    "organization": "path",
    "organisation": "path",
    "archived": "archived",
}
YES, NO = ("yes", "true", "1", "x"), ("", "no", "false", "0")
TEMPLATE = "path,archived\r\nEurope,no\r\nEurope / Lisbon,no\r\nEurope / Lisbon / Sales,no\r\n"
# What a spreadsheet takes for a formula. An apostrophe before it makes it text, and one more before those
# that there are already keeps them.
FORMULA = re.compile(r"'*[=+\-@\t\r]")
GUARDED = re.compile(r"'+[=+\-@\t\r]")


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

    UTF-8, with or without a byte order mark; comma, semicolon or tab, as the header line has it.
    """
    if len(data) > MAX_BYTES:
        raise _wrong(_("The file is too large: at most %d KB.") % (MAX_BYTES // 1000), "too_large")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(
            _("The file is not in UTF-8. Save it as “CSV UTF-8” and upload it again."), "encoding"
        ) from error
    if "\0" in text:
        raise _wrong(_("This is not a CSV file."), "not_csv")
    header, delimiter = _header(text)
    rows: list[OrganizationRow] = []
    for line, cells in _lines(text, delimiter):
        values = dict(zip(header, cells, strict=False))
        names = path_split(_unguarded(values.get("path", "")))
        rows.append(OrganizationRow(line, names, values.get("archived", "").lower()))
        if len(rows) > MAX_ROWS:
            raise _wrong(_("At most %d lines at a time.") % MAX_ROWS, "too_many_rows")
    if not rows:
        raise _wrong(_("There is nothing in this file: it has only a header line."), "no_rows")
    unused = [name for name in header if name and name not in HEADERS.values()]
    return OrganizationFile(rows, text, unused)


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
    target = io.StringIO()
    csv.writer(target).writerow([f"'{cell}" if FORMULA.match(cell) else cell for cell in cells])
    return target.getvalue()


def _unguarded(cell: str) -> str:
    return cell[1:] if GUARDED.match(cell) else cell


def _header(text: str) -> tuple[list[str], str]:
    """The columns' names, those that we know by ours; and what stands between them."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    for delimiter in DELIMITERS:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        names = [" ".join(cell.split()) for cell in cells]
        header = [HEADERS.get(name.lower(), name) for name in names]
        if "path" not in header:
            continue
        known = [name for name in header if name in HEADERS.values()]
        if len(known) != len(set(known)):
            raise _wrong(_("The header names a column twice."), "header_twice")
        return header, delimiter
    raise _wrong(
        _("The first line has to name the columns; one of them has to be “path”."), "no_header"
    )


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows below the header with the line each begins at, stripped. Blank ones are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins, is_header = 1, True
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                if not is_header:
                    yield begins, stripped
                is_header = False
            begins = reader.line_num + 1
    except csv.Error as error:
        raise _wrong(
            _("Line %d cannot be read: check its quotation marks.") % (reader.line_num or 1),
            "not_csv",
        ) from error


def _wrong(message: str | Promise, code: str) -> InvalidInput:
    return InvalidInput.field("file", message, code)
