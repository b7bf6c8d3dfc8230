"""Writing CSV (RFC 4180) that a spreadsheet opens without running what is in it."""

import re
from collections.abc import Iterable

# What a spreadsheet takes for the beginning of a formula, also in the wide forms of East Asian keyboards.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# A semicolon or a tab divides cells where the spreadsheet's language has it so: what follows would be a cell.
QUOTED = re.compile('[,;\t"\r\n]')


def csv_bytes(lines: Iterable[Iterable[object]]) -> bytes:
    """A text that would be a formula begins with an apostrophe; numbers are as they are, None is empty."""
    return "".join(csv_line(_guarded(value) for value in line) for line in lines).encode()


def csv_line(cells: Iterable[object]) -> str:
    """One line, as it is: without a guard against formulas."""
    return ",".join(_cell(cell) for cell in cells) + "\r\n"


def _guarded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    if not QUOTED.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
