"""Somebody's browser on the hosted pages: takes forms as they are, follows no redirect by itself."""

import re
from typing import Any

import requests

from tests.portal.pages import read

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
CARD = {
    "email": "payer@acme.test",
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 34",
    "cvc": "123",
    "name": "Paula Payer",
    "country": "DE",
    "postal_code": "10115",
}


class Browser:
    def __init__(self) -> None:
        self.session = requests.Session()

    def get(self, url: str) -> requests.Response:
        """Every page is well made."""
        answer = self.session.get(url, allow_redirects=False, timeout=30)
        if answer.status_code == 200:
            assert read(answer.content).check() == []
        return answer

    def post(self, url: str, **fields: Any) -> requests.Response:
        return self.post_from(url, url, **fields)

    def post_from(self, page_url: str, url: str, **fields: Any) -> requests.Response:
        """A form of this page that is sent elsewhere."""
        page = self.get(page_url)
        found = TOKEN.search(page.text)
        assert found is not None, page.text
        answer = self.session.post(
            url,
            {"csrfmiddlewaretoken": found[1], **fields},
            headers={"Referer": url},
            allow_redirects=False,
            timeout=30,
        )
        if answer.status_code == 422:
            assert read(answer.content).check() == []
        return answer

    def pay(self, url: str, number: str = "4242424242424242", **fields: Any) -> requests.Response:
        return self.post(url, **CARD | {"number": number} | fields)
