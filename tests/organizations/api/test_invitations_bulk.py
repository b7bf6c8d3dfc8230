"""`invitations/bulk/`."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.organizations.models import Invitation, Organization
from apps.tenants.models import Tenant
from tests.api.client import MISSING, statements

pytestmark = pytest.mark.django_db
PATH = "invitations/bulk/"
CSV = {"content_type": "text/csv"}


def test_json(api: Any, alice: Person, root: Organization, role: Any) -> None:
    member = role("member")
    body = {
        "invitations": [
            {"email": "Dana@b.test"},
            {"email": "eve@b.test", "role_ids": [role("admin").id], "organization_id": root.id},
            {"email": "bob@acme.test"},
            {"email": "x@b.test", "role_ids": [MISSING]},
            {"email": "y@b.test", "organization_id": MISSING},
            {"email": ""},
        ]
    }
    client = api(alice)
    dry = client.post(f"{PATH}?dry_run=true", body)
    assert (dry.status_code, Invitation.objects.count()) == (200, 0)
    sent = client.post(PATH, body)
    result = sent.json()
    assert (sent.status_code, result["right"], result["wrong"]) == (200, 2, 4)
    assert [(one["line"], one["code"]) for one in result["results"]] == [
        (1, ""),
        (2, ""),
        (3, "already_member"),
        (4, "role_unknown"),
        (5, "organization_unknown"),
        (6, "invalid"),
    ]
    dana = Invitation.objects.get(email="dana@b.test")
    assert result["results"][0] == {
        "line": 1,
        "email": "dana@b.test",
        "roles": [{"id": str(member.id), "code": "member", "name": "Member"}],
        "organization": {"id": str(root.id), "name": "Acme"},
        "code": "",
        "detail": "",
        "invitation_id": str(dana.id),
    }
    for one in dry.json()["results"]:
        assert one["invitation_id"] is None
    again = client.post(PATH, body).json()
    assert [one["code"] for one in again["results"]][:2] == ["already_invited"] * 2
    assert Invitation.objects.count() == 2


def test_csv(api: Any, alice: Person, in_acme: None) -> None:
    data = "\ufeffE-mail;Role\r\ndana@b.test;Administrator\r\nbad;\r\n".encode()
    response = api(alice).post(PATH, data, **CSV)
    assert (response.status_code, response.json()["right"]) == (200, 1)
    assert [(one["line"], one["code"]) for one in response.json()["results"]] == [
        (2, ""),
        (3, "invalid"),
    ]
    assert [one.email for one in Invitation.objects.all()] == ["dana@b.test"]
    charset = api(alice).post(PATH, data, content_type="text/csv; charset=utf-8")
    assert charset.json()["results"][0]["code"] == "already_invited"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b" ", "no_header"),
        (b"email\n", "no_rows"),
        ("email\n\xfc@b.test\n".encode("latin-1"), "encoding"),
        (b'email\n"a', "not_csv"),
        (b"email\n" + b"x" * 600_000, "too_large"),
        (b"email\n" + b"a@b.test\n" * 1001, "too_many_rows"),
    ],
)
def test_bad_files(api: Any, alice: Person, in_acme: None, data: bytes, code: str) -> None:
    response = api(alice).post(PATH, data, **CSV)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert Invitation.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "invitations"),
        ({"invitations": []}, "invitations"),
        ({"invitations": "x"}, "invitations"),
        ({"invitations": [7]}, "invitations.0"),
        ({"invitations": [{}]}, "invitations.0.email"),
        ({"invitations": [{"email": 7}]}, "invitations.0.email"),
        ({"invitations": [{"email": "a@b.test", "role_ids": ["x"]}]}, "invitations.0.role_ids.0"),
        ({"invitations": [{"email": f"p{n}@b.test"} for n in range(1001)]}, "invitations"),
    ],
)
def test_bad_lists(api: Any, alice: Person, in_acme: None, body: dict[str, Any], attr: str) -> None:
    response = api(alice).post(PATH, body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"].startswith(attr)
    assert Invitation.objects.count() == 0


def test_other_input(api: Any, alice: Person, in_acme: None) -> None:
    client = api(alice)
    body = {"invitations": [{"email": "a@b.test"}]}
    assert client.post(f"{PATH}?dry_run=perhaps", body).status_code == 400
    assert client.post(f"{PATH}?dry=true", body).status_code == 400
    assert client.post(PATH, b"[]").status_code == 400
    assert client.post(PATH, b"", CONTENT_TYPE="text/csv", CONTENT_LENGTH="0").status_code == 400
    assert client.post(PATH, b"email", content_type="text/plain").status_code == 415
    assert Invitation.objects.count() == 0


def test_who_may(api: Any, bob: Person, charlie: Person, acme: Tenant, in_acme: None) -> None:
    body = {"invitations": [{"email": "a@b.test"}]}
    found = [api(who).post(PATH, body).status_code for who in (None, bob, charlie)]
    assert found == [401, 403, 404]
    assert Invitation.objects.count() == 0


def test_statements(bearer: Any, alice: Person, in_acme: None) -> None:
    client = bearer(alice)
    for count in (1, 200):
        body = {"invitations": [{"email": f"p{n}.{count}@b.test"} for n in range(count)]}
        with statements(15):
            assert client.post(PATH, body).json()["right"] == count
