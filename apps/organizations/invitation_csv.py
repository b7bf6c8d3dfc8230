"""Reading lists of people to invite out of CSV files (RFC 4180), as spreadsheets write them."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput

MAX_ROWS = 1000
MAX_BYTES = 524_288
DELIMITERS = (",", ";", "\t")
# What spreadsheets call a column, by what it is here.
HEADERS = {
    "email": "email",
    "e-mail": "email",
    "mail": "email",
    "email address": "email",
    "e-mail address": "email",
    "role": "roles",
    "roles": "roles",
    "organization": "organization",
    "organisation": "organization",
}
# Between several roles in one cell; none of the delimiters.
ROLE_SEPARATOR = "|"
TEMPLATE = "email,roles,organization\r\ndana@example.com,Member,\r\nevan@example.com,Member,\r\n"


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """One person to invite, unchecked. line: where they are in the file, or their number in a list, from 1.

    roles: ids, codes or names; none: the everyday role. organization: an id, a name, or names from the top
    joined by slashes; empty: the root.
    """

    line: int
    email: str
    roles: tuple[str, ...] = ()
    organization: str = ""


@dataclass(frozen=True, slots=True)
class InvitationFile:
    """text: what was read, to be read again. unused: headers of columns that mean nothing here."""

    rows: list[InvitationRow]
    text: str
    unused: list[str] = field(default_factory=list)


def invitation_csv_read(data: bytes) -> InvitationFile:
    """The rows of a file, blank ones left out. Raises InvalidInput on the field `file`.

    UTF-8, with or without a byte order mark; comma, semicolon or tab, as the header line has it.
    """
    if len(data) > MAX_BYTES:
        raise _wrong(_("The file is too large: at most %d KiB.") % (MAX_BYTES // 1024), "too_large")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(
            _("The file is not in UTF-8. Save it as “CSV UTF-8” and upload it again."), "encoding"
        ) from error
    if "\0" in text:
        raise _wrong(_("This is not a CSV file."), "not_csv")
    header, delimiter = _header(text)
    rows: list[InvitationRow] = []
    for line, cells in _lines(text, delimiter):
        if line == 0:
            continue
        values = dict(zip(header, cells, strict=False))
        rows.append(
            InvitationRow(
                line,
                values.get("email", ""),
                _roles(values.get("roles", "")),
                values.get("organization", ""),
            )
        )
        if len(rows) > MAX_ROWS:
            raise _wrong(
                _("At most %d people at a time. Split the file.") % MAX_ROWS, "too_many_rows"
            )
    if not rows:
        raise _wrong(_("There is nobody in this file: it has only a header line."), "no_rows")
    unused = [name for name in header if name and name not in HEADERS.values()]
    return InvitationFile(rows, text, unused)


def _header(text: str) -> tuple[list[str], str]:
    """The columns' names, those that we know by ours; and what stands between them."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    for delimiter in DELIMITERS:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        names = [" ".join(cell.split()) for cell in cells]
        header = [HEADERS.get(name.lower(), name) for name in names]
        if "email" not in header:
            continue
        known = [name for name in header if name in HEADERS.values()]
        if len(known) != len(set(known)):
            raise _wrong(_("The header names a column twice."), "header_twice")
        return header, delimiter
    raise _wrong(
        _("The first line has to name the columns; one of them has to be “email”."), "no_header"
    )


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each begins at, stripped; 0 for the header. Blank ones are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins, is_header = 1, True
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield (0 if is_header else begins), stripped
                is_header = False
            begins = reader.line_num + 1
    except csv.Error as error:
        raise _wrong(
            _("Line %d cannot be read: check its quotation marks.") % (reader.line_num or 1),
            "not_csv",
        ) from error


def _roles(cell: str) -> tuple[str, ...]:
    return tuple(name for part in cell.split(ROLE_SEPARATOR) if (name := part.strip()))


def _wrong(message: str | Promise, code: str) -> InvalidInput:
    return InvalidInput.field("file", message, code)
