"""Reading CSV files (RFC 4180) with a header line, as spreadsheets write them."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput
from apps.common.uploads import known_format

DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class CsvFile:
    """text: what was read, to be read again. unused: headers of columns that mean nothing here."""

    text: str
    unused: list[str]
    lines: Iterator[tuple[int, dict[str, str]]]


def csv_read(data: bytes, *, headers: Mapping[str, str], needed: str, max_bytes: int) -> CsvFile:
    """The lines below the header, each with its number and its cells by column, stripped; no blank ones.

    UTF-8, with or without a byte order mark; comma, semicolon or tab, as the header line has it.
    headers: what a column is here, by what people call it in lower case. needed: the one that has to be
    there. Raises InvalidInput on the field `file`, for a broken line when it is reached.
    """
    if len(data) > max_bytes:
        csv_refuse(_("The file is too large: at most %d KiB.") % (max_bytes // 1024), "too_large")
    if found := known_format(data):
        csv_refuse(_("This is %s. Save it as “CSV UTF-8” and upload that.") % found, "not_csv")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        csv_refuse(
            _("The file is not in UTF-8. Save it as “CSV UTF-8” and upload it again."), "encoding"
        )
    if "\0" in text:
        csv_refuse(_("This is not a CSV file."), "not_csv")
    header, delimiter = _header(text, headers, needed)
    unused = [name for name in header if name and name not in headers.values()]
    return CsvFile(text, unused, _lines(text, header, delimiter))


def csv_refuse(message: str | Promise, code: str) -> NoReturn:
    raise InvalidInput.field("file", message, code)


def _header(text: str, headers: Mapping[str, str], needed: str) -> tuple[list[str], str]:
    """The columns' names, those that we know by ours; and what stands between them."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    for delimiter in DELIMITERS:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        names = [" ".join(cell.split()) for cell in cells]
        header = [headers.get(name.lower(), name) for name in names]
        if needed not in header:
            continue
        known = [name for name in header if name in headers.values()]
        if len(known) != len(set(known)):
            csv_refuse(_("The header names a column twice."), "header_twice")
        return header, delimiter
    csv_refuse(
        _("The first line has to name the columns; one of them has to be “%s”.") % needed,
        "no_header",
    )


def _lines(text: str, header: list[str], delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins, is_header = 1, True
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                if not is_header:
                    yield begins, dict(zip(header, stripped, strict=False))
                is_header = False
            begins = reader.line_num + 1
    except csv.Error:
        csv_refuse(
            _("Line %d cannot be read: check its quotation marks.") % (reader.line_num or 1),
            "not_csv",
        )
