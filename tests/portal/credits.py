"""What tests of the pages about credits ask again and again."""

import csv
import io

from django.test import Client

from tests.portal.pages import read

CREDIT = 1_000_000


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response.content.decode()[-500:]
    assert read(response.content).check() == []
    return " ".join(response.content.decode().split())


def table(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"/credits/usage/export/{query}")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    content = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content)))
