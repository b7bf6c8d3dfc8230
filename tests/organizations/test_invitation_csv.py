"""Files as spreadsheets write them, and as they should not."""

import pytest

from apps.common.errors import InvalidInput
from apps.organizations.invitation_csv import MAX_BYTES, MAX_ROWS, TEMPLATE, invitation_csv_read


def read(text: str | bytes) -> list[tuple[int, str, tuple[str, ...], str]]:
    data = text if isinstance(text, bytes) else text.encode()
    rows = invitation_csv_read(data).rows
    return [(row.line, row.email, row.roles, row.organization) for row in rows]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write(mark: str, newline: str, delimiter: str) -> None:
    lines = [
        "email,roles,organization",
        "a@b.test,Member|Admin,Acme / Lisbon",
        ",,",
        " c@d.test ,,",
    ]
    text = mark + newline.join(lines).replace(",", delimiter)
    assert read(text) == [
        (2, "a@b.test", ("Member", "Admin"), "Acme / Lisbon"),
        (4, "c@d.test", (), ""),
    ]


def test_columns_in_any_order_by_any_usual_name_and_others() -> None:
    text = "Name;ROLE; E-Mail  Address ;Phone\nDana;Admin;dana@b.test;1\nEve;;eve@b.test\n"
    found = invitation_csv_read(text.encode())
    assert found.unused == ["Name", "Phone"]
    assert read(text) == [(2, "dana@b.test", ("Admin",), ""), (3, "eve@b.test", (), "")]


def test_one_column_quotes_and_lines_within_cells() -> None:
    assert read("\n\nemail\na@b.test\n\nc@d.test") == [
        (4, "a@b.test", (), ""),
        (6, "c@d.test", (), ""),
    ]
    text = (
        'email,roles,note\n"a@b.test","Sales, EMEA","two\nlines"\nc@d.test,"A ""quoted"" role",\n'
    )
    assert read(text) == [
        (2, "a@b.test", ("Sales, EMEA",), ""),
        (4, "c@d.test", ('A "quoted" role',), ""),
    ]


def test_the_template_can_be_read() -> None:
    assert [row[1] for row in read(TEMPLATE)] == ["dana@example.com", "evan@example.com"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_header"),
        (b"   \n\n", "no_header"),
        (b"a@b.test\nc@d.test\n", "no_header"),
        (b"name,phone\nDana,1\n", "no_header"),
        (b"email\n", "no_rows"),
        (b"email,roles\n,\n,\n", "no_rows"),
        (b"email,mail\na@b.test,c@d.test\n", "header_twice"),
        ("email\nj\xfcrgen@b.test\n".encode("latin-1"), "encoding"),
        ("email\na@b.test\n".encode("utf-16"), "encoding"),
        (b"email\na\0@b.test\n", "not_csv"),
        (b'email\n"a@b.test\n', "not_csv"),
        (b'email,roles\n"a@b.test"x,y\n', "not_csv"),
        (b"PK\x03\x04\x00\x00", "not_csv"),
        (b"email\n" + b"x" * 140_000, "not_csv"),
        (b"email\n" + b"a" * MAX_BYTES, "too_large"),
        (b"email\n" + b"a@b.test\n" * (MAX_ROWS + 1), "too_many_rows"),
    ],
)
def test_what_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        invitation_csv_read(data)
    assert (caught.value.code, caught.value.errors[0].attr) == (code, "file")


def test_as_many_as_allowed() -> None:
    assert len(read(b"email\n" + b"a@b.test\n" * MAX_ROWS)) == MAX_ROWS
