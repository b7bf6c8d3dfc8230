"""No cell of a file that people open in a spreadsheet is run there."""

import csv
import io

import pytest

from apps.common.csv_writing import FORMULA, csv_bytes


def cells(line: list[object], delimiter: str = ",") -> list[str]:
    text = csv_bytes([line]).decode()
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize("begins", FORMULA)
def test_a_formula_is_text(begins: str) -> None:
    assert cells([f"{begins}cmd|' /C calc'!A0"])[0].startswith("'")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_formula_behind_another_delimiter_is_no_cell(delimiter: str) -> None:
    found = cells([f"Acme{delimiter}=1+1", "x"], delimiter)
    assert not [cell for cell in found if cell.startswith(FORMULA)]


def test_the_rest_is_as_it_is() -> None:
    line = ["Müller, Ana", 'say "hi"', -5, 1.5, None, "", "two\nlines", "a'b", True]
    assert csv_bytes([line]).decode() == (
        '"Müller, Ana","say ""hi""",-5,1.5,,,"two\nlines",a\'b,True\r\n'
    )
    assert csv_bytes([]) == b""
