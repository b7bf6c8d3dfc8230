"""Identity providers in the console."""

import pytest
from django.test import Client

from apps.accounts.enums import ProviderState
from apps.accounts.models import ExternalIdentity, IdentityProvider, ProviderOrganization
from apps.events.models import OutboxEvent
from tests.conftest import World
from tests.console.conftest import messages_of

LIST = "/console/accounts/identityprovider/"


@pytest.fixture
def acme_id(world: World) -> IdentityProvider:
    return IdentityProvider.objects.create(
        tenant=world.acme,
        name="Acme ID",
        state=ProviderState.ENFORCED,
        issuer="https://id.acme.test",
        client_secret_encrypted=b"never shown",
        algorithms=["RS256"],
    )


def test_turn_off(console: Client, acme_id: IdentityProvider) -> None:
    page = f"{LIST}{acme_id.pk}/"
    html = console.get(page).content.decode()
    assert "https://id.acme.test" in html
    assert "never shown" not in html
    assert f"{page}map/" not in html
    assert console.post(f"{page}off/", {"reason": ""}).status_code == 200
    console.post(f"{page}off/", {"reason": "Their provider is down"})
    acme_id.refresh_from_db()
    assert acme_id.state == ProviderState.TESTED
    event = OutboxEvent.objects.order_by("-position").first()
    assert event is not None
    assert (event.name, event.payload["reason"], event.tenant_id) == (
        "accounts.identity_provider_switched",
        "Their provider is down",
        acme_id.tenant_id,
    )
    assert "is not possible" in messages_of(console.post(f"{page}off/", {"reason": "x"}))[-1]


def test_organizations(console: Client, world: World) -> None:
    provider = IdentityProvider.objects.create(
        name="Kinde", state=ProviderState.ON, issuer="https://x.kinde.com", algorithms=["RS256"]
    )
    page = f"{LIST}{provider.pk}/"
    wrong = console.post(f"{page}map/", {"code": "org_1", "slug": "nobody"})
    assert "There is no such tenant" in wrong.content.decode()
    console.post(f"{page}map/", {"code": "org_1", "slug": "acme"})
    mapped = ProviderOrganization.objects.get()
    assert (mapped.code, mapped.tenant_id) == ("org_1", world.acme.id)
    assert "org_1" in console.get(page).content.decode()
    console.post(f"{page}unmap/", {"code": "org_1"})
    assert not ProviderOrganization.objects.exists()


def test_unlink(console: Client, world: World, acme_id: IdentityProvider) -> None:
    identity = ExternalIdentity.objects.create(
        provider=acme_id, tenant=world.acme, issuer="x", subject="a-002", person=world.bob
    )
    assert "a-002" in console.get(f"{LIST}{acme_id.pk}/").content.decode()
    page = f"/console/accounts/externalidentity/{identity.pk}/"
    assert "bob@acme.test" in console.get(page).content.decode()
    console.post(f"{page}unlink/")
    assert not ExternalIdentity.objects.exists()
