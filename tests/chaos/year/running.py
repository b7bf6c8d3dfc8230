"""The year in both ways, compared in every moment."""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from django.conf import settings
from django.utils import timezone

from apps.billing import tasks
from apps.billing.models import BillingCustomer, TenantPlan
from apps.billing.reconciling import Report, reconcile
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.organizations.models import Member
from apps.sandbox.stripe import clock
from apps.sandbox.stripe.models import StripeAccount
from apps.tenants.models import Tenant
from tests.billing.test_buying import Shop
from tests.billing.test_sandbox import deliver_all, work
from tests.chaos.year import history, replaying
from tests.chaos.year.living import Lives
from tests.chaos.year.state import State, differences, state
from tests.conftest import SYSTEM, make_person, make_tenant

world_now = timezone.now
DAY_S = 86_400
STEP_DAYS = 10
# Mails of which the number follows from the states at the ends of moments. The others tell of what happened
# in between, or of an event that may be lost.
EXACT_MAILS = ("restricted", "closed", "ended")
COMERS = 6


@dataclass
class Moment:
    """now: of both sides, seconds; it stands still in a moment. intended: customers' rows that were begun."""

    now: int
    state: State
    members: dict[str, dict[uuid.UUID, str]]
    intended: list[BillingCustomer]


@dataclass
class Year:
    """As it was lived in order. at_first: plans on the first day."""

    account_id: str
    set_now: Callable[[int], None]
    mails: list[Any]
    seats: list[str]
    lives: Lives
    at_first: list[TenantPlan] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)

    @property
    def tenants(self) -> list[Tenant]:
        return [shop.tenant for shop in self.lives.shops]

    def live(self, days: int) -> None:
        """Acts and time take turns; after each, what Stripe told has taken effect."""
        self.at_first = list(TenantPlan.objects.all())
        # Ahead of the world's time, by which columns with that default are filled.
        now = StripeAccount.objects.get(id=self.account_id).now + DAY_S
        self.set_now(now)
        clock.advance(self.account_id, now, freeze=True)
        self.settle()
        self._keep(now)
        for step in range(days // STEP_DAYS):
            retries = "unpaid" if (step // 6) % 2 else "canceled"
            self._control(after_retries=retries)
            history.moment_begin(len(self.moments))
            self.lives.act()
            self.settle()
            self._keep(now)
            history.moment_begin(len(self.moments))
            now += STEP_DAYS * DAY_S
            self.set_now(now)
            clock.advance(self.account_id, now, freeze=True)
            self.settle()
            self._keep(now)

    def _control(self, **given: str) -> None:
        account = StripeAccount.objects.get(id=self.account_id)
        url = f"{settings.SANDBOX_URL}/sandbox/stripe/control/billing/"
        requests.post(url, json=given, auth=(account.secret_key, ""), timeout=30).raise_for_status()

    def settle(self) -> None:
        """Until nothing is left to tell, as workers do."""
        self.drain()
        while self.seats or deliver_all():
            for tenant_id in self.seats:
                tasks.sync_seats.run(tenant_id)
            self.seats.clear()
            work()
            self.drain()
        tasks.settle_subscriptions()
        self.drain()

    def drain(self) -> None:
        """By the world's time, which the attempts of our own events are due by."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(timezone, "now", world_now)
            drain_once()

    def _keep(self, now: int) -> None:
        known = {one.id for moment in self.moments for one in moment.intended}
        rows = [one for one in BillingCustomer.objects.all() if one.id not in known]
        members = {}
        for tenant in self.tenants:
            with tenant_context(tenant):
                members[tenant.slug] = dict(Member.objects.values_list("id", "status"))
        self.moments.append(Moment(now, state(self.mails), members, rows))
        self.mails.clear()

    def replay(self, seed: int) -> "Outcome":
        """Told badly, and reconciled at the end of each moment, it comes to the same in each."""
        run = replaying.begin(self.account_id, seed)
        TenantPlan.objects.bulk_create(self.at_first)
        outcome = Outcome(run)
        for number, moment in enumerate(self.moments):
            self.set_now(moment.now)
            StripeAccount.objects.filter(id=self.account_id).update(frozen_at=moment.now)
            for tenant in self.tenants:
                with tenant_context(tenant):
                    replaying.members_set(tenant, moment.members[tenant.slug])
            # Whoever asked for them died before Stripe answered.
            BillingCustomer.objects.bulk_create(
                BillingCustomer(id=one.id, tenant_id=one.tenant_id, name=one.tenant.name)
                for one in moment.intended
            )
            run.moment(number)
            # What time alone brings about, which a schedule looks for each minute.
            tasks.settle_subscriptions()
            before = state([])
            is_last = number == len(self.moments) - 1
            report = reconcile(actor=SYSTEM, days=400 if is_last else 40)
            assert report.waiting == []
            tasks.settle_subscriptions()
            self.drain()
            outcome.add(f"moment {number}", moment.state, before, state(self.mails), report)
            self.mails.clear()
            assert self.seats == []
        outcome.finish(self.moments[-1].state, state([]))
        return outcome


@dataclass
class Outcome:
    """wrong: what is other than in order. mended: what reconciliation found, by kind."""

    run: replaying.Replay
    wrong: list[str] = field(default_factory=list)
    mended: Counter[str] = field(default_factory=Counter)
    mails: int = 0

    def add(self, name: str, wanted: State, before: State, after: State, report: Report) -> None:
        """before: reconciliation. Who has been told all has all before it."""
        told = self.run.told
        for slug, tenant in wanted.tenants.items():
            ids = [(tenant[part] or {}).get("stripe_id") for part in ("customer", "subscription")]
            if all(told.get(one, True) for one in ids):
                self._compare(f"{name} {slug} unreconciled", tenant, before.tenants[slug])
            self._compare(f"{name} {slug}", tenant, after.tenants[slug])
        fresh = [one for one, is_told in told.items() if is_told and one in wanted.copies]
        for one in fresh:
            self._compare(f"{name} copy {one}", wanted.copies[one], before.copies.get(one))
        self.mended.update(report.counts)
        self.wrong += [f"{name} left {one}" for one in report.left]
        for subject in wanted.mails | after.mails:
            if any(word in subject for word in EXACT_MAILS):
                self.mails += wanted.mails[subject]
                self._compare(f"{name} mail {subject}", wanted.mails[subject], after.mails[subject])

    def finish(self, wanted: State, found: State) -> None:
        self._compare("money", wanted.money, found.money)

    def _compare(self, name: str, wanted: Any, found: Any) -> None:
        self.wrong += differences(wanted, found, name)


@contextmanager
def year_of(
    account: StripeAccount, tenants: int, seed: int, patch: pytest.MonkeyPatch, mails: list[Any]
) -> Iterator[Year]:
    """account: with its endpoint and its catalogue, made within history.noted()."""
    seats: list[str] = []
    patch.setattr(tasks.sync_seats, "apply_async", lambda args, **_options: seats.append(args[0]))
    owners = [make_person(f"Owner {n}", f"owner{n}@acme.test") for n in range(tenants)]
    people = [make_person(f"Comer {n}", f"comer{n}@acme.test") for n in range(COMERS)]
    shops = [
        Shop(make_tenant(f"firm{n:02}", owner), owner, account) for n, owner in enumerate(owners)
    ]

    def set_now(now: int) -> None:
        at = datetime.fromtimestamp(now, UTC)
        patch.setattr(timezone, "now", lambda: at)

    lives = Lives(shops, people, random.Random(seed))
    yield Year(account.id, set_now, mails, seats, lives)
