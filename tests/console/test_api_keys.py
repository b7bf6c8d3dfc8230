"""API keys of tenants in the console."""

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.roles.api_key_text import api_key_text_make
from apps.roles.models import ApiKey
from apps.roles.services import NewApiKey
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.console.conftest import messages_of, tenant_rows
from tests.roles.support import make_key


@pytest.fixture
def made(acme: Tenant, alice: Person) -> NewApiKey:
    with tenant_context(acme):
        return make_key(actor_for(alice), "Import <1>")


def url(tenant: Tenant, last: str = "api-keys") -> str:
    return f"/console/tenants/tenant/{tenant.pk}/{last}/"


def revoked(tenant: Tenant) -> bool:
    with tenant_context(tenant):
        return ApiKey.objects.get().revoked_at is not None


def test_staff_see_keys_and_no_secrets(console: Client, acme: Tenant, made: NewApiKey) -> None:
    assert url(acme) in console.get(f"/console/tenants/tenant/{acme.pk}/").content.decode()
    html = console.get(url(acme)).content.decode()
    assert "Import &lt;1&gt;" in html
    assert made.key.hint in html
    assert "alice@acme.test" in html
    with tenant_context(acme):
        digest = ApiKey.objects.get().digest
    assert digest is not None
    assert digest not in html
    assert made.text not in html


@pytest.mark.parametrize("by", ["text", "id", "hint"])
def test_staff_revoke(console: Client, acme: Tenant, made: NewApiKey, by: str) -> None:
    act = url(acme, "revoke_api_key")
    assert act in console.get(url(acme)).content.decode()
    named = {"text": made.text, "id": str(made.key.id), "hint": made.key.hint}[by]
    refused = console.post(act, {"key": named, "reason": ""})
    assert refused.status_code == 200
    assert not revoked(acme)
    response = console.post(act, {"key": f" {named} ", "reason": "leaked"})
    assert messages_of(response) == ["The API key is revoked."]
    assert revoked(acme)
    event = OutboxEvent.objects.get(name="roles.api_key_revoked")
    assert (event.actor_kind, event.actor_label) == ("staff", "staff@platform.test")
    assert (event.tenant_id, event.payload["reason"]) == (acme.id, "leaked")
    again = console.post(act, {"key": named, "reason": "leaked"})
    assert messages_of(again)[-1] == "The key is revoked."


def test_keys_that_are_none_or_anothers(
    console: Client, acme: Tenant, globex: Tenant, made: NewApiKey
) -> None:
    for tenant, key, words in (
        (acme, "x", "no such key"),
        (acme, MISSING, "no such key"),
        (acme, api_key_text_make(acme.id), "no such key"),
        (globex, made.text, "a key of another tenant"),
        (globex, str(made.key.id), "no such key"),
        (globex, made.key.hint, "no such key"),
    ):
        response = console.post(url(tenant, "revoke_api_key"), {"key": key, "reason": "leaked"})
        assert response.status_code == 200
        assert words in response.content.decode()
    assert not revoked(acme)


def test_a_tenant_without_a_schema(console: Client, alice: Person) -> None:
    (row,) = tenant_rows(1, alice)
    html = console.get(url(row)).content.decode()
    assert "No program has a key" in html
    assert url(row, "revoke_api_key") not in html
    response = console.post(url(row, "revoke_api_key"), {"key": MISSING, "reason": "x"})
    assert "is not possible" in messages_of(response)[-1]
