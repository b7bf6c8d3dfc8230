"""Looking for the proof of domains: what is found, noted and told; one of many wins; once a day."""

import threading
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import Conflict, PlatformError, Unavailable
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.tenants.enums import DomainState
from apps.tenants.models import Domain, Tenant
from apps.tenants.proof import CHECKS_AT_ONCE
from apps.tenants.selectors import tenant_by_host
from apps.tenants.selectors_domains import domains_to_recheck
from apps.tenants.services import domain_check, domain_remove
from apps.tenants.tasks import check_domains, recheck_domains
from tests.tenants.conftest import MakeDomain, Published
from tests.zone import Zone

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
NAME = "work.acme.test"


def test_proof(
    acme: Tenant, owner: Actor, make_domain: MakeDomain, zone: Zone, published: Published
) -> None:
    domain = make_domain(acme, NAME)
    zone.prove(domain)
    checked = domain_check(actor=owner, domain_id=domain.id)
    assert checked.verified_at is not None
    assert (checked.checked_at, checked.check_code, checked.check_error) == (
        checked.verified_at,
        "found",
        "",
    )
    assert checked.state == DomainState.VERIFIED
    assert tenant_by_host(NAME) == acme
    assert published() == [
        ("tenants.domain_verified", {"domain_id": str(domain.id), "domain": NAME})
    ]
    again = domain_check(actor=owner, domain_id=domain.id)
    assert again.verified_at == checked.verified_at
    assert again.checked_at is not None
    assert again.checked_at > checked.verified_at
    assert len(published()) == 1


@pytest.mark.parametrize(
    ("records", "broken", "code", "error"),
    [
        ({}, "", "no_domain", "The name work.acme.test does not exist in DNS."),
        (
            {NAME: ["x"]},
            "",
            "missing",
            "There is no TXT record at _wrapper-challenge.work.acme.test. Add it;",
        ),
        (
            {f"_wrapper-challenge.{NAME}": ["wrapper-verify=0ther"]},
            "",
            "other_value",
            "There is a TXT record, but its value is “wrapper-verify=0ther”.",
        ),
        ({}, f"_wrapper-challenge.{NAME}", "no_answer", "The DNS server of this name did not"),
    ],
)
def test_what_is_wrong_is_noted(
    acme: Tenant,
    owner: Actor,
    make_domain: MakeDomain,
    zone: Zone,
    published: Published,
    records: dict[str, list[str]],
    broken: str,
    code: str,
    error: str,
) -> None:
    zone.records |= records
    zone.broken |= {broken}
    domain = make_domain(acme, NAME)
    checked = domain_check(actor=owner, domain_id=domain.id)
    assert (checked.verified_at, checked.check_code) == (None, code)
    assert checked.check_error.startswith(error)
    assert checked.checked_at is not None
    assert checked.state == DomainState.WAITING
    domain.refresh_from_db()
    assert (domain.check_code, domain.check_error) == (code, checked.check_error)
    assert published() == []
    # Nothing has to be added again: the record is enough.
    zone.clear()
    zone.prove(domain)
    assert domain_check(actor=owner, domain_id=domain.id).verified_at is not None


def test_a_proof_that_goes_is_told_once_and_the_domain_works_on(
    acme: Tenant, owner: Actor, make_domain: MakeDomain, zone: Zone, published: Published
) -> None:
    domain = make_domain(acme, NAME, verified=True)

    def check() -> tuple[str, DomainState]:
        checked = domain_check(actor=owner, domain_id=domain.id)
        assert checked.verified_at == domain.verified_at
        return checked.check_code, checked.state

    assert check() == ("no_domain", DomainState.PROOF_MISSING)
    assert check() == ("no_domain", DomainState.PROOF_MISSING)
    zone.records[NAME] = ["x"]
    assert check() == ("missing", DomainState.PROOF_MISSING)
    assert [name for name, _ in published()] == ["tenants.domain_proof_lost"]
    _name, payload = published()[0]
    assert payload["domain"] == NAME
    assert payload["detail"].startswith("The name work.acme.test does not exist in DNS.")
    assert tenant_by_host(NAME) == acme
    zone.prove(domain)
    assert check() == ("found", DomainState.VERIFIED)
    zone.clear()
    assert check() == ("no_domain", DomainState.PROOF_MISSING)
    assert [name for name, _ in published()] == ["tenants.domain_proof_lost"] * 2


