"""Settings, organizations, dashboard, palette, theme."""

from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.organizations.models import Member, Organization
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant):
    return sign_in(alice, acme)


def test_rename_the_workspace(client, acme: Tenant) -> None:
    assert client.post("/settings/", {"name": "Acme  Works"}).headers["Location"] == "/settings/"
    acme.refresh_from_db()
    assert acme.name == "Acme Works"
    response = client.post("/settings/", {"name": " "})
    assert response.status_code == 422
    acme.refresh_from_db()
    assert acme.name == "Acme Works"


def test_organizations(client, root: Organization) -> None:
    data = {"name": "Sales", "parent_id": str(root.id)}
    assert (
        client.post("/organizations/new/", data)
        .headers["Location"]
        .startswith("/organizations/?at=")
    )
    sales = Organization.objects.get(name="Sales")
    assert Organization.objects.get_parent(sales) == root
    taken = client.post("/organizations/new/", data)
    assert taken.status_code == 422
    assert "There is one with this name at the same place." in taken.content.decode()
    client.post(f"/organizations/{sales.id}/", {"name": "Sales Europe"})
    sales.refresh_from_db()
    assert sales.name == "Sales Europe"
    delete = f"/organizations/{sales.id}/delete/"
    assert client.post(delete, {"confirmation": "Sales"}).status_code == 422
    assert client.post(delete, {"confirmation": "Sales Europe"}).status_code == 302
    assert not Organization.objects.filter(id=sales.id).exists()


def test_the_dashboard_shows_real_figures(client, invitation, root: Organization) -> None:
    figures = client.get("/").context["figures"]
    assert (figures.members, figures.pending, figures.organizations) == (2, 1, 1)


def test_a_member_sees_only_their_figures(sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    figures = sign_in(bob, acme).get("/").context["figures"]
    assert (figures.members, figures.pending, figures.organizations) == (2, None, 1)


def test_the_palette(
    client, sign_in: SignIn, bob: Person, acme: Tenant, bob_member: Member
) -> None:
    labels = [one["label"] for one in client.get("/palette.json").json()["results"]]
    assert labels[:3] == ["Dashboard", "Members", "Invitations"]
    found = client.get("/palette.json?q=bob").json()["results"]
    assert found == [{"label": "Bob Baker", "group": "Member", "url": f"/members/{bob_member.id}/"}]
    labels = [one["label"] for one in sign_in(bob, acme).get("/palette.json").json()["results"]]
    assert "Invitations" not in labels
    assert "Settings" not in labels


@pytest.mark.parametrize(
    ("chosen", "attribute"), [("dark", b'data-theme="dark"'), ("light", b'data-theme="light"')]
)
def test_theme(browser, world, chosen: str, attribute: bytes) -> None:
    client = browser(None)
    assert b'<html lang="en">' in client.get("/").content
    response = client.post("/theme/", {"theme": chosen, "next": "/accounts/login/"})
    assert response.headers["Location"] == "/accounts/login/"
    assert attribute in client.get("/").content
    client.post("/theme/", {"theme": "system"})
    assert b'<html lang="en">' in client.get("/").content


@pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test", "/\\evil.test", ""])
def test_theme_leads_nowhere_else(browser, world, elsewhere: str) -> None:
    response = browser(None).post("/theme/", {"theme": "dark", "next": elsewhere})
    assert response.headers["Location"] == "/"


def test_times_are_in_the_persons_zone(client, alice: Person, bob_member: Member) -> None:
    Person.objects.filter(id=alice.id).update(time_zone="Asia/Tokyo")
    local = bob_member.created_at.astimezone(ZoneInfo("Asia/Tokyo"))
    page = client.get(f"/members/{bob_member.id}/").content.decode()
    assert f"{local:%H:%M} JST" in page
    assert timezone.get_current_timezone_name() == "UTC"
