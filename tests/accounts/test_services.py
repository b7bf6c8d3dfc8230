import uuid

import pytest
from django.core.exceptions import ValidationError

from apps.accounts import selectors, services
from apps.accounts.models import Person, TenantMembership
from apps.common.actors import Actor, ActorKind
from apps.common.errors import NotFound, PermissionDenied
from apps.tenants.models import Tenant
from tests.accounts.support import SYSTEM

pytestmark = pytest.mark.django_db


def test_membership_comes_and_goes(charlie: Person, acme: Tenant) -> None:
    first = services.membership_add(actor=SYSTEM, person_id=charlie.id, tenant_id=acme.id)
    again = services.membership_add(actor=SYSTEM, person_id=charlie.id, tenant_id=acme.id)
    assert first == again
    assert selectors.is_member(charlie.id, acme.id)
    slugs = [m.tenant.slug for m in selectors.memberships_of(charlie)]
    assert slugs == ["globex", "acme"]
    services.membership_remove(actor=SYSTEM, person_id=charlie.id, tenant_id=acme.id)
    services.membership_remove(actor=SYSTEM, person_id=charlie.id, tenant_id=acme.id)
    assert not selectors.is_member(charlie.id, acme.id)


def test_membership_is_not_for_strangers(
    charlie: Person, bob: Person, acme: Tenant, globex: Tenant
) -> None:
    of_globex = Actor(ActorKind.PERSON, charlie.email, person_id=charlie.id, tenant_id=globex.id)
    with pytest.raises(PermissionDenied):
        services.membership_add(actor=of_globex, person_id=uuid.uuid4(), tenant_id=acme.id)
    with pytest.raises(PermissionDenied):
        services.membership_remove(actor=of_globex, person_id=bob.id, tenant_id=acme.id)
    assert TenantMembership.objects.filter(tenant=acme).count() == 2


def test_only_oneself_or_the_platform(alice: Person, bob: Person) -> None:
    as_bob = selectors.person_actor(bob)
    with pytest.raises(NotFound):
        services.person_update(actor=as_bob, person_id=alice.id, name="X")
    with pytest.raises(NotFound):
        services.person_set_password(
            actor=as_bob, person_id=alice.id, password="an entirely new phrase"
        )
    for act in (services.person_deactivate, services.person_reactivate):
        with pytest.raises(PermissionDenied):
            act(actor=as_bob, person_id=alice.id)
    with pytest.raises(PermissionDenied):
        services.person_create(actor=as_bob, email="x@y.test", name="X")
    alice.refresh_from_db()
    assert (alice.name, alice.is_active) == ("Alice Archer", True)
    assert alice.check_password("wrapper-demo")


def test_weak_password_is_refused(alice: Person) -> None:
    with pytest.raises(ValidationError):
        services.person_set_password(
            actor=selectors.person_actor(alice), person_id=alice.id, password="alice@acme.test"
        )
