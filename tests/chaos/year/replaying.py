"""The history once more: each event five times, shuffled, late or never, while Stripe goes on changing."""

import random
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from django.apps import apps
from django.core.cache import caches
from django.db import connection, connections

from apps.billing.inbox.processing import lane_process
from apps.billing.models import BillingCustomer, StripeEvent, Subscription, TenantPlan
from apps.common.database import system_connection
from apps.organizations.models import Member
from apps.sandbox.stripe import courier
from apps.sandbox.stripe.models import StripeAccount, StripeDelivery, StripeObject
from apps.tenants.models import Tenant
from tests.chaos.year import history
from tests.chaos.year.history import Change

TIMES, LOST, LATE = 5, 0.05, 0.1
# A delivery comes within so many transactions of Stripe's; one that is late, up to so many moments later.
WITHIN, MOMENTS = 25, 3
WORKERS = 3


@dataclass
class Replay:
    """told: for each object at Stripe, whether an event about its last version has come. lost: events of
    which none comes. sent: deliveries.
    """

    account: StripeAccount
    wanted: set[str]
    endpoint: dict[str, Any]
    chance: random.Random
    told: dict[str, bool] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    come: set[str] = field(default_factory=set)
    sent: int = 0
    late: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    errors: list[Exception] = field(default_factory=list)

    def moment(self, number: int) -> None:
        """All that happened in it; returns when what was delivered has taken effect."""
        changes = history.changes(number)
        due: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for event in self.late.pop(number, []):
            due[self.chance.randrange(len(changes) + 1)].append(event)
        with self._workers(), requests.Session() as session:
            for place, change in enumerate(changes):
                history.apply(change)
                self._schedule(number, place, change, due)
                self._deliver(session, due.pop(place, []))
            rest = [event for some in due.values() for event in some]
            self.chance.shuffle(rest)
            self._deliver(session, rest)
        failed = StripeEvent.objects.exclude(last_error="").values_list("type", "last_error")
        assert (list(failed), self.errors) == ([], [])
        assert not StripeEvent.objects.exclude(state="done").exists()

    def _schedule(self, number: int, place: int, change: Change, due: Any) -> None:
        self.told.update(dict.fromkeys(change.objects, False))
        for event in change.events:
            if event["id"] not in self.wanted:
                continue
            if self.chance.random() < LOST:
                self.lost.add(event["id"])
                continue
            for _copy in range(TIMES):
                if self.chance.random() < LATE:
                    self.late[number + self.chance.randint(1, MOMENTS)].append(event)
                else:
                    due[place + self.chance.randint(0, WITHIN)].append(event)

    def _deliver(self, session: requests.Session, events: list[dict[str, Any]]) -> None:
        self.chance.shuffle(events)
        for event in events:
            delivery = StripeDelivery(account=self.account, event_id=event["id"])
            answer = courier._send(session, courier._parcel(delivery, event, self.endpoint))
            assert answer[0] == 200, answer
            self.sent += 1
            if event["id"] not in self.come:
                self.come.add(event["id"])
                self.told[event["data"]["object"].get("id", "")] = True

    @contextmanager
    def _workers(self) -> Iterator[None]:
        over = threading.Event()
        seeds = [self.chance.random() for _worker in range(WORKERS)]
        threads = [threading.Thread(target=self._work, args=(seed, over)) for seed in seeds]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join(300)

    def _work(self, seed: float, over: threading.Event) -> None:
        chance = random.Random(seed)
        waiting = StripeEvent.objects.filter(state="pending", last_error="")
        try:
            with system_connection():
                while (lanes := sorted(set(waiting.values_list("lane", flat=True)))) or (
                    not over.is_set()
                ):
                    if lanes:
                        lane_process(chance.choice(lanes))
                    else:
                        time.sleep(0.01)
        except Exception as error:  # noqa: BLE001 - of the thread, shown by who waits for it
            self.errors.append(error)
        finally:
            connections.close_all()


def begin(account_id: str, seed: int) -> Replay:
    """We know nothing of Stripe, and Stripe is as on the first day."""
    account = StripeAccount.objects.get(id=account_id)
    history.forget(account_id)
    endpoint = StripeObject.objects.get(account=account, kind="webhook_endpoint")
    wanted = set(StripeDelivery.objects.values_list("event_id", flat=True))
    for model in (Subscription, BillingCustomer, StripeEvent, TenantPlan):
        model.objects.all().delete()
    Tenant.objects.update(status="ready")
    tables = [one._meta.db_table for one in apps.get_app_config("djstripe").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
    caches["global"].clear()
    return Replay(account, wanted, endpoint.data, random.Random(seed))


def members_set(tenant: Tenant, statuses: dict[uuid.UUID, str]) -> None:
    """Who is a member then. In the tenant."""
    for member in Member.objects.all():
        wanted = statuses.get(member.id, "deactivated")
        if member.status != wanted:
            Member.objects.filter(id=member.id).update(status=wanted)
