"""Domains of a tenant's own: claimed, vouched for, made primary, given up."""

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied, PlatformError
from apps.common.tenancy import tenant_context
from apps.tenants.enums import DomainState
from apps.tenants.models import Domain, Tenant
from apps.tenants.selectors import tenant_by_host
from apps.tenants.services import (
    MAX_DOMAINS,
    domain_add,
    domain_check,
    domain_make_primary,
    domain_remove,
    domain_verify,
    tenant_readdress,
)
from tests.tenants.conftest import MakeDomain, Published
from tests.zone import Zone

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
NAME = "work.acme.test"


def test_a_claim_leads_nowhere_yet(acme: Tenant, owner: Actor, published: Published) -> None:
    domain = domain_add(actor=owner, tenant_id=acme.id, domain=" Work.Acme.Test. ")
    assert (domain.domain, domain.verified_at, domain.state) == (NAME, None, DomainState.WAITING)
    assert len(domain.token) == 32
    assert domain.txt_name == "_wrapper-challenge.work.acme.test"
    assert domain.txt_value == f"wrapper-verify={domain.token}"
    assert tenant_by_host(NAME) is None
    assert published() == [("tenants.domain_added", {"domain_id": str(domain.id), "domain": NAME})]
    entry = acme.history.first()
    assert entry is not None
    assert (entry.action, entry.reason) == ("domain_added", NAME)


def test_the_same_name_twice(acme: Tenant, owner: Actor) -> None:
    domain_add(actor=owner, tenant_id=acme.id, domain=NAME)
    with pytest.raises(InvalidInput) as caught:
        domain_add(actor=owner, tenant_id=acme.id, domain=NAME.upper())
    assert (caught.value.code, caught.value.errors[0].attr) == ("domain_listed", "domain")
    assert Domain.objects.filter(domain=NAME).count() == 1


def test_anybody_may_claim_a_name(
    acme: Tenant, globex: Tenant, owner: Actor, make_domain: MakeDomain
) -> None:
    """Whether somebody else has it is not said before it is proven."""
    make_domain(globex, NAME, verified=True)
    claim = domain_add(actor=owner, tenant_id=acme.id, domain=NAME)
    assert (claim.tenant_id, claim.verified_at) == (acme.id, None)


def test_at_most_twenty(acme: Tenant, owner: Actor) -> None:
    for number in range(MAX_DOMAINS):
        domain_add(actor=owner, tenant_id=acme.id, domain=f"d{number}.acme.test")
    with pytest.raises(Conflict) as caught:
        domain_add(actor=owner, tenant_id=acme.id, domain=NAME)
    assert caught.value.code == "too_many_domains"
    assert Domain.objects.filter(tenant=acme).count() == MAX_DOMAINS + 1 == 21


def test_staff_vouch(
    acme: Tenant, make_domain: MakeDomain, staff: Person, published: Published
) -> None:
    actor = Actor.staff(staff.id, staff.email)
    domain = make_domain(acme, NAME, check_code="missing", check_error="x")
    with pytest.raises(InvalidInput):
        domain_verify(actor=actor, domain_id=domain.id, reason=" ")
    assert published() == []
    verified = domain_verify(actor=actor, domain_id=domain.id, reason=" Contract 12 ")
    assert verified.verified_at is not None
    assert (verified.txt_name, verified.txt_value, verified.check_code, verified.check_error) == (
        None,
        None,
        "",
        "",
    )
    entry = acme.history.first()
    assert entry is not None
    assert (entry.action, entry.actor, entry.reason) == (
        "domain_verified",
        "staff@platform.test",
        f"{NAME}, by hand: Contract 12",
    )
    assert [name for name, _ in published()] == ["tenants.domain_verified"]
    with pytest.raises(Conflict):
        domain_verify(actor=actor, domain_id=domain.id, reason="again")


def test_staff_cannot_give_a_name_twice(
    acme: Tenant, globex: Tenant, make_domain: MakeDomain
) -> None:
    make_domain(globex, NAME, verified=True)
    domain = make_domain(acme, NAME)
    with pytest.raises(Conflict) as caught:
        domain_verify(actor=SYSTEM, domain_id=domain.id, reason="x")
    assert caught.value.code == "domain_in_use"
    domain.refresh_from_db()
    assert (domain.verified_at, domain.token) == (None, "t0k3n")


