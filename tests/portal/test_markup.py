"""Every page: one h1, a title, labelled controls, unique ids, nothing that the CSP would refuse."""

import pytest

from apps.accounts.models import Person
from apps.organizations.models import Invitation, Member, Organization
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import PERSON_PAGES, PUBLIC_PAGES, TENANT_PAGES, read

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_public_pages(path: str, browser, world) -> None:
    response = browser(None).get(path, follow=True)
    assert response.status_code == 200
    assert read(response.content).check() == []
    policy = {part.strip() for part in response.headers["Content-Security-Policy"].split(";")}
    assert {"script-src 'self'", "style-src 'self'", "default-src 'none'"} <= policy


@pytest.mark.parametrize("path", PERSON_PAGES)
def test_pages_of_a_person(path: str, sign_in: SignIn, alice: Person) -> None:
    response = sign_in(alice).get(path)
    assert response.status_code == 200
    assert read(response.content).check() == []


@pytest.mark.parametrize("path", TENANT_PAGES)
def test_pages_of_a_workspace(path: str, sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    response = sign_in(alice, acme).get(path)
    assert response.status_code == 200
    assert read(response.content).check() == []


def test_pages_about_one_thing(
    sign_in: SignIn,
    alice: Person,
    acme: Tenant,
    bob_member: Member,
    root: Organization,
    invitation: Invitation,
) -> None:
    client = sign_in(alice, acme)
    paths = [
        f"/members/{bob_member.id}/",
        f"/members/{bob_member.id}/roles/new/",
        f"/members/{bob_member.id}/move/",
        f"/members/{bob_member.id}/remove/",
        f"/organizations/{root.id}/",
        "/invitations/",
    ]
    for path in paths:
        response = client.get(path)
        assert response.status_code == 200, path
        assert read(response.content).check() == [], path


def test_names_are_escaped(
    sign_in: SignIn, alice: Person, acme: Tenant, bob_member: Member
) -> None:
    """Names reach attributes of components, too; there, quotes must not end the attribute."""
    hostile = """"x" onfocus='alert(1)' <script>alert("1")</script>"""
    Member.objects.filter(id=bob_member.id).update(name=hostile)
    Organization.objects.filter(depth=1).update(name=hostile)
    client = sign_in(alice, acme)
    for path in (
        "/",
        "/members/",
        f"/members/{bob_member.id}/",
        f"/members/{bob_member.id}/roles/new/",
        f"/members/{bob_member.id}/remove/",
        "/organizations/",
    ):
        response = client.get(path)
        assert response.status_code == 200, path
        assert read(response.content).check() == [], path
        assert b"<script>alert" not in response.content, path


def test_a_form_with_errors_is_wired(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    response = sign_in(alice, acme).post("/invitations/new/", {"email": "nope", "role_ids": []})
    assert response.status_code == 422
    page = read(response.content)
    assert page.check() == []
    email = next(control for control in page.controls if control.get("name") == "email")
    assert email["aria-invalid"] == "true"
    assert email["aria-describedby"] == "id_email_error"
    assert "Enter a valid e-mail address." in "".join(page.text)
    assert b'role="alert" tabindex="-1" data-focus' in response.content
