"""Settings → Sign-in → the identity provider: every step in the pages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.enums import ProviderState
from apps.accounts.models import EmailDomain, ExternalIdentity, IdentityProvider, Person
from apps.accounts.oidc import jwks
from apps.common.tenancy import tenant_context
from apps.organizations.models import Organization, ProviderGroupRole
from apps.roles.models import Role
from apps.sandbox.oidc import state
from apps.tenants.models import Tenant
from tests.accounts.oidc.provider import Browser, Sandbox, onward, serving
from tests.accounts.support import force_sign_in, host
from tests.conftest import World
from tests.portal.pages import read

pytestmark = pytest.mark.django_db
PATH = "/settings/sign-in/provider/"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as found:
        yield found


@pytest.fixture
def acme_id(port: int, settings: Any) -> Sandbox:
    jwks.forget()
    settings.OIDC_INTERNAL_HOSTS = [f"localhost:{port}"]
    return Sandbox(port, "acme")


@pytest.fixture
def browser_of(world: World) -> Callable[[Person], Browser]:
    def make(person: Person, tenant: Tenant = world.acme) -> Browser:
        made = Browser()
        methods = ("password", "totp")
        force_sign_in(made.on(host(tenant)), person, tenant, methods=methods)
        return made

    return make


def sheet(acme_id: Sandbox, **changes: str) -> dict[str, str]:
    return {
        "name": "Acme ID",
        "discovery_url": acme_id.discovery_url,
        "client_id": acme_id.client_id,
        "client_secret": "sandbox-client-secret",
        "groups_claim": "groups",
        **changes,
    }


def test_the_whole_way(
    acme_id: Sandbox, world: World, browser_of: Callable[[Person], Browser]
) -> None:
    browser = browser_of(world.alice)
    client = browser.on(host(world.acme))
    tab = client.get("/settings/sign-in/")
    assert "No identity provider is connected" in tab.content.decode()
    assert read(tab.content).check() == []
    assert client.get(PATH)["Location"] == f"{PATH}connect/"
    form = client.get(f"{PATH}connect/")
    assert "http://localhost:8000/oidc/callback/" in form.content.decode()
    assert read(form.content).check() == []
    wrong = client.post(f"{PATH}connect/", sheet(acme_id, discovery_url="https://10.0.0.1"))
    assert wrong.status_code == 422
    assert "not public" in wrong.content.decode()
    assert read(wrong.content).check() == []
    connected = client.post(f"{PATH}connect/", sheet(acme_id))
    assert connected["Location"] == PATH
    page = client.get(PATH)
    html = page.content.decode()
    assert "Not tested" in html
    assert "sandbox-client-secret" not in html
    assert read(page.content).check() == []

    # The test: a real sign-in, which changes nothing.
    people = Person.objects.count()
    there = onward(browser.get(onward(client.post(f"{PATH}test/"))))
    back = browser.get(acme_id.answer(there, "a-001"))
    assert onward(back) == f"http://{host(world.acme)}{PATH}"
    tested = client.get(PATH).content.decode()
    assert "a-001" in tested
    assert "staff, it" in tested
    assert (Person.objects.count(), ExternalIdentity.objects.count()) == (people, 0)
    assert IdentityProvider.objects.get().state == ProviderState.TESTED
    assert "_auth_user_id" not in browser.on().session

    assert "none is verified" in tested
    assert client.post(f"{PATH}switch/on/").status_code == 302
    assert IdentityProvider.objects.get().state == ProviderState.TESTED
    EmailDomain.objects.create(tenant=world.acme, domain="acme.test", verified_at=timezone.now())
    client.post(f"{PATH}switch/on/")
    assert IdentityProvider.objects.get().state == ProviderState.ON
    client.post(f"{PATH}switch/enforce/")
    assert IdentityProvider.objects.get().state == ProviderState.ON
    client.post(f"{PATH}break-glass/", {"break_glass_ids": [str(world.alice.id)]})
    client.post(f"{PATH}switch/enforce/")
    provider = IdentityProvider.objects.get()
    assert (provider.state, provider.break_glass_ids) == (ProviderState.ENFORCED, [world.alice.id])
    page = client.get(PATH)
    assert read(page.content).check() == []
    # The last owner who could come in without it stays named.
    client.post(f"{PATH}break-glass/", {"break_glass_ids": []})
    assert IdentityProvider.objects.get().break_glass_ids == [world.alice.id]
    client.post(f"{PATH}switch/relax/")
    client.post(f"{PATH}switch/off/")
    assert IdentityProvider.objects.get().state == ProviderState.TESTED

    assert client.get(f"{PATH}remove/").status_code == 200
    assert client.post(f"{PATH}remove/", {"confirmation": "x"}).status_code == 422
    assert client.post(f"{PATH}remove/", {"confirmation": "acme id"}).status_code == 302
    assert not IdentityProvider.objects.exists()


def test_a_test_that_fails_says_why(
    acme_id: Sandbox, world: World, browser_of: Callable[[Person], Browser]
) -> None:
    browser = browser_of(world.alice)
    client = browser.on(host(world.acme))
    client.post(f"{PATH}connect/", sheet(acme_id))
    there = onward(browser.get(onward(client.post(f"{PATH}test/"))))
    back = browser.get(acme_id.answer(there, "a-005"))
    assert onward(back) == f"http://{host(world.acme)}{PATH}"
    html = client.get(PATH).content.decode()
    assert "email_unverified" in html
    assert IdentityProvider.objects.get().state == ProviderState.DRAFT
    # A ticket is good once.
    ticket = onward(client.post(f"{PATH}test/"))
    assert browser.get(ticket).status_code == 200
    assert browser.get(ticket).status_code == 400
    # Gone meanwhile.
    there = onward(browser.get(onward(client.post(f"{PATH}test/"))))
    answer = acme_id.answer(there, "a-001")
    client.post(f"{PATH}remove/", {"confirmation": "Acme ID"})
    assert browser.get(answer).status_code == 400
    assert client.post(f"{PATH}test/").status_code == 404


def test_joining_and_groups(
    acme_id: Sandbox, world: World, browser_of: Callable[[Person], Browser]
) -> None:
    client = browser_of(world.alice).on(host(world.acme))
    client.post(f"{PATH}connect/", sheet(acme_id))
    with tenant_context(world.acme):
        roles = {role.code: str(role.id) for role in Role.objects.all()}
        root = Organization.objects.get(depth=1)
    assert client.post(f"{PATH}joining/", {"default_role_id": roles["owner"]}).status_code == 422
    client.post(f"{PATH}joining/", {"default_role_id": roles["member"]})
    assert str(IdentityProvider.objects.get().default_role_id) == roles["member"]
    client.post(f"{PATH}joining/", {"default_role_id": ""})
    assert IdentityProvider.objects.get().default_role_id is None
    row = {"group-group": "it", "group-role_id": roles["admin"], "group-organization_id": root.id}
    assert client.post(f"{PATH}groups/", row).status_code == 302
    assert client.post(f"{PATH}groups/", row).status_code == 422
    assert client.post(f"{PATH}groups/", {**row, "group-group": ""}).status_code == 422
    with tenant_context(world.acme):
        made = ProviderGroupRole.objects.get()
    page = client.get(PATH)
    assert f"{PATH}groups/{made.id}/remove/" in page.content.decode()
    assert read(page.content).check() == []
    client.post(f"{PATH}groups/{made.id}/remove/")
    with tenant_context(world.acme):
        assert not ProviderGroupRole.objects.exists()


def test_who_may(acme_id: Sandbox, world: World, browser_of: Any) -> None:
    client: Client = browser_of(world.bob).on(host(world.acme))
    for path in ("", "connect/", "remove/"):
        assert client.get(f"{PATH}{path}").status_code == 403
    for path in (
        "connect/",
        "test/",
        "switch/on/",
        "joining/",
        "break-glass/",
        "groups/",
        "remove/",
    ):
        assert client.post(f"{PATH}{path}", sheet(acme_id)).status_code == 403
    assert not IdentityProvider.objects.exists()
    owner: Client = browser_of(world.alice).on(host(world.acme))
    assert owner.post(f"{PATH}switch/other/").status_code == 404
    state.rotate("acme")
