"""Settings of organizations: what holds where, where it comes from, and what it does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.invitation_csv import InvitationRow
from apps.organizations.models import Invitation, Member, Organization, OrganizationSetting
from apps.organizations.organization_settings import (
    INVITATION_DAYS,
    INVITATION_DOMAINS,
    WHO_INVITES,
)
from apps.organizations.selectors_settings import settings_for
from apps.organizations.services import (
    binding_create,
    invitation_create,
    invitation_resend,
    invitations_create,
    organization_create,
    organization_move,
    setting_reset,
    setting_set,
)
from apps.organizations.setting_registry import Setting, SettingKind, register_settings
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.organizations.conftest import Published

pytestmark = pytest.mark.django_db


@pytest.fixture
def europe(owner: Actor, root: Organization) -> Organization:
    return organization_create(actor=owner, name="Europe", parent_id=root.id)


@pytest.fixture
def lisbon(owner: Actor, europe: Organization) -> Organization:
    return organization_create(actor=owner, name="Lisbon", parent_id=europe.id)


def effective(actor: Actor, organization: Organization, code: str) -> tuple[Any, str, str]:
    one = next(one for one in settings_for(actor, organization) if one.setting.code == code)
    return one.value, one.source.value, str(one.organization or "")


def test_the_nearest_value_holds(
    owner: Actor,
    root: Organization,
    europe: Organization,
    lisbon: Organization,
    published: Published,
) -> None:
    assert effective(owner, lisbon, INVITATION_DAYS) == (7, "default", "")
    before = len(published())
    for organization, days in ((root, 3), (europe, 5), (europe, 5)):
        setting_set(actor=owner, organization_id=organization.id, code=INVITATION_DAYS, value=days)
    assert effective(owner, root, INVITATION_DAYS) == (3, "own", "Acme")
    assert effective(owner, europe, INVITATION_DAYS) == (5, "own", "Europe")
    assert effective(owner, lisbon, INVITATION_DAYS) == (5, "inherited", "Europe")
    for _ in range(2):
        setting_reset(actor=owner, organization_id=europe.id, code=INVITATION_DAYS)
    assert effective(owner, lisbon, INVITATION_DAYS) == (3, "inherited", "Acme")
    assert published()[before:] == ["organizations.setting_changed"] * 3
    assert OrganizationSetting.objects.count() == 1


def test_all_settings_take_one_statement(
    owner: Actor, lisbon: Organization, root: Organization
) -> None:
    setting_set(actor=owner, organization_id=root.id, code=WHO_INVITES, value="owners")
    with CaptureQueriesContext(connection) as captured:
        assert len(settings_for(owner, lisbon)) == 3
    assert len(captured) == 1


def test_what_is_moved_inherits_from_its_new_place(
    owner: Actor, europe: Organization, lisbon: Organization, root: Organization
) -> None:
    setting_set(actor=owner, organization_id=europe.id, code=INVITATION_DAYS, value=2)
    organization_move(actor=owner, organization_id=lisbon.id, parent_id=root.id)
    lisbon.refresh_from_db()
    assert effective(owner, lisbon, INVITATION_DAYS) == (7, "default", "")


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (INVITATION_DAYS, 0),
        (INVITATION_DAYS, 91),
        (INVITATION_DAYS, "3"),
        (INVITATION_DAYS, True),
        (INVITATION_DAYS, None),
        (WHO_INVITES, "everybody"),
        (WHO_INVITES, 1),
        (WHO_INVITES, ["nobody"]),
        (INVITATION_DOMAINS, "acme"),
        (INVITATION_DOMAINS, "x" * 1001),
        (INVITATION_DOMAINS, "a\0b.com"),
        (INVITATION_DOMAINS, {}),
    ],
)
def test_wrong_values(owner: Actor, europe: Organization, code: str, value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        setting_set(actor=owner, organization_id=europe.id, code=code, value=value)
    assert caught.value.errors[0].attr == "value"
    assert not OrganizationSetting.objects.exists()


def test_who_may_change_them(
    owner: Actor,
    member: Actor,
    bob: Person,
    bob_member: Member,
    role: Callable[[str], Role],
    root: Organization,
    europe: Organization,
    lisbon: Organization,
) -> None:
    for act in (
        lambda: setting_set(actor=member, organization_id=europe.id, code=INVITATION_DAYS, value=2),
        lambda: setting_reset(actor=member, organization_id=europe.id, code=INVITATION_DAYS),
    ):
        with pytest.raises(PermissionDenied):
            act()
    with pytest.raises(NotFound):
        setting_set(actor=owner, organization_id=europe.id, code="no.such", value=2)
    setting_set(actor=owner, organization_id=root.id, code=WHO_INVITES, value="owners")
    bob_member.bindings.all().delete()
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=europe.id
    )
    admin = actor_for(bob)
    # Where it comes from is not told to who may not see that.
    assert effective(admin, lisbon, WHO_INVITES) == ("owners", "inherited", "")
    setting_set(actor=admin, organization_id=lisbon.id, code=INVITATION_DAYS, value=2)
    assert OrganizationSetting.objects.count() == 2


def test_another_tenants_organization_is_not_found(owner: Actor, globex: Tenant) -> None:
    with tenant_context(globex):
        foreign = Organization.objects.get(depth=1)
    with pytest.raises(NotFound):
        setting_set(actor=owner, organization_id=foreign.id, code=INVITATION_DAYS, value=2)
    with tenant_context(globex):
        assert not OrganizationSetting.objects.exists()


def invite(actor: Actor, to: Organization, role: Callable[[str], Role], email: str) -> Invitation:
    return invitation_create(
        actor=actor, email=email, role_ids=[role("member").id], organization_id=to.id
    )


def lasts(invitation: Invitation) -> float:
    return (invitation.expires_at - timezone.now()) / timedelta(days=1)


def test_how_long_invitations_are_good(
    owner: Actor,
    europe: Organization,
    lisbon: Organization,
    role: Callable[[str], Role],
    settings: Any,
) -> None:
    settings.INVITATION_LIFETIME_S = 3600
    hour = invite(owner, lisbon, role, "a@acme.test")
    assert lasts(hour) == pytest.approx(1 / 24, abs=0.01)
    setting_set(actor=owner, organization_id=europe.id, code=INVITATION_DAYS, value=2)
    assert lasts(invite(owner, lisbon, role, "b@acme.test")) == pytest.approx(2, abs=0.01)
    again = invitation_resend(actor=owner, invitation_id=hour.id)
    assert lasts(again) == pytest.approx(2, abs=0.01)
    rows = [InvitationRow(1, "c@acme.test", (), "Lisbon"), InvitationRow(2, "d@acme.test")]
    invitations_create(actor=owner, rows=rows)
    found = {one.email: round(lasts(one) * 24) for one in Invitation.objects.all()}
    assert found == {"a@acme.test": 48, "b@acme.test": 48, "c@acme.test": 48, "d@acme.test": 1}


def test_which_addresses_are_invited(
    owner: Actor,
    europe: Organization,
    lisbon: Organization,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    setting_set(
        actor=owner,
        organization_id=europe.id,
        code=INVITATION_DOMAINS,
        value="ACME.test,  acme.example ,acme.test",
    )
    assert effective(owner, lisbon, INVITATION_DOMAINS)[0] == "acme.test, acme.example"
    for email in ("x@globex.test", "x@sub.acme.test", "x@notacme.test"):
        with pytest.raises(Conflict) as caught:
            invite(owner, lisbon, role, email)
        assert caught.value.code == "domain_not_allowed"
    rows = [
        InvitationRow(1, "x@globex.test", (), "Lisbon"),
        InvitationRow(2, "y@acme.example", (), "Lisbon"),
        InvitationRow(3, "z@globex.test"),
    ]
    outcomes = invitations_create(actor=owner, rows=rows)
    assert [one.code for one in outcomes] == ["domain_not_allowed", "", ""]
    invite(owner, lisbon, role, "Dana@ACME.test")
    assert Invitation.objects.count() == 3


def test_who_invites(
    owner: Actor,
    bob: Person,
    bob_member: Member,
    europe: Organization,
    lisbon: Organization,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=root.id
    )
    admin = actor_for(bob)
    setting_set(actor=owner, organization_id=europe.id, code=WHO_INVITES, value="owners")
    with pytest.raises(Conflict) as caught:
        invite(admin, lisbon, role, "a@acme.test")
    assert caught.value.code == "invitations_by_owners"
    invite(owner, lisbon, role, "a@acme.test")
    invite(admin, root, role, "b@acme.test")
    setting_set(actor=owner, organization_id=lisbon.id, code=WHO_INVITES, value="nobody")
    with pytest.raises(Conflict) as caught:
        invite(owner, lisbon, role, "c@acme.test")
    assert caught.value.code == "invitations_closed"
    assert Invitation.objects.count() == 2


def test_a_code_belongs_to_one_declaration() -> None:
    def setting(**fields: Any) -> Setting:
        return Setting(
            INVITATION_DAYS, "x", "y", **{"kind": SettingKind.INTEGER, "default": int, **fields}
        )

    with pytest.raises(ImproperlyConfigured):
        register_settings([setting()])
    with pytest.raises(ImproperlyConfigured):
        register_settings([Setting("x.y", "x", "y", SettingKind.CHOICE, default=str)])
