"""Reading lists of people to invite out of CSV files (RFC 4180), as spreadsheets write them."""

from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from apps.organizations.csv_files import csv_read, csv_refuse

MAX_ROWS = 1000
MAX_BYTES = 524_288
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

    As csv_files reads them.
    """
    file = csv_read(data, headers=HEADERS, needed="email", max_bytes=MAX_BYTES)
    rows: list[InvitationRow] = []
    for line, values in file.lines:
        rows.append(
            InvitationRow(
                line,
                values.get("email", ""),
                _roles(values.get("roles", "")),
                values.get("organization", ""),
            )
        )
        if len(rows) > MAX_ROWS:
            csv_refuse(
                _("At most %d people at a time. Split the file.") % MAX_ROWS, "too_many_rows"
            )
    if not rows:
        csv_refuse(_("There is nobody in this file: it has only a header line."), "no_rows")
    return InvitationFile(rows, file.text, file.unused)


def _roles(cell: str) -> tuple[str, ...]:
    return tuple(name for part in cell.split(ROLE_SEPARATOR) if (name := part.strip()))