def test_a_server_that_is_down_takes_no_proof_away(
    acme: Tenant, owner: Actor, make_domain: MakeDomain, zone: Zone, published: Published
) -> None:
    domain = make_domain(acme, NAME, verified=True)
    zone.broken.add(f"_wrapper-challenge.{NAME}")
    checked = domain_check(actor=owner, domain_id=domain.id)
    assert (checked.check_code, checked.state) == ("no_answer", DomainState.VERIFIED)
    assert checked.check_error.startswith("The DNS server of this name did not answer.")
    assert published() == []


def test_nor_does_it_give_a_lost_one_back(
    acme: Tenant, owner: Actor, make_domain: MakeDomain, zone: Zone, published: Published
) -> None:
    """What DNS said before stays noted, and is not told a second time."""
    domain = make_domain(acme, NAME, verified=True)
    lost = domain_check(actor=owner, domain_id=domain.id)
    zone.broken.add(f"_wrapper-challenge.{NAME}")
    with pytest.raises(Unavailable) as caught:
        domain_check(actor=owner, domain_id=domain.id)
    assert caught.value.code == "dns_unanswered"
    domain.refresh_from_db()
    assert (domain.check_code, domain.checked_at, domain.state) == (
        "no_domain",
        lost.checked_at,
        DomainState.PROOF_MISSING,
    )
    zone.clear()
    domain_check(actor=owner, domain_id=domain.id)
    assert [name for name, _ in published()] == ["tenants.domain_proof_lost"]


def test_a_name_that_another_tenant_has_proven(
    acme: Tenant,
    globex: Tenant,
    owner: Actor,
    make_domain: MakeDomain,
    zone: Zone,
    published: Published,
) -> None:
    theirs = make_domain(globex, NAME, verified=True)
    mine = make_domain(acme, NAME, token="m1ne")
    zone.prove(mine)
    with pytest.raises(Conflict) as caught:
        domain_check(actor=owner, domain_id=mine.id)
    assert caught.value.code == "domain_in_use"
    assert "globex" not in str(caught.value.detail).lower()
    mine.refresh_from_db()
    assert (mine.verified_at, mine.check_code) == (None, "in_use")
    assert mine.check_error == (
        "This domain is in use by another workspace. If it belongs to you, ask support."
    )
    assert tenant_by_host(NAME) == globex
    assert published() == []
    with tenant_context(None):
        domain_remove(actor=SYSTEM, domain_id=theirs.id)
    assert domain_check(actor=owner, domain_id=mine.id).verified_at is not None
    assert tenant_by_host(NAME) == acme


def test_what_needs_no_proof_is_not_looked_for(
    acme: Tenant, owner: Actor, make_domain: MakeDomain, zone: Zone
) -> None:
    vouched = make_domain(acme, NAME, verified=True, token="")
    for domain in (vouched, Domain.objects.get(domain="acme.localhost")):
        with pytest.raises(Conflict) as caught:
            domain_check(actor=owner, domain_id=domain.id)
        assert caught.value.code == "no_proof_needed"
    assert zone.asked == []


