from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from apps.organizations.invitation_csv import MAX_BYTES


class CsvParser(BaseParser):
    """text/csv (RFC 4180) as the bytes of `file`, no more of them than tell that there are too many."""

    media_type = "text/csv"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        return {"file": stream.read(MAX_BYTES + 1)}
