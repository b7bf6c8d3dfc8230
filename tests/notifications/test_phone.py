"""A member's number: theirs by a code, which nobody guesses and nobody can send without end."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.entitlements import EntitlementExceeded
from apps.common.errors import (
    Conflict,
    ImpersonationRefused,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
)
from apps.common.ids import uuid7
from apps.common.proofs import Impersonator, Proof
from apps.events.models import OutboxEvent
from apps.messaging import senders
from apps.messaging.errors import Refused, Suppressed, Unavailable
from apps.notifications.entitlements import SMS
from apps.notifications.models import Phone
from apps.notifications.phone_numbers import number_parse
from apps.notifications.services import phone, phone_code_send, phone_remove, phone_verify
from apps.tenants.models import Tenant
from tests.conftest import Entitle
from tests.notifications.receivers import Texting
from tests.notifications.support import SYSTEM

pytestmark = pytest.mark.django_db
NUMBER = "+49 151 12345678"


@pytest.fixture(autouse=True)
def texting(monkeypatch: pytest.MonkeyPatch) -> Texting:
    made = Texting()
    monkeypatch.setattr(senders, "sms_providers", lambda: [made])
    monkeypatch.setattr(phone, "BETWEEN", replace(phone.BETWEEN, at_most=1000, burst=1000))
    return made


def ask(actor: Actor, tenant: Tenant, number: str = NUMBER, language: str = "en") -> Phone:
    return phone_code_send(actor=actor, tenant=tenant, number=number, language=language)


def code_of(texting: Texting) -> str:
    return texting.took[-1][1].split(": ")[1].split(".")[0]


def test_a_code_makes_it_theirs(member: Actor, acme: Tenant, texting: Texting) -> None:
    made = ask(member, acme)
    ((to, body, metadata),) = texting.took
    assert (to, metadata) == ("+4915112345678", {"tenant_id": str(acme.id)})
    code = code_of(texting)
    assert body == f"Your code for Acme: {code}. Good for 10 minutes. Tell nobody."
    assert (len(code), code.isdigit(), made.number_end, made.verified_at) == (6, True, "5678", None)
    assert code not in made.code_digest
    assert b"15112345678" not in bytes(made.number_encrypted)
    done = phone_verify(actor=member, code=f" {code[:3]} {code[3:]} ")
    assert done.verified_at is not None
    assert (done.code_digest, done.code_expires_at) == ("", None)
    with pytest.raises(NotFound):
        phone_verify(actor=member, code=code)
    phone_remove(actor=member)
    phone_remove(actor=member)
    names = OutboxEvent.objects.filter(name__startswith="notifications.phone_").order_by("position")
    assert [(one.name, one.payload) for one in names] == [
        ("notifications.phone_verified", {"member_id": str(member.member_id)}),
        ("notifications.phone_removed", {"member_id": str(member.member_id)}),
    ]


def test_in_the_members_language(member: Actor, acme: Tenant, texting: Texting) -> None:
    ask(member, acme, language="de")
    assert texting.took[0][1].startswith("Ihr Code für Acme: ")


def test_five_wrong_ones_and_it_is_over(member: Actor, acme: Tenant, texting: Texting) -> None:
    ask(member, acme)
    code = code_of(texting)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(4):
        with pytest.raises(InvalidInput) as caught:
            phone_verify(actor=member, code=wrong)
        assert caught.value.code == "code_wrong"
    for typed in (wrong, code, code):
        with pytest.raises(Conflict) as over:
            phone_verify(actor=member, code=typed)
        assert over.value.code == "code_over"
    assert Phone.objects.get().verified_at is None
    ask(member, acme)
    with pytest.raises(InvalidInput):
        phone_verify(actor=member, code=wrong if code_of(texting) != wrong else "x")
    phone_verify(actor=member, code=code_of(texting))


def test_tries_are_counted_across_codes(member: Actor, acme: Tenant) -> None:
    ask(member, acme)
    for _ in range(20):
        with pytest.raises((InvalidInput, Conflict)):
            phone_verify(actor=member, code="x")
    with pytest.raises(RateLimited):
        phone_verify(actor=member, code="x")


def test_too_late(member: Actor, acme: Tenant, texting: Texting) -> None:
    ask(member, acme)
    Phone.objects.update(code_expires_at=timezone.now())
    with pytest.raises(Conflict) as caught:
        phone_verify(actor=member, code=code_of(texting))
    assert caught.value.code == "code_over"


def test_a_code_is_good_for_its_number_and_member(
    owner: Actor, member: Actor, acme: Tenant, texting: Texting
) -> None:
    ask(member, acme)
    first = code_of(texting)
    ask(owner, acme)
    with pytest.raises(InvalidInput):
        phone_verify(actor=owner, code=first if first != code_of(texting) else "x")
    ask(member, acme, "+49 151 12345679")
    if first != code_of(texting):
        with pytest.raises(InvalidInput):
            phone_verify(actor=member, code=first)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        *(("0151 12345678", "invalid"), ("+49", "invalid"), ("x", "invalid"), ("", "invalid")),
        *(("+44 906 1234567", "not_mobile"), ("+49 30 123456", "not_mobile")),
        *(("+1 900 555 0100", "not_mobile"), ("+" + "9" * 500, "invalid")),
    ],
)
def test_numbers_that_get_none(
    member: Actor, acme: Tenant, texting: Texting, number: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        ask(member, acme, number)
    assert [(one.attr, one.code) for one in caught.value.errors] == [("number", code)]
    assert (texting.took, Phone.objects.count()) == ([], 0)


def test_countries(settings: Any) -> None:
    settings.NOTIFICATIONS_SMS_COUNTRIES = ["DE", "AT"]
    assert number_parse(NUMBER) == "+4915112345678"
    with pytest.raises(InvalidInput) as caught:
        number_parse("+44 7400 123456")
    assert caught.value.code == "country_not_served"


def test_how_many_codes_a_member_can_ask_for(
    member: Actor, owner: Actor, acme: Tenant, texting: Texting
) -> None:
    for n in range(5):
        ask(member, acme, f"+49 151 1234567{n}")
    with pytest.raises(RateLimited) as caught:
        ask(member, acme, "+49 151 12345679")
    assert int(caught.value.headers["Retry-After"]) > 0
    ask(owner, acme)
    assert len(texting.took) == 6


def test_how_many_a_number_gets(
    member: Actor, owner: Actor, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        ask(member, acme)
    ask(owner, acme)
    ask(owner, acme)
    with pytest.raises(RateLimited):
        ask(owner, acme)


def test_one_after_another(member: Actor, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        phone, "BETWEEN", replace(phone.BETWEEN, at_most=1, burst=1, window_s=10**9)
    )
    ask(member, acme)
    with pytest.raises(RateLimited):
        ask(member, acme)


def test_the_plans_cap(member: Actor, acme: Tenant, texting: Texting, entitle: Entitle) -> None:
    entitle({SMS: 0})
    with pytest.raises(EntitlementExceeded):
        ask(member, acme)
    assert (texting.took, Phone.objects.count()) == ([], 0)


def test_nobody_learns_who_wrote_stop(member: Actor, acme: Tenant, texting: Texting) -> None:
    texting.fails = [Suppressed("unsubscribed")]
    assert ask(member, acme).number_end == "5678"


@pytest.mark.parametrize(
    ("error", "code"),
    [(Refused("21211"), "number_refused"), (Unavailable("away", 1), "sms_unavailable")],
)
def test_what_the_provider_does_not_take(
    member: Actor, acme: Tenant, texting: Texting, error: Exception, code: str
) -> None:
    texting.fails = [error]
    with pytest.raises(Conflict) as caught:
        ask(member, acme)
    assert caught.value.code == code


def test_without_a_provider(member: Actor, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "sms_providers", list)
    with pytest.raises(Conflict) as caught:
        ask(member, acme)
    assert caught.value.code == "sms_unavailable"


def test_who_may(member: Actor, acme: Tenant) -> None:
    acting = replace(member, proof=Proof(impersonator=Impersonator(uuid7(), "staff")))
    for actor, error in ((SYSTEM, PermissionDenied), (acting, ImpersonationRefused)):
        with pytest.raises(error):
            ask(actor, acme)
        with pytest.raises(error):
            phone_verify(actor=actor, code="1")
        with pytest.raises(error):
            phone_remove(actor=actor)
    with pytest.raises(NotFound):
        phone_verify(actor=member, code="1")
