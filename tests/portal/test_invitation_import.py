"""Inviting many by a file: a preview first, and nothing sent before it is confirmed."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Person
from apps.organizations.models import Invitation
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_addresses import told, words

pytestmark = pytest.mark.django_db
PATH = "/invitations/import/"


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def send(client: Client, data: str | bytes) -> object:
    content = data if isinstance(data, bytes) else data.encode()
    return client.post(PATH, {"file": SimpleUploadedFile("list.csv", content)})


def test_preview_then_send(client: Client, in_acme: None) -> None:
    text = "email,roles,name\ndana@b.test,,Dana\nbob@acme.test,,Bob\n<b>x</b>,Chief,\n"
    preview = send(client, text)
    assert preview.status_code == 200  # type: ignore[attr-defined]
    assert read(preview.content).check() == []  # type: ignore[attr-defined]
    page = words(preview)
    assert "2 rows will be left out" in page
    assert "Columns that are not used: name." in page
    assert "3 bob@acme.test This person is a member already." in page
    assert "4 <b>x</b> Enter a valid e-mail address." in page
    assert "To be invited: 1" in page
    assert "Send 1 invitation" in page
    assert Invitation.objects.count() == 0
    kept = preview.context["form"].initial["text"]  # type: ignore[attr-defined]
    sent = client.post(f"{PATH}confirm/", {"text": kept})
    assert (sent.status_code, sent["Location"]) == (302, "/invitations/")
    assert told(sent)[-1] == "1 invitation is on the way. 2 rows left out."
    assert [one.email for one in Invitation.objects.all()] == ["dana@b.test"]
    again = client.post(f"{PATH}confirm/", {"text": kept})
    assert told(again)[-1] == "Nobody was invited: no row of the file is right any more."
    assert Invitation.objects.count() == 1


def test_many_rows_are_counted_and_not_all_shown(client: Client, in_acme: None) -> None:
    text = "email\n" + "".join(f"p{number}@b.test\n" for number in range(60))
    page = words(send(client, text))
    assert "To be invited: 60" in page
    assert "and 10 more." in page
    sent = client.post(f"{PATH}confirm/", {"text": text})
    assert told(sent)[-1] == "60 invitations are on the way."


def test_no_row_is_right(client: Client, in_acme: None) -> None:
    page = words(send(client, "email\nbob@acme.test\n"))
    assert "No row of this file is right" in page
    assert "Send 1" not in page


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty."),
        ("email\n\xfc@b.test".encode("latin-1"), "The file is not in UTF-8."),
        (b"name\nDana\n", "The first line has to name the columns"),
        (b"email\n" + b"x" * 600_000, "The file is too large: at most 512 KiB."),
    ],
)
def test_bad_files(client: Client, in_acme: None, data: bytes, message: str) -> None:
    response = send(client, data)
    assert response.status_code == 422  # type: ignore[attr-defined]
    assert message in words(response)
    assert read(response.content).check() == []  # type: ignore[attr-defined]
    missing = client.post(PATH)
    assert missing.status_code == 422
    for text in ("", "x", "email\n"):
        refused = client.post(f"{PATH}confirm/", {"text": text})
        assert (refused.status_code, refused["Location"]) == (302, PATH)
    assert Invitation.objects.count() == 0


def test_the_template(client: Client) -> None:
    response = client.get(f"{PATH}template.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="invitations.csv"'
    assert response.content.startswith(b"\xef\xbb\xbfemail,roles,organization\r\n")
    assert "To be invited: 2" in words(send(client, response.content))


def test_members_may_not(sign_in: SignIn, bob: Person, acme: Tenant, in_acme: None) -> None:
    member = sign_in(bob, acme)
    assert member.get(PATH).status_code == 403
    assert send(member, "email\na@b.test\n").status_code == 403  # type: ignore[attr-defined]
    assert member.get(f"{PATH}template.csv").status_code == 403
    assert member.post(f"{PATH}confirm/", {"text": "email\na@b.test\n"}).status_code == 403
    assert Invitation.objects.count() == 0
