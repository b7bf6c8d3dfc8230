"""The pages about API keys."""

import re
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization
from apps.organizations.services import binding_create, organization_create
from apps.roles.models import ApiKey
from apps.roles.services import NewApiKey, role_create
from apps.tenants.models import Tenant
from tests.accounts.support import force_sign_in
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_queries import BUDGET, statements
from tests.roles.support import READ, answer, by_key, make_key

pytestmark = pytest.mark.django_db
KEY = re.compile(r"sk_[0-9A-Za-z]{55}")


@pytest.fixture
def made(owner: Actor) -> NewApiKey:
    return make_key(owner, '"x" <script>alert(1)</script>')


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Any:
    return sign_in(alice, acme)


def form(root: Organization, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Nightly import",
        "permissions": READ,
        "organization_id": str(root.id),
        "expires_in_days": "90",
        "networks": "",
        **changes,
    }


def test_created_it_is_shown_once(client: Any, root: Organization) -> None:
    page = client.post("/api-keys/new/", form(root, networks="127.0.0.1\r\n\r\n10.0.0.0/8\r\n"))
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    (text,) = set(KEY.findall(page.content.decode()))
    assert answer(by_key(text)) == (200, "")
    key = ApiKey.objects.get()
    assert (key.name, key.permissions) == ("Nightly import", READ)
    assert key.networks == ["127.0.0.1/32", "10.0.0.0/8"]
    assert read(page.content).check() == []
    for path in ("/api-keys/", f"/api-keys/{key.id}/"):
        html = client.get(path).content.decode()
        assert "Nightly import" in html
        assert KEY.search(html) is None
    # The browser's back and reload send the form again: no second key is made.
    again = client.post("/api-keys/new/", form(root))
    assert again.status_code == 422
    assert "There is a key with this name" in again.content.decode()
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Give the key a name"),
        ({"permissions": []}, "Choose at least one permission"),
        ({"permissions": ["roles.manage_api_key"]}, "not one of the available choices"),
        ({"permissions": ["organizations.remove_member"]}, "Confirm that the key may do"),
        ({"expires_in_days": "10000"}, "not one of the available choices"),
        ({"expires_in_days": "keep"}, "not one of the available choices"),
        ({"networks": "nonsense"}, "is no address or network"),
        ({"organization_id": "x"}, "not one of the available choices"),
    ],
)
def test_bad_input(client: Any, root: Organization, changes: dict[str, Any], words: str) -> None:
    page = client.post("/api-keys/new/", form(root, **changes))
    assert page.status_code == 422
    assert words in page.content.decode()
    assert read(page.content).check() == []
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("path", ["new/", "{}/change/", "{}/rotate/"])
def test_who_proved_long_ago_does_so_again_first(
    browser: Any, alice: Person, acme: Tenant, made: NewApiKey, root: Organization, path: str
) -> None:
    client = browser(acme)
    force_sign_in(client, alice, acme, ago_s=3600)
    where = f"/api-keys/{path.format(made.key.id)}"
    before = list(ApiKey.objects.values())
    fields = {**form(root), "overlap_s": "3600", "replaces": made.key.hint}
    for response in (client.get(where), client.post(where, fields)):
        assert response.status_code == 302
        assert response["Location"].startswith("/sign-in/?next=")
    assert list(ApiKey.objects.values()) == before
    assert client.get(f"/api-keys/{made.key.id}/revoke/").status_code == 200


def test_dangers_are_confirmed_and_never_is_chosen(client: Any, root: Organization) -> None:
    client.post(
        "/api-keys/new/",
        form(
            root,
            permissions=["organizations.remove_member"],
            allow_dangerous="on",
            expires_in_days="never",
        ),
    )
    key = ApiKey.objects.get()
    assert (key.permissions, key.expires_at) == (["organizations.remove_member"], None)


def test_codes_that_no_app_declares_stay_until_they_are_unticked(
    client: Any, made: NewApiKey
) -> None:
    path = f"/api-keys/{made.key.id}/"
    ApiKey.objects.update(permissions=["notes.gone_note", *READ])
    assert "No longer known, and allowing nothing: notes.gone_note" in (
        client.get(path).content.decode()
    )
    assert 'value="notes.gone_note" checked' in client.get(f"{path}change/").content.decode()
    fields = {"name": "Other", "networks": "", "expires_in_days": "keep"}
    client.post(f"{path}change/", {**fields, "permissions": ["notes.gone_note", READ[0]]})
    assert ApiKey.objects.get().permissions == ["notes.gone_note", READ[0]]
    client.post(f"{path}change/", {**fields, "permissions": READ[:1]})
    assert ApiKey.objects.get().permissions == READ[:1]


def test_change(client: Any, made: NewApiKey) -> None:
    path = f"/api-keys/{made.key.id}/change/"
    page = client.get(path).content.decode()
    assert page.count(" checked") == len(READ)
    expires_at = ApiKey.objects.get().expires_at
    fields = {"name": "Other", "permissions": READ[:1], "networks": "10.0.0.0/8"}
    response = client.post(path, {**fields, "expires_in_days": "keep"})
    assert response["Location"] == f"/api-keys/{made.key.id}/"
    key = ApiKey.objects.get()
    assert (key.name, key.permissions, key.networks) == ("Other", READ[:1], ["10.0.0.0/8"])
    assert key.expires_at == expires_at
    client.post(path, {**fields, "expires_in_days": "never"})
    assert ApiKey.objects.get().expires_at is None


