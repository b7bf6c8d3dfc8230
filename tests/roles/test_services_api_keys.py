"""Making, changing, rotating and revoking keys: nobody gives a key more than they hold."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.access import permissions
from apps.common.actors import Actor, ActorKind
from apps.common.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ReauthenticationRequired,
)
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization
from apps.organizations.permissions import REMOVE_MEMBER, VIEW_MEMBER, VIEW_ORGANIZATION
from apps.organizations.services import binding_create, organization_create, organization_delete
from apps.roles.api_key_text import api_key_digest, api_key_text_read
from apps.roles.models import ApiKey
from apps.roles.permissions import MANAGE_API_KEY
from apps.roles.selectors_api_keys import (
    api_key_actor,
    api_key_by_digest,
    api_key_for,
    api_keys_for,
    permissions_for_keys,
)
from apps.roles.services import (
    api_key_create,
    api_key_revoke,
    api_key_rotate,
    api_key_update,
    role_create,
)
from apps.tenants.models import Tenant
from tests.roles.support import READ, make_key

pytestmark = pytest.mark.django_db


def events(name: str) -> list[dict[str, Any]]:
    found = OutboxEvent.objects.filter(name=f"roles.api_key_{name}").order_by("position")
    return list(found.values_list("payload", flat=True))


@pytest.fixture
def north(owner: Actor, root: Organization) -> Organization:
    return organization_create(actor=owner, name="North", parent_id=root.id)


@pytest.fixture
def keeper(
    owner: Actor, bob: Person, bob_member: Member, north: Organization
) -> Callable[..., Actor]:
    """bob, who manages keys at North, and holds there what is named."""

    def make(*codes: str, at: Organization = north) -> Actor:
        custom = role_create(
            actor=owner, name="Keeper", permission_codes=[MANAGE_API_KEY, VIEW_ORGANIZATION, *codes]
        )
        binding_create(
            actor=owner, member_id=bob_member.id, role_id=custom.id, organization_id=at.id
        )
        return actor_for(bob)

    return make


def test_only_a_hash_is_kept(owner: Actor, acme: Tenant) -> None:
    made = make_key(owner, "  Nightly   import ")
    key = ApiKey.objects.get()
    assert key.name == "Nightly import"
    assert key.digest == api_key_digest(made.text)
    assert made.text not in str(ApiKey.objects.values().get())
    assert made.text not in repr(made)
    found = api_key_text_read(made.text)
    assert found is not None
    assert found.tenant_id == acme.id
    assert (key.created_by, key.created_by_member_id) == (owner.label, owner.member_id)
    assert key.created_by_person_id == owner.person_id
    assert key.expires_at is not None
    assert abs(key.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
    assert events("created") == [
        {
            "api_key_id": str(key.id),
            "name": "Nightly import",
            "hint": key.hint,
            "permissions": " ".join(READ),
            "organization_id": None,
            "expires_at": key.expires_at.isoformat(),
        }
    ]
    assert made.text not in str(list(OutboxEvent.objects.values()))


def test_never_has_to_be_said(owner: Actor) -> None:
    assert make_key(owner, expires_in_days=None).key.expires_at is None


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\nb\0"}, "name"),
        ({"permission_codes": []}, "permissions"),
        ({"permission_codes": ["no.such"]}, "permissions"),
        ({"permission_codes": [MANAGE_API_KEY]}, "permissions"),
        ({"permission_codes": [VIEW_MEMBER, "roles.bind_role"]}, "permissions"),
        ({"permission_codes": [VIEW_MEMBER, REMOVE_MEMBER]}, "allow_dangerous"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": -1}, "expires_in_days"),
        ({"expires_in_days": 366}, "expires_in_days"),
        ({"networks": ["nonsense"]}, "networks"),
        ({"networks": ["10.0.0.1/8"]}, "networks"),
        ({"networks": ["fe80::1%eth0"]}, "networks"),
        ({"networks": [""]}, "networks"),
        ({"networks": [f"10.0.{n}.0/24" for n in range(21)]}, "networks"),
    ],
)
def test_bad_input(owner: Actor, changes: dict[str, Any], attr: str) -> None:
    made = make_key(owner, "Other")
    before = ApiKey.objects.values().get()
    wanted = {"name": "Import", "permission_codes": READ, **changes}
    with pytest.raises(InvalidInput) as raised:
        api_key_create(actor=owner, **wanted)
    assert [error.attr for error in raised.value.errors] == [attr]
    with pytest.raises(InvalidInput) as raised:
        api_key_update(actor=owner, api_key_id=made.key.id, **changes)
    assert [error.attr for error in raised.value.errors] == [attr]
    assert ApiKey.objects.values().get() == before


def test_names_are_given_once_and_free_when_it_is_revoked(owner: Actor) -> None:
    made = make_key(owner, "Import")
    with pytest.raises(InvalidInput) as raised:
        make_key(owner, "IMPORT")
    assert raised.value.errors[0].code == "name_taken"
    other = make_key(owner, "Export")
    with pytest.raises(InvalidInput):
        api_key_update(actor=owner, api_key_id=other.key.id, name="import")
    api_key_revoke(actor=owner, api_key_id=made.key.id)
    make_key(owner, "Import")


def test_dangers_are_agreed_to_once(owner: Actor) -> None:
    made = make_key(owner, codes=[REMOVE_MEMBER], allow_dangerous=True)
    changed = api_key_update(actor=owner, api_key_id=made.key.id, name="Other")
    assert changed.permissions == [REMOVE_MEMBER]
    with pytest.raises(InvalidInput):
        api_key_update(
            actor=owner,
            api_key_id=made.key.id,
            permission_codes=[REMOVE_MEMBER, "organizations.move_organization"],
        )


def test_networks_are_kept_in_their_usual_spelling(owner: Actor) -> None:
    given = [" 203.0.113.7", "203.0.113.7/32", "2001:DB8::/32", "10.0.0.0/8"]
    key = make_key(owner, networks=given).key
    assert key.networks == ["203.0.113.7/32", "2001:db8::/32", "10.0.0.0/8"]


def test_who_manages_no_keys_makes_none(member: Actor) -> None:
    with pytest.raises(PermissionDenied):
        make_key(member)
    with pytest.raises(PermissionDenied):
        api_keys_for(member)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("kind", [ActorKind.STAFF, ActorKind.API_KEY])
def test_nor_do_staff_and_keys(owner: Actor, kind: ActorKind) -> None:
    made = make_key(owner, codes=[p.code for p in permissions_for_keys()], allow_dangerous=True)
    key = api_key_by_digest(api_key_digest(made.text))
    assert key is not None
    actor = Actor(kind, "x") if kind is ActorKind.STAFF else api_key_actor(key)
    for act in (
        lambda: make_key(actor, "Mine"),
        lambda: api_key_update(actor=actor, api_key_id=key.id, name="Mine"),
        lambda: api_key_rotate(actor=actor, api_key_id=key.id, overlap_s=3600),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert list(ApiKey.objects.values_list("name", "digest")) == [("Import", key.digest)]


def test_a_key_can_hold_no_more_than_its_maker(
    keeper: Callable[..., Actor], north: Organization, root: Organization
) -> None:
    """Not elsewhere, not at the top, and not what they hold only in other places."""
    bob = keeper(VIEW_MEMBER)
    made = make_key(bob, codes=[VIEW_MEMBER], organization_id=north.id)
    assert made.key.organization_id == north.id
    with pytest.raises(PermissionDenied, match=REMOVE_MEMBER):
        make_key(bob, "B", [REMOVE_MEMBER], organization_id=north.id, allow_dangerous=True)
    for place in (None, root.id):
        with pytest.raises((PermissionDenied, NotFound)):
            make_key(bob, "C", [VIEW_MEMBER], organization_id=place)
    assert ApiKey.objects.count() == 1


def test_what_is_held_only_in_the_whole_workspace_is_no_scoped_keys(
    owner: Actor, north: Organization
) -> None:
    with pytest.raises(InvalidInput) as raised:
        make_key(owner, codes=["tenants.view_settings"], organization_id=north.id)
    assert raised.value.errors[0].code == "not_scoped"


def test_who_holds_less_cannot_take_a_key_over(
    owner: Actor, keeper: Callable[..., Actor], north: Organization
) -> None:
    """By rotating it they would get its text; by changing it they would vouch for it. Revoking is theirs."""
    made = make_key(owner, codes=[REMOVE_MEMBER], organization_id=north.id, allow_dangerous=True)
    whole = make_key(owner, "Whole")
    bob = keeper(VIEW_MEMBER)
    before = list(ApiKey.objects.order_by("id").values())
    assert [key.name for key in api_keys_for(bob)] == ["Import"]
    with pytest.raises(PermissionDenied, match=REMOVE_MEMBER):
        api_key_rotate(actor=bob, api_key_id=made.key.id, overlap_s=3600)
    with pytest.raises(PermissionDenied, match=REMOVE_MEMBER):
        api_key_update(actor=bob, api_key_id=made.key.id, networks=["10.0.0.0/8"])
    for act in (
        lambda: api_key_for(bob, whole.key.id),
        lambda: api_key_update(actor=bob, api_key_id=whole.key.id, name="Mine"),
        lambda: api_key_rotate(actor=bob, api_key_id=whole.key.id, overlap_s=3600),
        lambda: api_key_revoke(actor=bob, api_key_id=whole.key.id),
    ):
        with pytest.raises(NotFound):
            act()
    assert list(ApiKey.objects.order_by("id").values()) == before
    narrowed = api_key_update(actor=bob, api_key_id=made.key.id, permission_codes=[VIEW_MEMBER])
    assert narrowed.permissions == [VIEW_MEMBER]
    api_key_revoke(actor=bob, api_key_id=made.key.id, reason="unused")
    assert events("revoked")[0]["reason"] == "unused"


def test_another_tenants_keys_are_none(owner: Actor, globex: Tenant, charlie: Person) -> None:
    with tenant_context(globex):
        theirs = make_key(actor_for(charlie)).key
    for act in (
        lambda: api_key_for(owner, theirs.id),
        lambda: api_key_revoke(actor=owner, api_key_id=theirs.id),
    ):
        with pytest.raises(NotFound):
            act()
    with tenant_context(globex):
        assert ApiKey.objects.get().revoked_at is None


def test_change(owner: Actor) -> None:
    made = make_key(owner)
    key = api_key_update(
        actor=owner,
        api_key_id=made.key.id,
        name="Other",
        permission_codes=[VIEW_MEMBER],
        networks=["10.0.0.0/8"],
        expires_in_days=None,
    )
    assert (key.name, key.permissions, key.networks) == ("Other", [VIEW_MEMBER], ["10.0.0.0/8"])
    assert key.expires_at is None
    assert key.digest == api_key_digest(made.text)
    assert events("changed")[0]["networks"] == "10.0.0.0/8"


@pytest.mark.parametrize("overlap_s", [-1, 0, 3599, 604_801])
def test_overlaps_have_bounds(owner: Actor, overlap_s: int) -> None:
    made = make_key(owner)
    with pytest.raises(InvalidInput):
        api_key_rotate(actor=owner, api_key_id=made.key.id, overlap_s=overlap_s)
    assert ApiKey.objects.get().digest == made.key.digest


def test_rotating_what_was_rotated_meanwhile(owner: Actor) -> None:
    made = make_key(owner)
    arguments = {"actor": owner, "api_key_id": made.key.id, "overlap_s": 3600}
    rotated = api_key_rotate(**arguments, replaces=made.key.hint)
    assert rotated.key.previous_hint == made.key.hint
    with pytest.raises(Conflict):
        api_key_rotate(**arguments, replaces=made.key.hint)
    assert ApiKey.objects.get().digest == api_key_digest(rotated.text)
    assert len(events("rotated")) == 1


def test_shortening_a_life_shortens_the_overlap(owner: Actor) -> None:
    made = make_key(owner)
    api_key_rotate(actor=owner, api_key_id=made.key.id, overlap_s=7 * 24 * 3600)
    key = api_key_update(actor=owner, api_key_id=made.key.id, expires_in_days=1)
    assert key.previous_until == key.expires_at


def test_what_has_ended(owner: Actor) -> None:
    made = make_key(owner)
    ApiKey.objects.update(expires_at=timezone.now())
    with pytest.raises(Conflict) as raised:
        api_key_update(actor=owner, api_key_id=made.key.id, expires_in_days=30)
    assert raised.value.code == "api_key_expired"
    api_key_revoke(actor=owner, api_key_id=made.key.id)
    for act in (
        lambda: api_key_update(actor=owner, api_key_id=made.key.id, name="x"),
        lambda: api_key_rotate(actor=owner, api_key_id=made.key.id, overlap_s=3600),
        lambda: api_key_revoke(actor=owner, api_key_id=made.key.id),
    ):
        with pytest.raises(Conflict) as raised:
            act()
        assert raised.value.code == "api_key_revoked"
    assert len(events("revoked")) == 1


def test_staff_revoke(owner: Actor, staff: Person) -> None:
    made = make_key(owner)
    api_key_revoke(
        actor=Actor.staff(staff.id, staff.email), api_key_id=made.key.id, reason="leaked"
    )
    event = OutboxEvent.objects.get(name="roles.api_key_revoked")
    assert (event.actor_kind, event.actor_label) == ("staff", "staff@platform.test")


def test_an_organization_with_a_key_that_works_stays(owner: Actor, north: Organization) -> None:
    made = make_key(owner, organization_id=north.id)
    with pytest.raises(Conflict, match="API keys"):
        organization_delete(actor=owner, organization_id=north.id)
    api_key_revoke(actor=owner, api_key_id=made.key.id)
    organization_delete(actor=owner, organization_id=north.id)
    assert [key.name for key in api_keys_for(owner)] == ["Import"]


def test_a_workspace_has_at_most_500(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.roles.services.api_keys.KEYS_MAX", 1)
    made = make_key(owner)
    with pytest.raises(Conflict):
        make_key(owner, "Other")
    api_key_revoke(actor=owner, api_key_id=made.key.id)
    make_key(owner, "Other")


def test_what_keys_cannot_have_is_declared() -> None:
    """What decides who gets in and what they may do, or gives all data away. Each danger is weighed here."""
    dangers = {code: p.for_keys for code, p in permissions().items() if p.dangerous}
    assert {code for code, for_keys in dangers.items() if for_keys} == {
        "organizations.delete_organization",
        "organizations.move_organization",
        "organizations.remove_member",
    }
    assert {code for code, for_keys in dangers.items() if not for_keys} >= {
        "accounts.manage_email_domains",
        "accounts.manage_identity_provider",
        "accounts.manage_sign_in_policy",
        "organizations.manage_provisioning",
        "roles.manage_role",
        "roles.bind_role",
        "roles.manage_api_key",
        "tenants.manage_domains",
        "tenants.export_data",
    }


def test_what_gives_a_key_wants_a_recent_proof(owner: Actor) -> None:
    """Revoking does not: it may have to be quick."""
    made = make_key(owner)
    before = ApiKey.objects.values().get()
    late = replace(owner, proof=Proof(frozenset({"password"}), time.time() - 3600))
    for act in (
        lambda: make_key(late, "Other"),
        lambda: api_key_update(actor=late, api_key_id=made.key.id, networks=[]),
        lambda: api_key_rotate(actor=late, api_key_id=made.key.id, overlap_s=3600),
    ):
        with pytest.raises(ReauthenticationRequired):
            act()
    assert ApiKey.objects.values().get() == before
    api_key_revoke(actor=late, api_key_id=made.key.id)
    make_key(replace(late, proof=Proof(frozenset({"password"}), time.time())))
