"""Many invitations at once: each row by itself, nothing in a dry run, nobody twice."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.invitation_csv import MAX_ROWS, InvitationRow
from apps.organizations.models import Invitation, Member, Organization
from apps.organizations.services import (
    InvitationOutcome,
    binding_create,
    invitation_create,
    invitations_create,
    organization_create,
)
from apps.roles.models import Role
from apps.roles.services import role_create
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.organizations.conftest import Published

pytestmark = pytest.mark.django_db


def rows(*emails: str, roles: tuple[str, ...] = (), organization: str = "") -> list[InvitationRow]:
    return [InvitationRow(line, email, roles, organization) for line, email in enumerate(emails, 2)]


def codes(outcomes: list[InvitationOutcome]) -> list[str]:
    return [one.code for one in outcomes]


def test_those_that_are_right_are_invited(
    owner: Actor,
    root: Organization,
    role: Callable[[str], Role],
    alice_member: Member,
    published: Published,
) -> None:
    given = [*rows("Dana@B.test", "eve@b.test"), InvitationRow(9, "bad")]
    checked = invitations_create(actor=owner, rows=given, dry_run=True)
    assert (codes(checked), Invitation.objects.count(), published()) == (["", "", "invalid"], 0, [])
    made = invitations_create(actor=owner, rows=given)
    assert codes(made) == ["", "", "invalid"]
    assert [(one.line, one.email) for one in made] == [
        (2, "dana@b.test"),
        (3, "eve@b.test"),
        (9, "bad"),
    ]
    for outcome, invitation in zip(made[:2], Invitation.objects.order_by("id"), strict=True):
        assert outcome.invitation_id == invitation.id
        assert (invitation.email, invitation.organization, invitation.invited_by) == (
            outcome.email,
            root,
            alice_member,
        )
        assert invitation.role_ids == [role("member").id]
        left = invitation.expires_at - timezone.now()
        assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert published() == ["organizations.member_invited"] * 2
    drain_once()
    assert sorted(m.to[0] for m in mail.outbox) == ["dana@b.test", "eve@b.test"]
    again = invitations_create(actor=owner, rows=given)
    assert codes(again) == ["already_invited", "already_invited", "invalid"]
    assert (Invitation.objects.count(), len(published())) == (2, 2)


def test_what_is_wrong_with_a_row(owner: Actor, root: Organization, role: Callable) -> None:
    invitation_create(
        actor=owner,
        email="open@b.test",
        role_ids=[role("member").id],
        organization_id=root.id,
    )
    invitation_create(
        actor=owner,
        email="late@b.test",
        role_ids=[role("member").id],
        organization_id=root.id,
    )
    Invitation.objects.filter(email="late@b.test").update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    wrong = {
        "": "invalid",
        "no address": "invalid",
        "a@b": "invalid",
        "a" * 250 + "@b.test": "invalid",
        "=1+1@b.test": "invalid",
        "+49@b.test": "invalid",
        "-x@b.test": "invalid",
        "@b.test": "invalid",
        "\x01@b.test": "invalid",
        "BOB@acme.test": "already_member",
        "Open@b.test": "already_invited",
        "late@b.test": "",
        "fine@b.test": "",
        " FINE@b.test ": "duplicate",
    }
    made = invitations_create(actor=owner, rows=rows(*wrong))
    assert dict(zip(wrong, codes(made), strict=True)) == wrong
    assert str(made[-1].detail) == "The same address is in line 14 already."
    assert all(bool(one.code) == bool(one.detail) for one in made)
    assert sorted(Invitation.objects.filter(revoked_at=None).values_list("email", flat=True)) == [
        "fine@b.test",
        "late@b.test",
        "open@b.test",
    ]


def test_roles_and_organizations_by_name(owner: Actor, root: Organization) -> None:
    lisbon = organization_create(actor=owner, name="Lisbon", parent_id=root.id)
    organization_create(actor=owner, name="R&D / AI", parent_id=root.id)
    sales = organization_create(actor=owner, name="Sales", parent_id=lisbon.id)
    top = organization_create(actor=owner, name="Sales", parent_id=root.id)
    organization_create(actor=owner, name="Acme", parent_id=top.id)
    clerks = role_create(actor=owner, name="Sales, EMEA", permission_codes=[])
    for given, expected in {
        "": root,
        "acme": root,
        "ACME / Lisbon": lisbon,
        "lisbon": lisbon,
        str(lisbon.id): lisbon,
        "Lisbon/sales": sales,
        "Acme / Lisbon / Sales": sales,
        "Acme/Sales": top,
        "Sales": "organization_ambiguous",
        "Porto": "organization_unknown",
        "/": "organization_unknown",
        "Acme / Lisbon /": "organization_unknown",
        MISSING: "organization_unknown",
        "R&D / AI": Organization.objects.get(name="R&D / AI"),
    }.items():
        (one,) = invitations_create(
            actor=owner, rows=rows("x@b.test", organization=given), dry_run=True
        )
        assert (one.code or one.organization) == expected, given
    for names, expected_roles in {
        (): {"member"},
        ("Member",): {"member"},
        ("ADMINISTRATOR", "member"): {"admin", "member"},
        ("owner",): {"owner"},
        ("sales, emea", str(clerks.id)): {clerks.code},
        ("Nobody",): "role_unknown",
        ("member", MISSING): "role_unknown",
    }.items():
        (one,) = invitations_create(actor=owner, rows=rows("x@b.test", roles=names), dry_run=True)
        assert (one.code or {role.code for role in one.roles}) == expected_roles, names


def test_nobody_gives_more_than_they_hold_nor_elsewhere(
    owner: Actor, bob: Person, bob_member: Member, root: Organization, member: Actor
) -> None:
    north = organization_create(actor=owner, name="North", parent_id=root.id)
    organization_create(actor=owner, name="South", parent_id=root.id)
    with pytest.raises(PermissionDenied):
        invitations_create(actor=member, rows=rows("x@b.test"))
    inviters = role_create(
        actor=owner,
        name="Inviters",
        permission_codes=["organizations.invite_member", "organizations.view_organization"],
    )
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=inviters.id, organization_id=north.id
    )
    made = invitations_create(
        actor=actor_for(bob),
        rows=[
            InvitationRow(2, "a@b.test", (), "North"),
            InvitationRow(3, "b@b.test", ("admin",), "North"),
            InvitationRow(4, "c@b.test", ("owner",), "North"),
            InvitationRow(5, "d@b.test", (), "South"),
            InvitationRow(6, "e@b.test"),
        ],
    )
    assert codes(made) == ["", *["permission_denied"] * 4]
    assert [one.email for one in Invitation.objects.all()] == ["a@b.test"]


def test_how_many(owner: Actor) -> None:
    for count in (0, MAX_ROWS + 1):
        with pytest.raises(InvalidInput) as caught:
            invitations_create(actor=owner, rows=rows(*(f"p{n}@b.test" for n in range(count))))
        assert caught.value.code == "row_count"


def test_another_tenants_people_are_no_matter(
    owner: Actor, globex: Tenant, charlie: Person
) -> None:
    (one,) = invitations_create(actor=owner, rows=rows(charlie.email))
    assert one.code == ""
    with tenant_context(globex):
        assert Invitation.objects.count() == 0


def test_as_many_statements_for_a_thousand_as_for_two(owner: Actor) -> None:
    # What the plan gives is remembered from the first time on.
    invitations_create(actor=owner, rows=rows("z@b.test"), dry_run=True)
    with CaptureQueriesContext(connection) as two:
        invitations_create(actor=owner, rows=rows("a@b.test", "b@b.test"))
    given = rows(*(f"person{number}@b.test" for number in range(MAX_ROWS)))
    with CaptureQueriesContext(connection) as thousand:
        assert codes(invitations_create(actor=owner, rows=given)) == [""] * MAX_ROWS
    assert len(two) == len(thousand) <= 12
    assert Invitation.objects.count() == MAX_ROWS + 2


@pytest.mark.django_db(transaction=True)
def test_two_who_send_the_same_list_at_once_invite_each_once(
    acme: Tenant, alice: Person, world: object
) -> None:
    barrier = threading.Barrier(4)
    outcomes: list[list[str]] = []

    def work() -> None:
        try:
            with tenant_context(acme):
                actor = actor_for(alice)
                barrier.wait()
                made = invitations_create(
                    actor=actor, rows=rows(*(f"p{number}@b.test" for number in range(50)))
                )
                outcomes.append(codes(made))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert sum(code == "" for found in outcomes for code in found) == 50
    with tenant_context(acme):
        assert Invitation.objects.count() == 50
    assert OutboxEvent.objects.filter(name="organizations.member_invited").count() == 50