def test_one_check_at_a_time_for_a_tenant(
    acme: Tenant, owner: Actor, make_domain: MakeDomain, zone: Zone
) -> None:
    domain = make_domain(acme, NAME)
    caches["global"].add(f"domain-check:{acme.id}", 1, 10)
    with pytest.raises(Conflict) as caught:
        domain_check(actor=owner, domain_id=domain.id)
    assert (caught.value.code, zone.asked) == ("check_running", [])
    assert domain_check(actor=SYSTEM, domain_id=domain.id).check_code == "no_domain"
    caches["global"].delete(f"domain-check:{acme.id}")
    assert domain_check(actor=owner, domain_id=domain.id).check_code == "no_domain"
    assert caches["global"].get(f"domain-check:{acme.id}") is None


def test_a_few_checks_at_a_time_for_all_tenants(
    acme: Tenant, owner: Actor, make_domain: MakeDomain, zone: Zone
) -> None:
    domain = make_domain(acme, NAME)
    for number in range(CHECKS_AT_ONCE):
        caches["global"].add(f"domain-check-slot:{number}", 1, 10)
    with pytest.raises(Conflict, match="Many domains"):
        domain_check(actor=owner, domain_id=domain.id)
    assert zone.asked == []
    caches["global"].delete("domain-check-slot:1")
    for _ in range(2):
        assert domain_check(actor=owner, domain_id=domain.id).check_code == "no_domain"
    assert caches["global"].get("domain-check-slot:0") == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_tenants_who_prove_a_name_at_once_one_gets_it(
    acme: Tenant,
    globex: Tenant,
    alice: Person,
    charlie: Person,
    make_domain: MakeDomain,
    zone: Zone,
) -> None:
    claims = {
        alice: make_domain(acme, NAME, token="acmes"),
        charlie: make_domain(globex, NAME, token="globexs"),
    }
    zone.records[f"_wrapper-challenge.{NAME}"] = ["wrapper-verify=acmes", "wrapper-verify=globexs"]
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def work(person: Person, domain: Domain) -> None:
        try:
            with tenant_context(domain.tenant):
                actor = actor_for(person)
                barrier.wait()
                domain_check(actor=actor, domain_id=domain.id)
            outcomes.append("verified")
        except PlatformError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=claim) for claim in claims.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["domain_in_use", "verified"]
    assert Domain.objects.filter(domain=NAME, verified_at__isnull=False).count() == 1
    loser = Domain.objects.get(domain=NAME, verified_at__isnull=True)
    assert loser.check_code == "in_use"


def test_what_is_due_for_a_look(
    acme: Tenant, globex: Tenant, make_domain: MakeDomain, zone: Zone, published: Published
) -> None:
    old, new = timezone.now() - timedelta(hours=25), timezone.now() - timedelta(hours=23)
    due = [
        make_domain(acme, "never.test", verified=True, token="n"),
        make_domain(acme, "old.test", verified=True, token="o", checked_at=old),
    ]
    make_domain(acme, "new.test", verified=True, checked_at=new)
    make_domain(acme, "claim.test", checked_at=old)
    make_domain(acme, "vouched.test", verified=True, token="")
    closed = make_domain(globex, "closed.test", verified=True)
    Tenant.objects.filter(id=globex.id).update(status="suspended")
    assert {d.domain for d in domains_to_recheck()} == {"never.test", "old.test"}
    zone.prove(due[0])
    recheck_domains()
    codes = dict(Domain.objects.values_list("domain", "check_code"))
    assert {name: code for name, code in codes.items() if code} == {
        "never.test": "found",
        "old.test": "no_domain",
    }
    assert [(name, payload["domain"]) for name, payload in published()] == [
        ("tenants.domain_proof_lost", "old.test")
    ]
    assert list(domains_to_recheck()) == []
    assert closed.checked_at is None


def test_a_domain_that_went_meanwhile_stops_no_other(
    acme: Tenant, make_domain: MakeDomain, zone: Zone
) -> None:
    domain = make_domain(acme, NAME, verified=True)
    zone.prove(domain)
    check_domains(["0197c2a4-0000-7000-8000-000000000000", str(domain.id)])
    domain.refresh_from_db()
    assert domain.check_code == "found"
