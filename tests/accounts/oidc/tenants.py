"""A tenant with a provider of its own, without the pages."""

import time
from typing import Any

from django.utils import timezone

from apps.accounts.enums import ProviderState
from apps.accounts.models import EmailDomain, IdentityProvider, Person
from apps.accounts.oidc.tenant_providers import provider_connect, provider_update
from apps.common.actors import Actor
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.accounts.oidc.provider import Browser, Sandbox, onward
from tests.accounts.support import host

SECRET = "sandbox-client-secret"


def owner_actor(owner: Person) -> Actor:
    """Signed in by the provider just now, which is enough for whatever it asks."""
    return actor_for(owner, Proof(frozenset({"sso"}), time.time()))


def verify_domain(tenant: Tenant, domain: str) -> EmailDomain:
    return EmailDomain.objects.create(tenant=tenant, domain=domain, verified_at=timezone.now())


def connect(tenant: Tenant, owner: Person, sandbox: Sandbox, **changes: Any) -> IdentityProvider:
    with tenant_context(tenant):
        return provider_connect(
            actor=owner_actor(owner),
            **{
                "name": sandbox.issuer.name,
                "discovery_url_given": sandbox.discovery_url,
                "client_id": sandbox.client_id,
                "client_secret": SECRET,
                **changes,
            },
        )


def turn(tenant: Tenant, owner: Person, state: ProviderState, **changes: Any) -> IdentityProvider:
    """As if it had been tested."""
    with tenant_context(tenant):
        IdentityProvider.objects.filter(state=ProviderState.DRAFT).update(
            state=ProviderState.TESTED
        )
        if state == ProviderState.ENFORCED:
            provider_update(actor=owner_actor(owner), state=ProviderState.ON)
            changes.setdefault("break_glass_ids", [owner.id])
        return provider_update(actor=owner_actor(owner), state=state, **changes)


def role_id(tenant: Tenant, code: str) -> Any:
    with tenant_context(tenant):
        return Role.objects.get(code=code).id


def begin(browser: Browser, tenant: Tenant, path: str = "/members/") -> str:
    """From the tenant's sign-in page to the provider's address."""
    there = browser.get(f"http://{host(tenant)}/sign-in/?way=sso&next={path}")
    return onward(browser.get(onward(there)))


def enter(browser: Browser, tenant: Tenant, sandbox: Sandbox, sub: str, misbehave: str = "") -> Any:
    """The whole way into the tenant; the last answer, wherever it ended."""
    back = browser.get(sandbox.answer(begin(browser, tenant), sub, misbehave))
    if back.status_code not in (200, 302):
        return back
    return browser.get(onward(back))


def who(browser: Browser, tenant: Tenant | None = None) -> str:
    """The e-mail address of who is signed in there; empty for nobody."""
    client = browser.on(host(tenant)) if tenant else browser.on()
    person = Person.objects.filter(id=client.session.get("_auth_user_id")).first()
    return person.email if person else ""
