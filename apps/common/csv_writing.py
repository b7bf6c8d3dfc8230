"""Writing CSV (RFC 4180) that a spreadsheet opens without running what is in it."""

import csv
import io
from collections.abc import Iterable

# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_bytes(lines: Iterable[Iterable[object]]) -> bytes:
    """A text that would be a formula begins with an apostrophe; numbers are as they are, None is empty."""
    file = io.StringIO()
    csv.writer(file).writerows([_cell(value) for value in line] for line in lines)
    return file.getvalue().encode()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
