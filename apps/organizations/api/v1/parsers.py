from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from apps.organizations.invitation_csv import MAX_BYTES
from apps.organizations.organization_csv import MAX_BYTES as TREE_MAX_BYTES


class CsvParser(BaseParser):
    """text/csv (RFC 4180) as the bytes of `file`, no more of them than tell that there are too many."""

    media_type = "text/csv"
    max_bytes = MAX_BYTES

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        return {"file": stream.read(self.max_bytes + 1)}


class CsvTreeParser(CsvParser):
    max_bytes = TREE_MAX_BYTES