def test_primary(acme: Tenant, owner: Actor, make_domain: MakeDomain, published: Published) -> None:
    domain = make_domain(acme, NAME, verified=True)
    assert domain_make_primary(actor=owner, domain_id=domain.id).is_primary
    acme.refresh_from_db()
    assert (acme.primary_host, acme.url()) == (NAME, "http://work.acme.test:8000/")
    domain_make_primary(actor=owner, domain_id=domain.id)
    domain_make_primary(actor=owner, domain_id=Domain.objects.get(domain="acme.localhost").id)
    acme.refresh_from_db()
    assert (acme.primary_host, acme.host) == ("", "acme.localhost")
    assert published() == [
        (
            "tenants.primary_domain_changed",
            {"tenant_id": str(acme.id), "old_host": old, "host": new},
        )
        for old, new in (("acme.localhost", NAME), (NAME, "acme.localhost"))
    ]


def test_what_cannot_be_primary(
    acme: Tenant, owner: Actor, make_domain: MakeDomain, published: Published
) -> None:
    tenant_readdress(actor=owner, tenant_id=acme.id, slug="acme-works")
    before = published()
    for domain, code in (
        (make_domain(acme, NAME), "domain_unverified"),
        (Domain.objects.get(domain="acme.localhost"), "domain_redirects"),
    ):
        with pytest.raises(Conflict) as caught:
            domain_make_primary(actor=owner, domain_id=domain.id)
        assert caught.value.code == code
    acme.refresh_from_db()
    assert (acme.primary_host, published()) == ("", before)


def test_remove(acme: Tenant, owner: Actor, make_domain: MakeDomain, published: Published) -> None:
    domain = make_domain(acme, NAME, verified=True)
    domain_make_primary(actor=owner, domain_id=domain.id)
    domain_remove(actor=owner, domain_id=domain.id)
    assert not Domain.objects.filter(domain=NAME).exists()
    assert tenant_by_host(NAME) is None
    acme.refresh_from_db()
    assert acme.primary_host == ""
    assert [name for name, _ in published()][1:] == [
        "tenants.primary_domain_changed",
        "tenants.domain_removed",
    ]
    with pytest.raises(NotFound):
        domain_remove(actor=owner, domain_id=domain.id)


def test_the_own_subdomain_stays(acme: Tenant, owner: Actor, published: Published) -> None:
    with pytest.raises(Conflict) as caught:
        domain_remove(actor=owner, domain_id=Domain.objects.get(domain="acme.localhost").id)
    assert caught.value.code == "domain_needed"
    assert Domain.objects.filter(domain="acme.localhost").exists()
    assert published() == []


def test_who_may(
    acme: Tenant,
    globex: Tenant,
    owner: Actor,
    member: Actor,
    make_domain: MakeDomain,
    zone: Zone,
    published: Published,
) -> None:
    own, foreign = make_domain(acme, NAME), make_domain(globex, "work.globex.test")
    zone.prove(own)
    zone.prove(foreign)

    def acts(actor: Actor, domain: Domain) -> list[type[Exception]]:
        raised = []
        for act in (
            lambda: domain_add(actor=actor, tenant_id=domain.tenant_id, domain="new.acme.test"),
            lambda: domain_check(actor=actor, domain_id=domain.id),
            lambda: domain_make_primary(actor=actor, domain_id=domain.id),
            lambda: domain_remove(actor=actor, domain_id=domain.id),
            lambda: domain_verify(actor=actor, domain_id=domain.id, reason="x"),
        ):
            with pytest.raises(PlatformError) as caught:
                act()
            raised.append(caught.type)
        return raised

    assert acts(member, own) == [PermissionDenied] * 5
    assert acts(owner, foreign) == [NotFound] * 4 + [PermissionDenied]
    with tenant_context(None):
        assert acts(owner, own) == [NotFound] * 4 + [PermissionDenied]
    assert zone.asked == []
    assert published() == []
    with tenant_context(None):
        assert Domain.objects.filter(verified_at__isnull=True).count() == 2
