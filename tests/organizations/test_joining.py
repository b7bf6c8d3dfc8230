"""Joining by the verified domain of one's address: who may, how, and nobody else."""

import threading
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.utils import timezone

from apps.accounts.models import EmailDomain, Person, TenantMembership
from apps.common.actors import Actor
from apps.common.errors import NotFound, PlatformError
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.models import JoinRequest, Member, Organization
from apps.organizations.selectors_joining import join_offers
from apps.organizations.services import (
    join_request_approve,
    member_update_status,
    tenant_join,
)
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.organizations.conftest import Published

pytestmark = pytest.mark.django_db
OpenDomain = Callable[..., EmailDomain]
JOINED = ["organizations.role_binding_changed", "organizations.member_joined"]


def nobody_came(acme: Tenant) -> bool:
    with tenant_context(acme):
        return (Member.objects.count(), JoinRequest.objects.count()) == (2, 0)


def test_at_once(dana: Person, acme: Tenant, open_domain: OpenDomain, published: Published) -> None:
    open_domain("automatic")
    (offer,) = join_offers(dana)
    assert (offer.tenant, offer.mode, offer.requested_at, offer.ask_again_at) == (
        acme,
        "automatic",
        None,
        None,
    )
    joining = tenant_join(person=dana, tenant_id=acme.id)
    assert joining.request is None
    assert TenantMembership.objects.filter(person=dana, tenant=acme).count() == 1
    with tenant_context(acme):
        held = [(grant.role, grant.is_root) for grant in actor_for(dana).grants]
    assert held == [("member", True)]
    assert published() == [*JOINED, "organizations.member_admitted"]
    assert join_offers(dana) == []
    again = tenant_join(person=dana, tenant_id=acme.id)
    assert again.member == joining.member
    assert len(published()) == 3


@pytest.mark.parametrize(
    "what",
    [
        "off",
        "a claim",
        "proof missing",
        "address not verified",
        "another domain",
        "a domain below",
        "inactive person",
        "suspended",
    ],
)
def test_nothing_is_told_to_others(
    what: str,
    dana: Person,
    charlie: Person,
    acme: Tenant,
    open_domain: OpenDomain,
    published: Published,
) -> None:
    domain = open_domain(
        "automatic", name="below.acme.test" if what == "a domain below" else "acme.test"
    )
    domains = EmailDomain.objects.filter(id=domain.id)
    person = dana
    if what == "off":
        domains.update(join_mode="off")
    elif what == "a claim":
        domains.update(join_mode="off", verified_at=None)
    elif what == "proof missing":
        domains.update(join_mode="off", proof_missing_since=timezone.now())
    elif what == "address not verified":
        EmailAddress.objects.filter(user=dana).update(verified=False)
    elif what == "another domain":
        person = charlie
    elif what == "inactive person":
        dana.is_active = False
        dana.save()
    elif what == "suspended":
        Tenant.objects.filter(id=acme.id).update(status="suspended")
    assert join_offers(person) == []
    with pytest.raises(NotFound) as caught:
        tenant_join(person=person, tenant_id=acme.id)
    with pytest.raises(NotFound) as missing:
        tenant_join(person=person, tenant_id=person.id)
    assert str(caught.value.detail) == str(missing.value.detail)
    assert nobody_came(acme)
    assert published() == []


def test_the_domain_of_one_workspace_opens_no_other(
    dana: Person, acme: Tenant, globex: Tenant, open_domain: OpenDomain
) -> None:
    open_domain("automatic")
    open_domain("automatic", tenant=globex, name="globex.test")
    with pytest.raises(NotFound):
        tenant_join(person=dana, tenant_id=globex.id)
    assert [offer.tenant.slug for offer in join_offers(dana)] == ["acme"]
    with tenant_context(globex):
        assert Member.objects.count() == 1


@pytest.mark.parametrize("status", ["removed", "deactivated"])
def test_who_was_put_out_does_not_come_back_by_themselves(
    status: str,
    acme: Tenant,
    open_domain: OpenDomain,
    owner: Actor,
    bob: Person,
    bob_member: Member,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    open_domain("automatic")
    member_update_status(actor=owner, member_id=bob_member.id, status=status)
    assert [offer.mode for offer in join_offers(bob)] == ["request"]
    request = tenant_join(person=bob, tenant_id=acme.id).request
    assert request is not None
    bob_member.refresh_from_db()
    assert bob_member.status == status
    assert not TenantMembership.objects.filter(person=bob).exists()
    join_request_approve(
        actor=owner,
        join_request_id=request.id,
        role_ids=[role("member").id],
        organization_id=root.id,
    )
    bob_member.refresh_from_db()
    assert bob_member.status == "active"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["automatic", "request"])
def test_of_twenty_tries_at_once_one_counts(
    mode: str, dana: Person, acme: Tenant, open_domain: OpenDomain, published: Published
) -> None:
    open_domain(mode)
    barrier = threading.Barrier(20)
    outcomes: list[object] = []

    def work() -> None:
        barrier.wait()
        try:
            joining = tenant_join(person=dana, tenant_id=acme.id)
            outcomes.append((joining.member or joining.request).id)  # type: ignore[union-attr]
        except PlatformError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(outcomes), len(set(outcomes))) == (20, 1)
    with tenant_context(acme):
        counts = Member.objects.filter(person_id=dana.id).count(), JoinRequest.objects.count()
    if mode == "automatic":
        assert counts == (1, 0)
        assert published() == [*JOINED, "organizations.member_admitted"]
    else:
        assert counts == (0, 1)
        assert published() == ["organizations.join_requested"]
