"""What a file is by its first bytes, whatever its name and the browser say."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The formats that people take for something else, by how they begin.
SIGNATURES: tuple[tuple[bytes, str | Promise], ...] = (
    (b"PK\x03\x04", _("a workbook or an archive (such as .xlsx or .zip)")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _("an old workbook or document (such as .xls)")),
    (b"%PDF-", _("a PDF document")),
    (b"\x1f\x8b", _("a compressed file (.gz)")),
    (b"\x89PNG\r\n\x1a\n", _("an image")),
    (b"\xff\xd8\xff", _("an image")),
    (b"GIF8", _("an image")),
    (b"{\\rtf", _("a text document (.rtf)")),
)


def known_format(data: bytes) -> str | Promise | None:
    """For people; None for text, and for what is not known."""
    return next((name for begins, name in SIGNATURES if data.startswith(begins)), None)
