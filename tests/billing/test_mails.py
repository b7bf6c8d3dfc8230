"""Who is told of what happens to a subscription, of what, and how often."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import Retry
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from djstripe.models import Customer, Invoice

from apps.accounts.models import Person
from apps.billing import handlers
from apps.billing.enums import Standing as G
from apps.billing.events import SubscriptionChanged
from apps.billing.inbox.registry import StripeChange
from apps.billing.life import GRACE_DAYS, RESTRICTED_DAYS
from apps.billing.models import BillingCustomer, Subscription
from apps.billing.stripe_handlers import subscription_follow, trial_end_tell
from apps.billing.tasks import settle_subscriptions
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.registry import EventContext
from apps.organizations.actors import actor_for
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member
from apps.organizations.services import (
    member_join,
    member_update_status,
    organization_create,
    root_ensure,
)
from apps.roles.selectors import role_by_code
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from tests.billing.test_subscriptions import _catalogue, age, standing, status, take, told
from tests.conftest import SYSTEM, make_person

__all__ = ["_catalogue"]

pytestmark = pytest.mark.django_db
PAY = "https://invoice.stripe.test/i/1"
PLAN = "http://acme.localhost:8000/plan/"


@pytest.fixture(autouse=True)
def _nothing_waits(_catalogue: None) -> None:
    drain_once()


@pytest.fixture
def customer(acme: Tenant) -> BillingCustomer:
    """With an address of its own, and an invoice to pay."""
    with system_connection():
        row = BillingCustomer.objects.create(
            tenant=acme, name="Acme", stripe_id="cus_1", email="accounts@acme.test"
        )
        copy = Customer.objects.create(id="cus_1", created=timezone.now(), stripe_data={})
        for number, state in enumerate(("paid", "open", "draft")):
            data = {
                "currency": "eur",
                "status": state,
                "amount_remaining": 2700,
                "total": 2700,
                "hosted_invoice_url": PAY if state == "open" else f"{PAY}{number}",
            }
            Invoice.objects.create(
                id=f"in_{number}", created=timezone.now(), customer=copy, stripe_data=data
            )
    return row


def text(mail: Any) -> str:
    """Both parts; what both have to say."""
    assert isinstance(mail, EmailMultiAlternatives)
    [html] = mail.alternatives
    return f"{mail.body}\n{html[0]}"


def told_of(mailoutbox: list[Any]) -> list[tuple[str, str]]:
    drain_once()
    found = [(one.to[0], one.subject) for one in mailoutbox]
    mailoutbox.clear()
    return found


def both(subject: str) -> list[tuple[str, str]]:
    return [("alice@acme.test", subject), ("accounts@acme.test", subject)]


def test_the_life_of_a_debt_a_mail_for_each_change(
    acme: Tenant, customer: BillingCustomer, mailoutbox: list[Any]
) -> None:
    take(acme)
    assert told_of(mailoutbox) == []
    for _again in range(3):
        take(acme, status="past_due")
    assert told_of(mailoutbox) == both("A payment of Acme failed")
    age(acme, GRACE_DAYS)
    settle_subscriptions()
    settle_subscriptions()
    assert told_of(mailoutbox) == both("The plan of Acme is taken away until it is paid")
    age(acme, GRACE_DAYS + RESTRICTED_DAYS)
    settle_subscriptions()
    assert status(acme) == TenantStatus.SUSPENDED
    assert told_of(mailoutbox) == both("Acme is closed until it is paid")
    take(acme)
    assert told_of(mailoutbox) == both("The payment of Acme has come")
    take(acme, status="canceled")
    assert told_of(mailoutbox) == both("The subscription of Acme has ended")


def test_what_the_mails_say(acme: Tenant, customer: BillingCustomer, mailoutbox: list[Any]) -> None:
    take(acme, status="past_due")
    drain_once()
    with system_connection():
        row = Subscription.objects.get(tenant=acme)
    assert row.standing_changes_at is not None
    closed_at = row.standing_changes_at + timedelta(days=RESTRICTED_DAYS)
    for part in (
        *(PAY, PLAN, "€27.00", "Starter", "the plan Free"),
        f"{row.standing_changes_at:%B} {row.standing_changes_at.year}",
        f"{closed_at.day} {closed_at:%B %Y}",
    ):
        assert part in text(mailoutbox[0])
        assert part in mailoutbox[0].body or part.startswith(f"{row.standing_changes_at:%B}")
    mailoutbox.clear()
    age(acme, GRACE_DAYS + RESTRICTED_DAYS)
    settle_subscriptions()
    drain_once()
    # The workspace's own pages are closed: no link leads there.
    for found in (mailoutbox[0].body, mailoutbox[0].alternatives[0][0]):
        assert PAY in found
        assert "acme.localhost" not in found


def test_a_closed_workspace_without_an_invoice_that_we_know(
    acme: Tenant, mailoutbox: list[Any]
) -> None:
    take(acme, status="past_due")
    age(acme, GRACE_DAYS + RESTRICTED_DAYS)
    settle_subscriptions()
    drain_once()
    found = mailoutbox[-1]
    assert found.subject == "Acme is closed until it is paid"
    assert "Pay the invoice that you got by e-mail." in found.body
    assert 'href=""' not in found.alternatives[0][0]


def test_who_is_told(acme: Tenant, bob: Person, mailoutbox: list[Any]) -> None:
    """Who manages billing in the whole workspace; not elsewhere, not who is gone, none twice."""
    with tenant_context(acme):
        root = root_ensure("Acme")
        alice = actor_for(Person.objects.get(email="alice@acme.test"))
        branch = organization_create(actor=alice, name="Branch", parent_id=root.id)
        for name, at, role in (
            ("dora", root, "billing_admin"),
            ("emil", branch, "billing_admin"),
            ("fred", root, "billing_admin"),
            ("gina", root, "auditor"),
        ):
            member_join(
                actor=SYSTEM,
                person=make_person(f"{name.title()} New", f"{name}@acme.test"),
                organization=at,
                roles=[role_by_code(role)],
            )
        fred = Member.objects.get(email="fred@acme.test")
        member_update_status(actor=SYSTEM, member_id=fred.id, status=MemberStatus.DEACTIVATED)
    with system_connection():
        BillingCustomer.objects.create(tenant=acme, name="Acme", email="Dora@Acme.test")
    take(acme, status="past_due")
    assert [to for to, _subject in told_of(mailoutbox)] == ["alice@acme.test", "dora@acme.test"]


def test_once_whatever_is_done_twice(
    acme: Tenant, customer: BillingCustomer, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    take(acme, status="past_due")
    drain_once()
    mailoutbox.clear()
    event = SubscriptionChanged(
        tenant_id=acme.id, stripe_id="sub_1", from_standing="active", to_standing="grace"
    )
    actor = Actor.system("billing")
    context = EventContext(
        uuid.uuid4(), event.event_name, acme.id, actor, "", timezone.now(), attempt=1
    )
    # The second mail fails once: the first is not sent again with it.
    fails = iter([False, True])
    send = EmailMultiAlternatives.send

    def fragile(mail: EmailMultiAlternatives, *args: Any) -> int:
        if next(fails, False):
            raise OSError("the server hung up")
        return send(mail, *args)

    monkeypatch.setattr(EmailMultiAlternatives, "send", fragile)
    with pytest.raises(Retry):
        handlers.queue_standing_notices(event, context)
    assert [one.to[0] for one in mailoutbox] == ["alice@acme.test"]
    for _again in range(2):
        handlers.queue_standing_notices(event, context)
    assert [one.to[0] for one in mailoutbox] == ["alice@acme.test", "accounts@acme.test"]


def test_what_is_true_no_more_is_not_told(
    acme: Tenant, customer: BillingCustomer, mailoutbox: list[Any]
) -> None:
    take(acme, status="past_due")
    take(acme)
    assert standing(acme) == G.ACTIVE
    assert told_of(mailoutbox) == both("The payment of Acme has come")
    assert contacts(acme) == 2
    with system_connection():
        Tenant.objects.filter(id=acme.id).update(purge_started_at=timezone.now())
    assert contacts(acme) == 0


def contacts(tenant: Tenant) -> int:
    return len(handlers.contacts_of(tenant.id))


def change(tenant: Tenant, **fields: Any) -> StripeChange:
    now = told(status="trialing", **fields)
    return StripeChange(
        event_id="evt_1",
        type="customer.subscription.trial_will_end",
        occurred_at=timezone.now(),
        customer_id="cus_1",
        tenant_id=tenant.id,
        current=now,
        is_gone=False,
        told=now,
        previous={},
    )


def test_a_trial_that_ends_is_told_once(
    acme: Tenant, customer: BillingCustomer, mailoutbox: list[Any]
) -> None:
    ends = timezone.now() + timedelta(days=3)
    one = change(acme, trial_end=int(ends.timestamp()))
    for _again in range(2):
        subscription_follow(one)
        trial_end_tell(one)
    drain_once()
    assert [mail.to[0] for mail in mailoutbox] == ["alice@acme.test", "accounts@acme.test"]
    assert mailoutbox[0].subject == f"The trial of Acme ends on {ends.day} {ends:%B %Y}"
    for part in ("€27.00 a month for 3 seats", "Starter", PLAN):
        assert part in mailoutbox[0].body
        assert part in mailoutbox[0].alternatives[0][0]
    mailoutbox.clear()
    later = int(ends.timestamp()) + 86_400
    cancelled = change(acme, trial_end=later, cancel_at_period_end=True)
    subscription_follow(cancelled)
    trial_end_tell(cancelled)
    drain_once()
    assert "It was cancelled, so nothing is charged." in mailoutbox[0].body
    assert "€27.00" not in text(mailoutbox[0])


def test_the_end_of_another_subscription_s_trial(acme: Tenant, mailoutbox: list[Any]) -> None:
    take(acme)
    trial_end_tell(change(acme, id="sub_9", trial_end=int(timezone.now().timestamp())))
    assert told_of(mailoutbox) == []
