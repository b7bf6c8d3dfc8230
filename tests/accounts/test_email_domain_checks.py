"""Looking for the proof of e-mail domains: found, lost, withdrawn; one of many wins; once a day."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.utils import timezone

from apps.accounts.email_domains import (
    email_domain_add,
    email_domain_check,
    email_domain_remove,
    email_domain_set_join_mode,
)
from apps.accounts.enums import JoinMode
from apps.accounts.models import EmailDomain, Person
from apps.accounts.selectors_email_domains import (
    email_domain_of,
    email_domains_to_recheck,
)
from apps.accounts.tasks import recheck_email_domains
from apps.common.actors import Actor
from apps.common.errors import (
    Conflict,
    PlatformError,
    Unavailable,
)
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.tenants.enums import DomainState
from apps.tenants.models import Tenant
from tests.accounts.support import make_email_domain
from tests.conftest import SYSTEM
from tests.tenants.conftest import Published, published
from tests.zone import Zone

__all__ = ["published"]
pytestmark = pytest.mark.django_db
NAME = "acme.test"


def names(found: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, _payload in found]


def test_proof(acme: Tenant, owner: Actor, zone: Zone, published: Published) -> None:
    domain = make_email_domain(acme)
    assert email_domain_check(actor=owner, email_domain_id=domain.id).check_code == "no_domain"
    assert published() == []
    zone.prove(domain)
    checked = email_domain_check(actor=owner, email_domain_id=domain.id)
    assert checked.verified_at == checked.checked_at is not None
    assert (checked.state, checked.check_code, checked.check_error) == (
        DomainState.VERIFIED,
        "found",
        "",
    )
    again = email_domain_check(actor=owner, email_domain_id=domain.id)
    assert again.verified_at == checked.verified_at
    assert email_domain_of(acme, "bob@acme.test") == domain
    assert published() == [
        ("accounts.email_domain_verified", {"email_domain_id": str(domain.id), "domain": NAME})
    ]


def test_a_lost_proof_closes_the_door_at_once_and_the_domain_after_a_week(
    acme: Tenant, globex: Tenant, owner: Actor, zone: Zone, published: Published
) -> None:
    domain = make_email_domain(acme, verified=True, join_mode=JoinMode.AUTOMATIC)
    lost = email_domain_check(actor=SYSTEM, email_domain_id=domain.id)
    assert (lost.state, lost.join_mode) == (DomainState.PROOF_MISSING, "off")
    assert lost.verified_at == domain.verified_at
    assert email_domain_of(acme, "bob@acme.test") == domain
    email_domain_check(actor=owner, email_domain_id=domain.id)
    told = ["accounts.email_domain_proof_lost", "accounts.email_domain_join_mode_changed"]
    assert names(published()) == told
    with pytest.raises(Conflict):
        email_domain_set_join_mode(
            actor=owner, email_domain_id=domain.id, join_mode=JoinMode.REQUEST
        )

    # Back again: verified as before, and joining stays off until somebody opens it.
    zone.prove(domain)
    back = email_domain_check(actor=SYSTEM, email_domain_id=domain.id)
    assert (back.state, back.join_mode) == (DomainState.VERIFIED, "off")
    zone.clear()
    email_domain_check(actor=SYSTEM, email_domain_id=domain.id)

    def since(**ago: int) -> None:
        EmailDomain.objects.filter(id=domain.id).update(
            proof_missing_since=timezone.now() - timedelta(**ago)
        )

    since(days=6, hours=23)
    assert email_domain_check(actor=SYSTEM, email_domain_id=domain.id).verified_at is not None
    since(days=7)
    withdrawn = email_domain_check(actor=SYSTEM, email_domain_id=domain.id)
    assert (withdrawn.verified_at, withdrawn.state) == (None, DomainState.WAITING)
    assert email_domain_of(acme, "bob@acme.test") is None
    assert names(published()) == [
        *told,
        "accounts.email_domain_proof_lost",
        "accounts.email_domain_withdrawn",
    ]
    theirs = make_email_domain(globex, token="theirs")
    zone.prove(theirs)
    with tenant_context(globex):
        checked = email_domain_check(actor=SYSTEM, email_domain_id=theirs.id)
    assert checked.verified_at is not None


def test_a_server_that_is_down_takes_no_proof_and_gives_none_back(
    acme: Tenant, owner: Actor, zone: Zone, published: Published
) -> None:
    domain = make_email_domain(acme, verified=True, join_mode=JoinMode.AUTOMATIC)
    zone.broken.add(f"_wrapper-challenge.{NAME}")
    checked = email_domain_check(actor=owner, email_domain_id=domain.id)
    assert (checked.check_code, checked.state, checked.join_mode) == (
        "no_answer",
        DomainState.VERIFIED,
        "automatic",
    )
    long_ago = timezone.now() - timedelta(days=8)
    EmailDomain.objects.filter(id=domain.id).update(proof_missing_since=long_ago, join_mode="off")
    with pytest.raises(Unavailable) as caught:
        email_domain_check(actor=owner, email_domain_id=domain.id)
    assert caught.value.code == "dns_unanswered"
    domain.refresh_from_db()
    assert (domain.proof_missing_since, domain.verified_at is None) == (long_ago, False)
    assert published() == []


def test_a_claim_tells_nothing_of_others_and_one_proof_counts(
    acme: Tenant, globex: Tenant, owner: Actor, zone: Zone, published: Published
) -> None:
    theirs = make_email_domain(globex, verified=True)
    mine = email_domain_add(actor=owner, tenant_id=acme.id, domain=NAME)
    assert (mine.check_code, mine.check_error, mine.state) == ("", "", DomainState.WAITING)
    unproven = email_domain_check(actor=owner, email_domain_id=mine.id)
    assert unproven.check_code == "no_domain"
    zone.prove(mine)
    with pytest.raises(Conflict) as caught:
        email_domain_check(actor=owner, email_domain_id=mine.id)
    assert caught.value.code == "domain_in_use"
    assert "globex" not in str(caught.value.detail).lower()
    mine.refresh_from_db()
    assert (mine.verified_at, mine.check_code) == (None, "in_use")
    assert names(published()) == ["accounts.email_domain_added"]
    with tenant_context(None):
        email_domain_remove(actor=SYSTEM, email_domain_id=theirs.id)
    assert email_domain_check(actor=owner, email_domain_id=mine.id).verified_at is not None


def test_looks_take_turns_with_those_of_host_names(acme: Tenant, owner: Actor, zone: Zone) -> None:
    domain = make_email_domain(acme)
    caches["global"].add(f"domain-check:{acme.id}", 1, 10)
    with pytest.raises(Conflict) as caught:
        email_domain_check(actor=owner, email_domain_id=domain.id)
    assert (caught.value.code, zone.asked) == ("check_running", [])


def test_what_is_due_for_a_look(
    acme: Tenant, globex: Tenant, zone: Zone, published: Published
) -> None:
    old, new = timezone.now() - timedelta(hours=25), timezone.now() - timedelta(hours=23)
    kept = make_email_domain(acme, "never.test", verified=True)
    make_email_domain(acme, "old.test", verified=True, checked_at=old, join_mode=JoinMode.REQUEST)
    make_email_domain(acme, "new.test", verified=True, checked_at=new)
    make_email_domain(acme, "claim.test", checked_at=old)
    make_email_domain(acme, "vouched.test", verified=True, token="")
    make_email_domain(globex, "closed.test", verified=True)
    Tenant.objects.filter(id=globex.id).update(status="suspended")
    assert {d.domain for d in email_domains_to_recheck()} == {"never.test", "old.test"}
    zone.prove(kept)
    recheck_email_domains()
    assert dict(EmailDomain.objects.exclude(check_code="").values_list("domain", "check_code")) == {
        "never.test": "found",
        "old.test": "no_domain",
    }
    assert names(published()) == [
        "accounts.email_domain_proof_lost",
        "accounts.email_domain_join_mode_changed",
    ]
    assert list(email_domains_to_recheck()) == []


@pytest.mark.django_db(transaction=True)
def test_of_two_tenants_who_prove_a_domain_at_once_one_gets_it(
    acme: Tenant, globex: Tenant, alice: Person, charlie: Person, zone: Zone
) -> None:
    claims = {
        alice: make_email_domain(acme, token="acmes"),
        charlie: make_email_domain(globex, token="globexs"),
    }
    zone.records[f"_wrapper-challenge.{NAME}"] = ["wrapper-verify=acmes", "wrapper-verify=globexs"]
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def work(person: Person, domain: EmailDomain) -> None:
        try:
            with tenant_context(domain.tenant):
                actor = actor_for(person)
                barrier.wait()
                email_domain_check(actor=actor, email_domain_id=domain.id)
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
    assert EmailDomain.objects.filter(domain=NAME, verified_at__isnull=False).count() == 1
