"""A tenant's credits in the console: what staff see, do alone, and do as two."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.credits.enums import WALLET_ID, AccountKind, GrantSource
from apps.credits.models import Account, AdjustmentRequest, Grant, Lot, Transaction
from apps.credits.verifying import found_differences
from apps.organizations.selectors import root_organization
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.conftest import make_person
from tests.console.conftest import messages_of, signed_in
from tests.credits.conftest import _operations  # noqa: F401 - what there is to spend on
from tests.credits.support import assert_sound, balance, branch, budget, debit, grant, hold, later

pytestmark = pytest.mark.django_db
CREDIT = 1_000_000


def url(tenant: Tenant, page: str = "credits") -> str:
    return f"/console/tenants/tenant/{tenant.pk}/{page}/"


def act(client: Client, tenant: Tenant, name: str, **data: Any) -> str:
    """Send an act's form; the message, or the page that says why it was not done."""
    sent = {"named": str(WALLET_ID), "reason": "Outage of 3 May", "key": str(uuid.uuid4()), **data}
    response = client.post(url(tenant, name), sent)
    if response.status_code == 302:
        assert response["Location"] == url(tenant)
        return messages_of(response)[-1]
    return response.content.decode()


@pytest.fixture
def robin() -> Client:
    """Another of the staff."""
    return signed_in(make_person("Robin", "robin@platform.test", is_staff=True))


@pytest.fixture(autouse=True)
def _limit(settings: Any) -> None:
    settings.CREDITS_SECOND_PERSON_ABOVE_MICROCREDITS = 100 * CREDIT


def test_staff_see_what_there_is(console: Client, acme: Tenant, globex: Tenant) -> None:
    with tenant_context(acme):
        one = grant(900 * CREDIT, description="Pack <1>", source=GrantSource.PURCHASE)
        account_id = budget(branch(root_organization(), "West"), one, CREDIT, is_hard=True)
        debit(CREDIT)
        hold(2 * CREDIT)
    assert url(acme) in console.get(url(acme, "").replace("//", "/")).content.decode()
    html = console.get(url(acme)).content.decode()
    for words in ("Pack &lt;1&gt;", "896", "Budget of West", "tests.summarize", "897"):
        assert words in html, words
    for name, named in (
        ("freeze_account", account_id),
        ("freeze_account", WALLET_ID),
        ("revoke_grant", one.id),
    ):
        assert f"{url(acme, name)}?named={named}" in html
    assert "Pack of" not in console.get(url(globex)).content.decode()
    assert console.get(url(acme).replace(str(acme.pk), MISSING)).status_code == 404


def test_a_tenant_without_a_schema_has_none(console: Client, acme: Tenant) -> None:
    Tenant.objects.filter(pk=acme.pk).update(status=TenantStatus.PENDING, ready_at=None)
    assert console.get(url(acme)).status_code == 200


def test_one_person_gives_and_takes(console: Client, acme: Tenant, published: Any) -> None:
    day = datetime.now(UTC).date() + timedelta(days=30)
    said = act(console, acme, "give_credits", credits="12.5", good_until=str(day))
    assert said == "12.5 credits are given."
    key = str(uuid.uuid4())
    for _ in range(2):
        said = act(console, acme, "take_credits", credits="2.000001", key=key)
        assert said == "2.000001 credits are taken."
    with tenant_context(acme):
        assert balance() == 10_499_999
        given = Grant.objects.get()
        assert (given.source, given.description) == ("adjustment", "Outage of 3 May")
        assert given.expires_at == datetime.combine(
            day + timedelta(days=1), datetime.min.time(), UTC
        )
        assert_sound()
    assert [name for name, _actor in published()] == [
        "credits.granted",
        "credits.adjusted",
        "credits.adjusted",
    ]
    assert {actor for _name, actor in published()} == {"staff@platform.test"}


def test_forms_refuse_what_makes_no_sense(console: Client, acme: Tenant) -> None:
    for name, data, words in (
        ("give_credits", {"credits": "0"}, "0.000001"),
        ("give_credits", {"credits": "1e99"}, "digits"),
        ("give_credits", {"credits": "1.0000001"}, "6 decimal places"),
        ("give_credits", {"credits": "1", "good_until": "2020-01-01"}, "This day is over."),
        ("give_credits", {"credits": "1", "reason": " "}, "Say why"),
        ("give_credits", {"credits": "1", "named": "x"}, "has nothing that is called so"),
        ("take_credits", {"credits": "1"}, "0 microcredits that can be taken"),
        ("revoke_grant", {"named": MISSING}, "has nothing that is called so"),
        ("approve_adjustment", {"named": MISSING}, "has nothing that is called so"),
    ):
        assert words in act(console, acme, name, **data), (name, data)
    with tenant_context(acme):
        assert Transaction.objects.count() == 0


