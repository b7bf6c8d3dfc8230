"""Mails to people who have not asked for any: so many a day, and the same one not again and again."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.common.actors import Actor
from apps.common.errors import RateLimited
from apps.common.tenancy import tenant_context
from apps.organizations.invitation_csv import InvitationRow
from apps.organizations.models import Invitation, Organization
from apps.organizations.selectors import root_organization
from apps.organizations.services import (
    invitation_create,
    invitation_resend,
    invitation_revoke,
    invitations_create,
)
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def invite(owner: Actor, root: Organization, settings: Any) -> Callable[[str], Invitation]:
    settings.INVITATIONS_PER_DAY = 3
    member = role_by_code("member")

    def make(email: str, actor: Actor = owner) -> Invitation:
        return invitation_create(
            actor=actor, email=email, role_ids=[member.id], organization_id=root.id
        )

    return make


def test_so_many_a_day(invite: Any, owner: Actor, globex: Tenant) -> None:
    for number in range(3):
        invitation_revoke(actor=owner, invitation_id=invite(f"n{number}@acme.test").id)
    with pytest.raises(RateLimited) as caught:
        invite("another@acme.test")
    assert 28_700 < int(caught.value.headers["Retry-After"]) <= 28_800
    assert not Invitation.objects.filter(email="another@acme.test").exists()
    with tenant_context(globex):
        invitation_create(
            actor=SYSTEM,
            email="another@acme.test",
            role_ids=[role_by_code("member").id],
            organization_id=root_organization().id,
        )


def test_the_platform_itself_is_not_limited(invite: Any) -> None:
    for number in range(4):
        invite(f"n{number}@acme.test", SYSTEM)


def test_sending_again_counts(invite: Any, owner: Actor) -> None:
    invitation = invite("dana@acme.test")
    for _ in range(2):
        invitation_resend(actor=owner, invitation_id=invitation.id)
    with pytest.raises(RateLimited):
        invitation_resend(actor=owner, invitation_id=invitation.id)


def test_the_same_one_not_again_and_again(invite: Any, owner: Actor, settings: Any) -> None:
    settings.INVITATIONS_PER_DAY = 100
    invitation = invite("dana@acme.test")
    for _ in range(5):
        invitation_resend(actor=owner, invitation_id=invitation.id)
    with pytest.raises(RateLimited, match="sent again often"):
        invitation_resend(actor=owner, invitation_id=invitation.id)


def test_many_at_once_count_each(invite: Any, owner: Actor) -> None:
    rows = [InvitationRow(n, f"n{n}@acme.test", (), "") for n in range(1, 3)]
    invitations_create(actor=owner, rows=rows, dry_run=True)
    invitations_create(actor=owner, rows=rows)
    more = [InvitationRow(n, f"m{n}@acme.test", (), "") for n in range(1, 3)]
    with pytest.raises(RateLimited):
        invitations_create(actor=owner, rows=more)
    assert Invitation.objects.count() == 2
    invite("last@acme.test")
