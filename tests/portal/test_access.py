"""Who gets which page: owner, member, outsider, signed out."""

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member
from apps.organizations.services import member_update_status
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import PERSON_PAGES

pytestmark = pytest.mark.django_db

# path -> (owner, member)
MATRIX = {
    "/": (200, 200),
    "/switcher/": (200, 200),
    "/palette.json": (200, 200),
    "/members/": (200, 200),
    "/invitations/": (200, 403),
    "/invitations/new/": (200, 403),
    "/organizations/": (200, 200),
    "/organizations/new/": (200, 403),
    "/roles/": (200, 200),
    "/roles/new/": (200, 403),
    "/roles/matrix/": (200, 200),
    "/roles/compare/": (200, 200),
    "/api-keys/": (200, 403),
    "/api-keys/new/": (200, 403),
    "/settings/": (200, 403),
    "/settings/api-usage/": (200, 403),
    "/settings/export/": (200, 403),
    "/settings/addresses/": (200, 403),
    "/settings/addresses/change/": (200, 403),
    "/settings/addresses/change/slug/": (200, 403),
}


@pytest.mark.parametrize("path", MATRIX)
def test_pages_of_a_workspace(
    path: str, sign_in: SignIn, browser, acme: Tenant, alice: Person, bob: Person, charlie: Person
) -> None:
    for_owner, for_member = MATRIX[path]
    assert sign_in(alice, acme).get(path).status_code == for_owner
    assert sign_in(bob, acme).get(path).status_code == for_member
    assert sign_in(charlie, acme).get(path).status_code == 404
    signed_out = browser(acme).get(path)
    assert signed_out.status_code == 302
    assert signed_out.headers["Location"].startswith("/sign-in/?next=/")


@pytest.mark.parametrize("path", PERSON_PAGES[:3])
def test_pages_of_a_person_need_one(path: str, browser, world) -> None:
    response = browser(None).get(path)
    assert response.status_code == 302
    assert response.headers["Location"] == f"/accounts/login/?next={path}"


def test_a_forbidden_page_names_what_is_missing(sign_in: SignIn, acme: Tenant, bob: Person) -> None:
    response = sign_in(bob, acme).get("/invitations/new/")
    assert response.status_code == 403
    assert "“Invite members” (organizations.invite_member)" in response.content.decode()


def test_navigation_shows_what_is_open(
    sign_in: SignIn, acme: Tenant, alice: Person, bob: Person
) -> None:
    for_owner = sign_in(alice, acme).get("/").content.decode()
    for_member = sign_in(bob, acme).get("/").content.decode()
    for path in ("/members/", "/organizations/", "/roles/"):
        assert f'class="nav-item" href="{path}"' in for_owner
        assert f'class="nav-item" href="{path}"' in for_member
    for path in ("/invitations/", "/settings/"):
        assert f'class="nav-item" href="{path}"' in for_owner
        assert f'href="{path}"' not in for_member


def test_a_deactivated_member_is_out_on_the_next_request(
    sign_in: SignIn, acme: Tenant, bob: Person, bob_member: Member
) -> None:
    client = sign_in(bob, acme)
    assert client.get("/").status_code == 200
    member_update_status(
        actor=Actor.system("tests"), member_id=bob_member.id, status=MemberStatus.DEACTIVATED
    )
    assert client.get("/").status_code == 404


def test_another_tenants_things_are_not_found(
    sign_in: SignIn, acme: Tenant, globex: Tenant, charlie: Person, bob_member: Member
) -> None:
    client = sign_in(charlie, globex)
    assert client.get(f"/members/{bob_member.id}/").status_code == 404
    response = client.post(f"/members/{bob_member.id}/status/", {"status": "deactivated"})
    assert response.status_code == 404
    bob_member.refresh_from_db()
    assert bob_member.status == MemberStatus.ACTIVE


def test_a_member_may_not_change_others(
    sign_in: SignIn, acme: Tenant, bob: Person, alice_member: Member
) -> None:
    client = sign_in(bob, acme)
    client.post(f"/members/{alice_member.id}/status/", {"status": "deactivated"})
    client.post(f"/members/{alice_member.id}/remove/", {"confirmation": str(alice_member)})
    assert client.get(f"/members/{alice_member.id}/roles/new/").status_code == 403
    assert client.get(f"/members/{alice_member.id}/move/").status_code == 403
    alice_member.refresh_from_db()
    assert alice_member.status == MemberStatus.ACTIVE
    page = client.get(f"/members/{alice_member.id}/").content.decode()
    assert "Deactivate" not in page
    assert "Give a role" not in page