def test_above_the_limit_a_second_person_approves(
    console: Client, robin: Client, staff: Person, acme: Tenant, published: Any
) -> None:
    said = act(console, acme, "give_credits", credits="100.000001")
    assert "a second one has to approve it" in said
    with tenant_context(acme):
        assert balance() == 0
        asked = AdjustmentRequest.objects.get()
        assert asked.requested_by == staff.id
    html = robin.get(url(acme)).content.decode()
    assert f"{url(acme, 'approve_adjustment')}?named={asked.id}" in html
    assert "+100.000001" in html
    page = robin.get(f"{url(acme, 'approve_adjustment')}?named={asked.id}").content.decode()
    assert "+100.000001 credits: Outage of 3 May" in page
    assert "Another person has to approve" in act(
        console, acme, "approve_adjustment", named=str(asked.id)
    )
    with tenant_context(acme):
        assert balance() == 0
    said = act(robin, acme, "approve_adjustment", named=str(asked.id))
    assert said == "The adjustment is approved and made."
    with tenant_context(acme):
        assert balance() == 100_000_001
        assert_sound()
    html = console.get(url(acme)).content.decode()
    assert "Approved" in html
    assert "approve_adjustment/?named=" not in html
    assert [name for name, _actor in published()] == [
        "credits.adjustment_requested",
        "credits.granted",
        "credits.adjusted",
        "credits.adjustment_approved",
    ]


def test_it_can_be_declined_and_is_over_some_day(
    console: Client, robin: Client, acme: Tenant
) -> None:
    with tenant_context(acme):
        grant(900 * CREDIT)
    act(console, acme, "take_credits", credits="101")
    with tenant_context(acme):
        asked = AdjustmentRequest.objects.get()
    assert act(robin, acme, "decline_adjustment", named=str(asked.id)) == (
        "The adjustment is declined."
    )
    act(console, acme, "take_credits", credits="102")
    with tenant_context(acme):
        AdjustmentRequest.objects.filter(state="pending").update(expires_at=timezone.now())
        waiting = AdjustmentRequest.objects.get(state="pending")
    assert "Not decided in time" in robin.get(url(acme)).content.decode()
    assert "nobody did so in time" in act(robin, acme, "approve_adjustment", named=str(waiting.id))
    with tenant_context(acme):
        assert balance() == 900 * CREDIT


def test_accounts_are_frozen_and_let_go(console: Client, acme: Tenant) -> None:
    assert act(console, acme, "freeze_account") == "The account is frozen."
    html = console.get(url(acme)).content.decode()
    assert "Outage of 3 May" in html
    assert f"{url(acme, 'unfreeze_account')}?named={WALLET_ID}" in html
    assert act(console, acme, "unfreeze_account", named="wallet") == "The account is open again."
    with tenant_context(acme):
        assert Account.objects.get(kind=AccountKind.WALLET).frozen_at is None


def test_a_grant_is_revoked(console: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        one = grant(9 * CREDIT, expires_at=later(days=3))
        debit(2 * CREDIT)
    said = act(console, acme, "revoke_grant", named=str(one.id))
    assert said == "The grant is revoked: 7 credits were left of it."
    with tenant_context(acme):
        assert balance() == 0
        assert_sound()


def test_the_ledger_is_verified(
    console: Client, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It takes a transaction of its own, which a test that is rolled back cannot have.
    monkeypatch.setattr("apps.console.tenant_acts_credits.differences", found_differences)
    with tenant_context(acme):
        grant(9 * CREDIT)
        debit(2 * CREDIT)
    page = act(console, acme, "verify_credits")
    assert "None: all sound" in page
    assert "Everything that is kept is what the entries add up to." in page
    with tenant_context(acme):
        Lot.objects.update(remaining_microcredits=7 * CREDIT + 1)
    page = act(console, acme, "verify_credits")
    assert "all sound" not in page
    assert "Lot of a grant" in page
    assert "+0.000001" in page
