"""Creating a workspace on the public host and watching it being prepared."""

import pytest

from apps.accounts.models import Person, TenantMembership
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from tests.conftest import make_person
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, alice: Person):
    return sign_in(alice)


def pending(owner: Person, **fields) -> Tenant:
    return Tenant.objects.create(
        slug="brew", name="Brewery", schema_name="t_brew", owner_person_id=owner.id, **fields
    )


def test_the_list(client, sign_in: SignIn, acme: Tenant, alice: Person) -> None:
    pending(alice)
    page = client.get("/workspaces/").content.decode()
    assert "http://acme.localhost:8000/" in page
    assert "Being prepared" in page
    assert "Globex" not in page
    nobody = sign_in(make_person("Nora New", "nora@new.test"))
    assert "Create your company’s workspace" in nobody.get("/workspaces/").content.decode()


def test_create(client, alice: Person) -> None:
    response = client.post("/workspaces/new/", {"name": "Noir", "slug": "Noir "})
    tenant = Tenant.objects.get(slug="noir")
    assert response.status_code == 302
    assert response.headers["Location"] == f"/workspaces/{tenant.id}/"
    assert tenant.owner_person_id == alice.id


@pytest.mark.parametrize(
    ("name", "slug", "message"),
    [
        ("", "noir", "Give the workspace a name."),
        ("Noir", "", "Choose an address."),
        ("Noir", "acme", "This address is taken. Choose another."),
        ("Noir", "www", "This address is reserved. Choose another."),
        ("Noir", "public", "This address is reserved. Choose another."),
        ("Noir", "x'; drop", "Use 2 to 40 lower-case letters"),
        ("Noir", "a" * 64, "Use 2 to 40 lower-case letters"),
        ("Noir", "a" * 65, "at most 64 characters"),
        ("x" * 101, "noir", "at most 100 characters"),
    ],
)
def test_bad_input_is_named(client, name: str, slug: str, message: str) -> None:
    count = Tenant.objects.count()
    response = client.post("/workspaces/new/", {"name": name, "slug": slug})
    assert response.status_code == 422
    page = "".join(read(response.content).text)
    assert message in page
    # The rule is said once beside the field: by the error if it has one, else by the help.
    assert ("It can be changed later." in page) == (len(name) > 100 or not name)
    assert read(response.content).check() == []
    assert Tenant.objects.count() == count


@pytest.mark.parametrize(
    ("slug", "message"),
    [
        ("", ""),
        ("noir", "noir.localhost is free."),
        ("ACME", "acme.localhost is taken. Try another."),
        ("admin", "This address is reserved."),
        ("<b>", "Use 2 to 40 lower-case letters"),
    ],
)
def test_the_hint_beside_the_address(client, slug: str, message: str) -> None:
    response = client.get("/workspaces/new/slug/", {"slug": slug})
    assert response.status_code == 200
    assert message in " ".join("".join(read(response.content).text).split())


def test_progress(client, alice: Person) -> None:
    tenant = pending(alice, status=TenantStatus.PROVISIONING, steps_done=["schema"])
    response = client.get(f"/workspaces/{tenant.id}/")
    page = response.content.decode()
    assert read(response.content).check() == []
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert 'data-state="done"' in page
    assert 'hx-trigger="every 700ms, live:tenants.provisioning from:body' in page
    asked = {"headers": {"HX-Request": "true"}}
    same = client.get(f"/workspaces/{tenant.id}/?seen=1-provisioning", **asked)
    assert same.status_code == 204
    changed = client.get(f"/workspaces/{tenant.id}/?seen=0-provisioning", **asked)
    assert changed.status_code == 200
    assert b"<html" not in changed.content
    Tenant.objects.filter(id=tenant.id).update(status=TenantStatus.READY)
    TenantMembership.objects.create(tenant=tenant, person=alice)
    ready = client.get(f"/workspaces/{tenant.id}/?seen=1-provisioning", **asked)
    assert ready.headers["HX-Redirect"] == "http://brew.localhost:8000/"
    assert client.get(f"/workspaces/{tenant.id}/").headers["Location"] == (
        "http://brew.localhost:8000/"
    )


def test_failure_says_what_happened(client, alice: Person) -> None:
    tenant = pending(alice, status=TenantStatus.FAILED, steps_done=["schema"])
    response = client.get(f"/workspaces/{tenant.id}/")
    assert response.status_code == 200
    assert "The workspace could not be prepared" in response.content.decode()
    assert b"hx-trigger" not in response.content


def test_somebody_elses_is_not_found(client, charlie: Person) -> None:
    assert client.get(f"/workspaces/{pending(charlie).id}/").status_code == 404


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "", "time_zone": "UTC"}, "Say what colleagues should call you."),
        ({"name": "Al\x07ice", "time_zone": "UTC"}, "Control characters are not allowed."),
        ({"name": "Alice", "time_zone": "Mars/Base"}, "is not one of the available choices"),
        ({"name": "x" * 151, "time_zone": "UTC"}, "at most 150 characters"),
    ],
)
def test_bad_profiles(client, alice: Person, data: dict[str, str], message: str) -> None:
    response = client.post("/profile/", data)
    assert response.status_code == 422
    assert message in "".join(read(response.content).text)
    alice.refresh_from_db()
    assert alice.name == "Alice Archer"


def test_the_profile_is_saved(client, alice: Person) -> None:
    data = {"name": "Alice  Ahead", "time_zone": "Europe/Amsterdam", "language": "de"}
    assert client.post("/profile/", data).headers["Location"] == "/profile/"
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("Alice Ahead", "Europe/Amsterdam")
