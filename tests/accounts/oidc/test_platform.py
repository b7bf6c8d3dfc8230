"""Sign-in by the platform's own provider."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from apps.accounts.models import ExternalIdentity, IdentityProvider, Person
from apps.accounts.oidc.organizations import organization_map
from apps.common.errors import Conflict
from apps.events.models import OutboxEvent
from apps.sandbox.oidc import state
from tests.accounts.oidc.interop import interop
from tests.accounts.oidc.provider import Browser, Sandbox, onward, query_of
from tests.accounts.support import PASSWORD, PUBLIC, SYSTEM
from tests.conftest import World

pytestmark = pytest.mark.django_db
Published = Callable[[], list[OutboxEvent]]


def names(published: Published) -> list[str]:
    """But those of the session that begins."""
    begun = ("accounts.session_started", "accounts.device_first_seen", "accounts.session_ended")
    return [event.name for event in published() if event.name not in begun]


def test_no_button_without_a_provider(client: Client, world: World) -> None:
    assert "/oidc/start/" not in client.get("/accounts/login/").content.decode()
    response = client.get("/oidc/start/")
    assert response.status_code == 400
    assert "does not answer" in response.content.decode()


@interop
def test_the_way_there(kinde: Sandbox, browser: Browser) -> None:
    page = browser.get("/accounts/login/?next=/workspaces/").content.decode()
    assert 'href="/oidc/start/?next=/workspaces/"' in page
    assert "Sign in with Kinde" in page
    url = browser.begin("/oidc/start/?next=/profile/")
    assert url.startswith(f"{kinde.authorization_endpoint}?")
    query = query_of(url)
    assert {k: query[k][0] for k in ("response_type", "client_id", "scope", "redirect_uri")} == {
        "response_type": "code",
        "client_id": "wrapper-kinde",
        "scope": "openid email profile",
        "redirect_uri": f"http://{PUBLIC}/oidc/callback/",
    }
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["state"][0]) == len(query["nonce"][0]) == 32
    assert len(query["code_challenge"][0]) == 43


@interop
def test_a_new_person(kinde: Sandbox, browser: Browser, published: Published) -> None:
    response = browser.sign_in(kinde, "kp_nina")
    assert (response.status_code, response["Location"]) == (302, "/workspaces/")
    nina = Person.objects.get(email="nina@example.com")
    assert (nina.name, nina.has_usable_password(), nina.is_staff) == ("Nina New", False, False)
    assert EmailAddress.objects.get(user=nina).verified
    assert browser.on().session["_auth_user_id"] == str(nina.id)
    identity = ExternalIdentity.objects.get()
    assert (identity.subject, identity.issuer, identity.person_id, identity.tenant_id) == (
        "kp_nina",
        kinde.base,
        nina.id,
        None,
    )
    assert names(published) == ["accounts.person_registered", "accounts.identity_linked"]
    again = Browser()
    again.sign_in(kinde, "kp_nina")
    assert again.on().session["_auth_user_id"] == str(nina.id)


def test_the_same_person_whatever_address_the_provider_says(
    kinde: Sandbox, browser: Browser
) -> None:
    browser.sign_in(kinde, "kp_nina")
    nina = Person.objects.get(email="nina@example.com")
    state.change("kinde", people=[state.Someone("kp_nina", "other@example.com", "Nina N")])
    again = Browser()
    again.sign_in(kinde, "kp_nina")
    assert again.on().session["_auth_user_id"] == str(nina.id)
    nina.refresh_from_db()
    assert (nina.email, Person.objects.filter(email="other@example.com").exists()) == (
        "nina@example.com",
        False,
    )


@interop
def test_sign_up_can_be_closed(kinde: Sandbox, browser: Browser, settings: Any) -> None:
    settings.OIDC_SIGN_UP = False
    before = Person.objects.count()
    response = browser.sign_in(kinde, "kp_nina")
    assert response.status_code == 400
    assert "no account for you" in response.content.decode()
    assert Person.objects.count() == before


@interop
def test_an_existing_account_is_linked_after_signing_in_to_it(
    kinde: Sandbox, browser: Browser, bob: Person, published: Published
) -> None:
    response = browser.sign_in(kinde, "kp_bob")
    assert (response.status_code, response["Location"]) == (302, "/oidc/link/")
    page = browser.get("/oidc/link/")
    assert "bob@acme.test" in page.content.decode()
    assert browser.on().post("/oidc/link/").status_code == 200
    assert not ExternalIdentity.objects.exists()
    assert "_auth_user_id" not in browser.on().session
    signed_in = browser.on().post(
        "/accounts/login/?next=/oidc/link/",
        {"login": bob.email, "password": PASSWORD, "next": "/oidc/link/"},
    )
    assert signed_in["Location"] == "/oidc/link/"
    assert "Connect" in browser.get("/oidc/link/").content.decode()
    linked = browser.on().post("/oidc/link/")
    assert linked["Location"] == "/workspaces/"
    assert ExternalIdentity.objects.get().person_id == bob.id
    assert names(published) == ["accounts.identity_linked"]
    # Used up.
    assert browser.get("/oidc/link/")["Location"] == "/workspaces/"
    other = Browser()
    other.sign_in(kinde, "kp_bob")
    assert other.on().session["_auth_user_id"] == str(bob.id)


@interop
def test_another_account_does_not_take_the_identity(
    kinde: Sandbox, browser: Browser, alice: Person
) -> None:
    browser.sign_in(kinde, "kp_bob")
    browser.on().post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    page = browser.on().post("/oidc/link/")
    assert page.status_code == 200
    assert "You are signed in as alice@acme.test" in page.content.decode()
    assert not ExternalIdentity.objects.exists()


@interop
def test_connect_and_disconnect(kinde: Sandbox, browser: Browser, alice: Person) -> None:
    browser.on().post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    url = onward(browser.on().post("/oidc/connect/"))
    # Any address will do: both are proved in this browser.
    back = browser.get(kinde.answer(url, "kp_nina"))
    assert back["Location"] == "/profile/"
    identity = ExternalIdentity.objects.get()
    assert identity.person_id == alice.id
    assert not Person.objects.filter(email="nina@example.com").exists()
    page = browser.get("/profile/").content.decode()
    assert f"/oidc/identities/{identity.id}/disconnect/" in page
    browser.on().post(f"/oidc/identities/{identity.id}/disconnect/")
    assert not ExternalIdentity.objects.exists()


@interop
def test_the_last_way_in_stays(kinde: Sandbox, browser: Browser) -> None:
    browser.sign_in(kinde, "kp_nina")
    identity = ExternalIdentity.objects.get()
    browser.on().post(f"/oidc/identities/{identity.id}/disconnect/")
    assert ExternalIdentity.objects.exists()
    other = Browser()
    other.on().post("/accounts/login/", {"login": "alice@acme.test", "password": PASSWORD})
    other.on().post(f"/oidc/identities/{identity.id}/disconnect/")
    assert ExternalIdentity.objects.exists()


@interop
def test_an_identity_of_another_is_not_taken(
    kinde: Sandbox, browser: Browser, alice: Person
) -> None:
    browser.sign_in(kinde, "kp_nina")
    other = Browser()
    other.on().post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    back = other.get(kinde.answer(onward(other.on().post("/oidc/connect/")), "kp_nina"))
    assert back.status_code == 409
    assert ExternalIdentity.objects.get().person.email == "nina@example.com"


@interop
def test_a_deactivated_person_stays_out(kinde: Sandbox, browser: Browser) -> None:
    browser.sign_in(kinde, "kp_nina")
    Person.objects.filter(email="nina@example.com").update(is_active=False)
    other = Browser()
    response = other.sign_in(kinde, "kp_nina")
    assert response.status_code == 400
    assert "_auth_user_id" not in other.on().session


def test_an_organization_leads_to_its_workspace(
    kinde: Sandbox, browser: Browser, world: World, published: Published
) -> None:
    browser.on().post("/accounts/login/", {"login": world.bob.email, "password": PASSWORD})
    browser.get(kinde.answer(onward(browser.on().post("/oidc/connect/")), "kp_bob"))
    organization_map(actor=SYSTEM, code="org_acme", tenant_id=world.acme.id)
    organization_map(actor=SYSTEM, code="org_acme", tenant_id=world.acme.id)
    assert names(published).count("accounts.provider_organization_mapped") == 1
    with pytest.raises(Conflict):
        organization_map(actor=SYSTEM, code="org_acme", tenant_id=world.globex.id)
    response = Browser().sign_in(kinde, "kp_bob")
    assert response["Location"] == "/open/acme/"
    # Only where one belongs, and only where nothing else was asked for.
    state.change(
        "kinde", people=[state.Someone("kp_bob", "bob@acme.test", "B", True, "org_globex")]
    )
    organization_map(actor=SYSTEM, code="org_globex", tenant_id=world.globex.id)
    assert Browser().sign_in(kinde, "kp_bob")["Location"] == "/workspaces/"
    aimed = Browser().sign_in(kinde, "kp_bob", path="/oidc/start/?next=/profile/")
    assert aimed["Location"] == "/profile/"


def test_what_userinfo_says_is_of_the_same_subject(kinde: Sandbox, browser: Browser) -> None:
    response = browser.sign_in(kinde, "kp_nina", "userinfo_needed")
    assert response["Location"] == "/workspaces/"
    kinde.misbehave("userinfo_needed", "userinfo_other_sub")
    assert Browser().sign_in(kinde, "kp_nina").status_code == 400


def test_keys_rotate(kinde: Sandbox, browser: Browser) -> None:
    assert browser.sign_in(kinde, "kp_nina").status_code == 302
    state.rotate("kinde")
    assert Browser().sign_in(kinde, "kp_nina").status_code == 302
    # Once a minute: the next new key has to wait.
    state.rotate("kinde", alg="ES256")
    assert Browser().sign_in(kinde, "kp_nina").status_code == 400
    from django.core.cache import caches

    provider = IdentityProvider.objects.get()
    redis = caches["global"]._cache.get_client()
    for key in redis.scan_iter(f"*oidc-keys:{provider.id}*:refetch"):
        redis.delete(key)
    assert Browser().sign_in(kinde, "kp_nina").status_code == 302


@interop
def test_sign_out_goes_on_to_the_provider(kinde: Sandbox, browser: Browser) -> None:
    browser.sign_in(kinde, "kp_nina")
    response = browser.on().post("/accounts/logout/")
    url = onward(response)
    assert url.startswith(f"{kinde.end_session_endpoint}?")
    query = query_of(url)
    assert query["post_logout_redirect_uri"] == [f"http://{PUBLIC}/oidc/signed-out/"]
    assert query["client_id"] == ["wrapper-kinde"]
    assert query["id_token_hint"][0].count(".") == 2
    assert "_auth_user_id" not in browser.on().session
    assert browser.get("/oidc/signed-out/")["Location"] == "/accounts/login/"
