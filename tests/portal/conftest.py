from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.credits.enums import GrantSource
from apps.credits.services import credits_refund, hold_capture
from apps.organizations.models import Invitation, Member, Organization
from apps.organizations.services import invitation_create
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.accounts.support import force_sign_in
from tests.conftest import SYSTEM
from tests.credits.support import TRANSLATE, branch, debit, grant, hold, later
from tests.portal.credits import CREDIT

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


@pytest.fixture
def filled(
    in_acme: None, _operations: None, root: Organization, bob_member: Member
) -> SimpleNamespace:
    """1,000 credits, 100 of them for translations alone and soon over; some used, held, given back."""
    sales = branch(root, "Sales")
    west = branch(sales, "=West")
    wide = grant(900 * CREDIT, description="Pack of 900", source=GrantSource.PURCHASE)
    narrow = grant(
        100 * CREDIT, description="Try it", operations=[TRANSLATE], expires_at=later(days=9)
    )
    spent = debit(30 * CREDIT, operation=TRANSLATE, member_id=bob_member.id)
    there = debit(20 * CREDIT, organization_id=west.id)
    debit(10 * CREDIT, organization_id=sales.id)
    held = hold(50 * CREDIT)
    captured = hold_capture(
        actor=SYSTEM,
        hold_id=held.transaction_id,
        idempotency_key="capture",
        amount_microcredits=5 * CREDIT,
    )
    refund = credits_refund(
        actor=SYSTEM,
        transaction_id=spent.transaction_id,
        idempotency_key="refund",
        reason="It was <b>broken</b>",
        amount_microcredits=int(1.5 * CREDIT),
    )
    return SimpleNamespace(
        sales=sales,
        west=west,
        wide=wide,
        narrow=narrow,
        spent=spent,
        there=there,
        held=held,
        captured=captured,
        refund=refund,
    )
