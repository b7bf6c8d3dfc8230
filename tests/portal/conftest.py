from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.organizations.models import Invitation, Organization
from apps.organizations.services import invitation_create
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.accounts.support import force_sign_in

SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(browser: Callable[..., Client]) -> SignIn:
    """`sign_in(alice, acme)`: her browser on acme's host; without a tenant, on the public site."""

    def make(person: Person, tenant: Tenant | None = None, at: str = "") -> Client:
        """at: a domain of the tenant's own, instead of its subdomain."""
        client = browser(tenant)
        if at:
            client.defaults["HTTP_HOST"] = f"{at}:8000"
        force_sign_in(client, person, tenant)
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