def test_rotate_once_however_often_the_form_is_sent(client: Any, made: NewApiKey) -> None:
    path = f"/api-keys/{made.key.id}/rotate/"
    fields = {"overlap_s": "3600", "expires_in_days": "30", "replaces": made.key.hint}
    page = client.post(path, fields)
    (text,) = set(KEY.findall(page.content.decode()))
    assert made.key.hint in page.content.decode()
    assert (answer(by_key(text)), answer(by_key(made.text))) == ((200, ""), (200, ""))
    again = client.post(path, fields)
    assert again.status_code == 422
    assert "rotated this key meanwhile" in again.content.decode()
    assert answer(by_key(text)) == (200, "")
    assert "Being rotated" in client.get("/api-keys/").content.decode()
    for bad in ({"overlap_s": "1"}, {"overlap_s": "x"}, {"replaces": ""}, {"expires_in_days": ""}):
        assert client.post(path, {**fields, **bad}).status_code == 422


def test_revoke_asks_for_the_name(client: Any, made: NewApiKey) -> None:
    path = f"/api-keys/{made.key.id}/revoke/"
    assert client.post(path, {"confirmation": "x"}).status_code == 422
    assert ApiKey.objects.get().revoked_at is None
    assert client.post(path, {"confirmation": made.key.name})["Location"] == "/api-keys/"
    assert answer(by_key(made.text)) == (401, "api_key_revoked")
    assert made.key.hint not in client.get("/api-keys/").content.decode()
    assert made.key.hint in client.get("/api-keys/?ended").content.decode()
    for act in ("change", "rotate", "revoke"):
        response = client.get(f"/api-keys/{made.key.id}/{act}/")
        assert response["Location"] == f"/api-keys/{made.key.id}/"


def test_an_expired_one_can_be_rotated(client: Any, made: NewApiKey) -> None:
    ApiKey.objects.update(expires_at=timezone.now())
    assert "Expired" in client.get("/api-keys/?ended").content.decode()
    assert client.get(f"/api-keys/{made.key.id}/change/").status_code == 302
    assert client.get(f"/api-keys/{made.key.id}/rotate/").status_code == 200


def test_every_page_is_as_pages_are(client: Any, made: NewApiKey) -> None:
    """Also with a name that is hostile, and within the budget of statements."""
    for path in ("", "?ended", "new/", *(f"{made.key.id}/{act}" for act in ACTS)):
        response = client.get(f"/api-keys/{path}")
        assert response.status_code == 200, path
        assert read(response.content).check() == [], path
        assert b"<script>alert" not in response.content, path
        assert len(statements(client, f"/api-keys/{path}")) <= BUDGET, path


ACTS = ("", "change/", "rotate/", "revoke/")


def test_who_may(
    sign_in: SignIn, acme: Tenant, bob: Person, charlie: Person, made: NewApiKey, root: Organization
) -> None:
    before = ApiKey.objects.values().get()
    for person, status in ((bob, 403), (charlie, 404)):
        client = sign_in(person, acme)
        for path in ("", "new/", *(f"{made.key.id}/{act}" for act in ACTS)):
            assert client.get(f"/api-keys/{path}").status_code == status, path
        fields = {**form(root), "confirmation": made.key.name, "overlap_s": "3600", "replaces": "x"}
        for path in ("new/", *(f"{made.key.id}/{act}" for act in ACTS[1:])):
            assert client.post(f"/api-keys/{path}", fields).status_code == status, path
    assert ApiKey.objects.values().get() == before


def test_who_manages_keys_at_one_organization(
    sign_in: SignIn,
    acme: Tenant,
    bob: Person,
    bob_member: Member,
    owner: Actor,
    root: Organization,
    made: NewApiKey,
) -> None:
    north = organization_create(actor=owner, name="North", parent_id=root.id)
    keeper = role_create(
        actor=owner, name="Keeper", permission_codes=["roles.manage_api_key", READ[0]]
    )
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=keeper.id, organization_id=north.id
    )
    theirs = make_key(actor_for(bob), "Northern", READ[:1], organization_id=north.id)
    client = sign_in(bob, acme)
    assert 'href="/api-keys/"' in client.get("/").content.decode()
    listed = client.get("/api-keys/").content.decode()
    assert "Northern" in listed
    assert made.key.hint not in listed
    assert client.get(f"/api-keys/{made.key.id}/").status_code == 404
    assert client.get(f"/api-keys/{theirs.key.id}/").status_code == 200
    new = client.get("/api-keys/new/").content.decode()
    assert f'value="{north.id}"' in new
    assert f'value="{root.id}"' not in new
    assert "organizations.remove_member" not in new
    page = client.post("/api-keys/new/", form(north, permissions=READ[:1]))
    assert page.status_code == 200
    assert ApiKey.objects.get(name="Nightly import").organization_id == north.id
