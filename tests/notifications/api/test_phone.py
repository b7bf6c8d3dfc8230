from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Person
from apps.messaging import senders
from tests.notifications.receivers import Texting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def texting(monkeypatch: pytest.MonkeyPatch) -> Texting:
    made = Texting()
    monkeypatch.setattr(senders, "sms_providers", lambda: [made])
    return made


def test_from_the_number_to_its_end(
    api: Callable[..., Any], bob: Person, alice: Person, texting: Texting
) -> None:
    client = api(bob)
    assert client.get("phone/").status_code == 404
    response = client.put("phone/", {"number": "+49 151 12345678"})
    assert response.status_code == 202
    assert response.json()["number_end"] == "5678"
    code = texting.took[0][1].split(": ")[1].split(".")[0]
    wrong = client.post("phone/verify/", {"code": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "code_wrong")
    assert api(alice).post("phone/verify/", {"code": code}).status_code == 404
    done = client.post("phone/verify/", {"code": code})
    assert done.status_code == 200
    assert client.get("phone/").json() == done.json()
    assert api(alice).get("phone/").status_code == 404
    assert client.delete("phone/").status_code == 204
    assert client.get("phone/").status_code == 404


def test_refused(api: Callable[..., Any], bob: Person, charlie: Person) -> None:
    client = api(bob)
    refused = client.put("phone/", {"number": "123"})
    assert [one["attr"] for one in refused.json()["errors"]] == ["number"]
    assert client.put("phone/", {"number": 491511234567}).status_code == 400
    client.put("phone/", {"number": "+49 151 12345678"})
    again = client.put("phone/", {"number": "+49 151 12345678"})
    assert again.status_code == 429
    assert 0 < int(again["Retry-After"]) <= 30
    for person, status in ((charlie, 404), (None, 401)):
        assert api(person).get("phone/").status_code == status
