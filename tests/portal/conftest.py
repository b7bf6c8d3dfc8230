from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.handoff import HOST_KEY
from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.organizations.models import Invitation, Organization
from apps.organizations.services import invitation_create
from apps.roles.models import Role
from apps.tenants.models import Tenant

SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(browser: Callable[..., Client]) -> SignIn:
    """`sign_in(alice, acme)`: her browser on acme's host; without a tenant, on the public site."""

    def make(person: Person, tenant: Tenant | None = None) -> Client:
        client = browser(tenant)
        client.force_login(person)
        session = client.session
        session[HOST_KEY] = str(tenant.id) if tenant else "public"
        session.save()
        return client

    return make


@pytest.fixture
def invitation(owner: Actor, root: Organization, role: Callable[[str], Role]) -> Invitation:
    """dana@acme.test is invited to acme as a member."""
    return invitation_create(
        actor=owner,
        email="dana@acme.test",
        role_ids=[role("member").id],
        organization_id=root.id,
    )
