"""E-mail domains: claimed, vouched for, opened for joining, given up; and whose an address is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts import epochs
from apps.accounts.email_domains import (
    MAX_EMAIL_DOMAINS,
    PROOF_GRACE,
    email_domain_add,
    email_domain_check,
    email_domain_remove,
    email_domain_set_join_mode,
    email_domain_verify,
)
from apps.accounts.enums import JoinMode
from apps.accounts.models import EmailDomain, Person
from apps.accounts.selectors_email_domains import (
    domain_part,
    email_domain_of,
    email_domains_for,
)
from apps.common.actors import Actor
from apps.common.database import app_connection
from apps.common.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    PlatformError,
)
from apps.common.tenancy import tenant_context
from apps.tenants.enums import DomainState
from apps.tenants.models import Tenant
from tests.accounts.support import SYSTEM, make_email_domain
from tests.tenants.conftest import Published, published
from tests.zone import Zone

__all__ = ["published"]
pytestmark = pytest.mark.django_db
NAME = "acme.test"


def names(found: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, _payload in found]


def test_a_claim_says_nothing_yet(acme: Tenant, owner: Actor, published: Published) -> None:
    domain = email_domain_add(actor=owner, tenant_id=acme.id, domain=" @Acme.Test. ")
    assert (domain.domain, domain.verified_at, domain.state, domain.join_mode) == (
        NAME,
        None,
        DomainState.WAITING,
        "off",
    )
    assert len(domain.token) == 32
    assert (domain.txt_name, domain.txt_value) == (
        f"_wrapper-challenge.{NAME}",
        f"wrapper-verify={domain.token}",
    )
    assert email_domain_of(acme, "alice@acme.test") is None
    assert published() == [
        ("accounts.email_domain_added", {"email_domain_id": str(domain.id), "domain": NAME})
    ]
    entry = acme.history.first()
    assert entry is not None
    assert (entry.action, entry.reason) == ("email_domain_added", NAME)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "required"),
        ("alice@acme.test", "domain_invalid"),
        ("acme", "domain_invalid"),
        ("*.acme.test", "domain_invalid"),
        ("acme.test\0", "domain_invalid"),
        ("192.0.2.1", "domain_invalid"),
        ("straße.test", "domain_invalid"),
        ("localhost", "domain_invalid"),
        ("acme.localhost", "domain_reserved"),
        ("Gmail.com", "domain_public"),
        ("outlook.com", "domain_public"),
        ("a" * 400, "domain_invalid"),
    ],
)
def test_what_cannot_be_added(
    acme: Tenant, owner: Actor, published: Published, typed: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        email_domain_add(actor=owner, tenant_id=acme.id, domain=typed)
    assert (caught.value.code, caught.value.errors[0].attr) == (code, "domain")
    assert (EmailDomain.objects.count(), published()) == (0, [])


def test_the_same_twice_and_too_many(acme: Tenant, owner: Actor) -> None:
    make_email_domain(acme)
    with pytest.raises(InvalidInput) as listed:
        email_domain_add(actor=owner, tenant_id=acme.id, domain=NAME.upper())
    assert listed.value.code == "domain_listed"
    for number in range(MAX_EMAIL_DOMAINS - 1):
        make_email_domain(acme, f"d{number}.test")
    with pytest.raises(Conflict) as many:
        email_domain_add(actor=owner, tenant_id=acme.id, domain="one-more.test")
    assert many.value.code == "too_many_domains"
    assert EmailDomain.objects.count() == MAX_EMAIL_DOMAINS


def test_whose_an_address_is(acme: Tenant, globex: Tenant) -> None:
    domain = make_email_domain(acme, verified=True)
    international = make_email_domain(acme, "xn--mller-kva.test", verified=True)
    make_email_domain(acme, "claim.test")
    make_email_domain(globex, "globex.test", verified=True)
    for email, expected in (
        ("alice@acme.test", domain),
        ("Alice.Archer+x@ACME.Test", domain),
        ('"a@b"@acme.test', domain),
        ("alice@acme.test.", domain),
        ("eva@müller.test", international),
        ("eva@MÜLLER.test", international),
        ("eva@xn--mller-kva.test", international),
        ("alice@mail.acme.test", None),
        ("alice@notacme.test", None),
        ("alice@acme.test.evil.test", None),
        ("alice@acme.test@evil.test", None),
        ("alice@claim.test", None),
        ("charlie@globex.test", None),
        ("@acme.test", None),
        ("acme.test", None),
        ("", None),
        ("alice@", None),
        ("alice@acme test", None),
        ("alice@[192.0.2.1]", None),
    ):
        assert email_domain_of(acme, email) == expected, email
    # On whatever host and connection it is asked.
    with tenant_context(None), app_connection():
        assert email_domain_of(acme.ref, "alice@acme.test") == domain
        assert list(EmailDomain.objects.all()) == []
    with tenant_context(globex), app_connection():
        assert email_domain_of(acme, "alice@acme.test") == domain
        assert [one.domain for one in EmailDomain.objects.all()] == ["globex.test"]
    assert domain_part("eva@müller.test") == "xn--mller-kva.test"


def test_joining_by_a_domain_needs_its_proof(
    acme: Tenant, owner: Actor, zone: Zone, published: Published
) -> None:
    domain = make_email_domain(acme)
    for mode in (JoinMode.REQUEST, JoinMode.AUTOMATIC):
        with pytest.raises(Conflict) as caught:
            email_domain_set_join_mode(actor=owner, email_domain_id=domain.id, join_mode=mode)
        assert caught.value.code == "domain_unverified"
    zone.prove(domain)
    email_domain_check(actor=owner, email_domain_id=domain.id)
    for mode in (JoinMode.AUTOMATIC, JoinMode.AUTOMATIC, JoinMode.REQUEST):
        email_domain_set_join_mode(actor=owner, email_domain_id=domain.id, join_mode=mode)
    domain.refresh_from_db()
    assert domain.join_mode == "request"
    assert published()[1:] == [
        (
            "accounts.email_domain_join_mode_changed",
            {
                "email_domain_id": str(domain.id),
                "domain": NAME,
                "from_mode": before,
                "to_mode": after,
            },
        )
        for before, after in (("off", "automatic"), ("automatic", "request"))
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        EmailDomain.objects.filter(id=domain.id).update(verified_at=None)


def test_staff_vouch(acme: Tenant, globex: Tenant, staff: Person, zone: Zone) -> None:
    actor = Actor.staff(staff.id, staff.email)
    domain = make_email_domain(
        acme, verified=True, proof_missing_since=timezone.now(), check_code="missing"
    )
    with pytest.raises(InvalidInput):
        email_domain_verify(actor=actor, email_domain_id=domain.id, reason=" ")
    vouched = email_domain_verify(actor=actor, email_domain_id=domain.id, reason="Contract 12")
    assert (vouched.state, vouched.txt_name, vouched.txt_value, vouched.check_code) == (
        DomainState.VERIFIED,
        None,
        None,
        "",
    )
    for act in (
        lambda: email_domain_verify(actor=actor, email_domain_id=domain.id, reason="again"),
        lambda: email_domain_check(actor=actor, email_domain_id=domain.id),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "no_proof_needed"
    assert zone.asked == []
    other = make_email_domain(globex)
    with pytest.raises(Conflict) as taken:
        email_domain_verify(actor=actor, email_domain_id=other.id, reason="x")
    assert taken.value.code == "domain_in_use"
    other.refresh_from_db()
    assert (other.verified_at, other.token) == (None, "t0k3n")


def test_who_may(
    acme: Tenant,
    globex: Tenant,
    owner: Actor,
    member: Actor,
    zone: Zone,
    published: Published,
) -> None:
    own = make_email_domain(acme, verified=True)
    foreign = make_email_domain(globex, "globex.test", verified=True)

    def acts(actor: Actor, domain: EmailDomain) -> list[type[Exception]]:
        raised = []
        for act in (
            lambda: email_domain_add(actor=actor, tenant_id=domain.tenant_id, domain="new.test"),
            lambda: email_domain_check(actor=actor, email_domain_id=domain.id),
            lambda: email_domain_remove(actor=actor, email_domain_id=domain.id),
            lambda: email_domain_set_join_mode(
                actor=actor, email_domain_id=domain.id, join_mode=JoinMode.AUTOMATIC
            ),
            lambda: email_domain_verify(actor=actor, email_domain_id=domain.id, reason="x"),
        ):
            with pytest.raises(PlatformError) as caught:
                act()
            raised.append(caught.type)
        return raised

    assert acts(member, own) == [PermissionDenied] * 5
    assert acts(owner, foreign) == [NotFound] * 4 + [PermissionDenied]
    with pytest.raises(PermissionDenied):
        email_domains_for(member)
    with tenant_context(None):
        assert acts(owner, own) == [NotFound] * 4 + [PermissionDenied]
        assert list(email_domains_for(owner)) == []
        assert set(EmailDomain.objects.values_list("join_mode", flat=True)) == {"off"}
        assert EmailDomain.objects.count() == 2
    assert (zone.asked, published()) == ([], [])


def test_sign_ins_forget_whom_the_domain_concerned(acme: Tenant, zone: Zone) -> None:
    """In the same transaction: an enforced identity provider asks for more of who is in the domain."""
    domain = make_email_domain(acme)

    def is_void(act: Callable[[], Any]) -> bool:
        key = epochs.of_tenant(acme.id)
        caches["global"].delete(key)
        act()
        return bool(caches["global"].get(key) == epochs.CHANGING)

    def proof_gone() -> None:
        EmailDomain.objects.filter(id=domain.id).update(
            token="0" * 32, proof_missing_since=timezone.now() - PROOF_GRACE
        )
        assert email_domain_check(actor=SYSTEM, email_domain_id=domain.id).verified_at is None

    def vouch() -> None:
        email_domain_verify(actor=SYSTEM, email_domain_id=domain.id, reason="Known.")

    assert is_void(vouch)
    assert is_void(proof_gone)
    assert is_void(vouch)
    assert is_void(lambda: email_domain_remove(actor=SYSTEM, email_domain_id=domain.id))
