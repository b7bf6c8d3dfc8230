"""Web and worker are killed while people buy, upgrade and cancel: nobody pays twice, none is lost.

Stripe and its courier go on. It kills who asks it: before it does anything, after it has committed and before
it answers, or a moment after the answer. KILLS_TENANTS makes it larger or smaller.
"""

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, connections
from django.utils import timezone

from apps.accounts.models import Person
from apps.accounts.token_sessions import token_session_start
from apps.billing import gateway, tasks
from apps.billing.models import BillingCustomer, PlanVersion, StripeEvent, Subscription, TenantPlan
from apps.billing.reconciling import reconcile
from apps.common.database import system_connection
from apps.sandbox.stripe import courier
from apps.sandbox.stripe.models import StripeAccount, StripeDelivery
from apps.tenants.models import Tenant
from tests import workers
from tests.billing.test_buying import pay
from tests.chaos.stripe_account import account_at, serving
from tests.conftest import SYSTEM, make_person, make_tenant

TENANTS, AT_ONCE = int(os.environ.get("KILLS_TENANTS", "12")), 4
# Of the requests that the platform sends to Stripe.
KILLED = 0.12
PLACES = ("before", "after", "later")
GIVE_UP_S = 300
# As in production; more often, it would fill the queue with what waits there.
SWEEP_S = 5


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Platform:
    """web and worker as processes; who was killed is started again. kills: by kind, place and request."""

    env: dict[str, str]
    port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    kills: Counter[str] = field(default_factory=Counter)

    def start(self, kind: str) -> None:
        self.running[kind] = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.billing_process", kind, str(self.port)],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self, kind: str, why: str = "") -> None:
        with self.lock:
            workers.kill_tree(self.running[kind])
            self.kills[why] += 1
            self.start(kind)

    def is_up(self) -> bool:
        try:
            return requests.get(self.url("/health/live/"), timeout=5).status_code < 500
        except requests.RequestException:
            return False

    def url(self, path: str) -> str:
        return f"http://localhost:{self.port}{path}"

    def stop(self) -> None:
        for process in self.running.values():
            workers.kill_tree(process)


@dataclass
class Stripe:
    """The sandbox's, in this process. It kills who asks, with the chance of `killed`."""

    platform: Platform | None = None
    killed: float = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    handler: WSGIHandler = field(default_factory=WSGIHandler)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        place = self._place(environ)
        if place == "before":
            self._kill(place, environ)
        answer = self.handler(environ, start_response)
        if place == "after":
            self._kill(place, environ)
        if place == "later":
            delay_s = self.chance.uniform(0, 0.1)
            threading.Timer(delay_s, self._kill, [place, environ]).start()
        return answer

    def _place(self, environ: dict[str, Any]) -> str:
        is_asked = "/v1/" in environ["PATH_INFO"] and "wrapper-platform" in environ.get(
            "HTTP_USER_AGENT", ""
        )
        if not is_asked or self.chance.random() >= self.killed:
            return ""
        return self.chance.choice(PLACES)

    def _kill(self, place: str, environ: dict[str, Any]) -> None:
        if self.platform is None:
            return
        parts = environ["PATH_INFO"].split("/v1/")[1].split("/")
        asked = f"{environ['REQUEST_METHOD']} {parts[0]}"
        # A GET of the inbox is the worker's, most of the others the web's; who asked is not known for sure.
        kinds = (
            ["worker", "web"] if environ["REQUEST_METHOD"] == "GET" else ["web", "web", "worker"]
        )
        kind = self.chance.choice(kinds)
        self.platform.kill(kind, f"{kind} {place} {asked}")


@pytest.fixture
def stripe_here(settings: Any, sold: None) -> Iterator[tuple[Stripe, Platform, StripeAccount]]:
    played, port = Stripe(), free_port()
    # Without a trial, a purchase is paid at once.
    PlanVersion.objects.update(trial_days=0)
    with (
        serving(played) as url,
        account_at(url, settings, f"http://localhost:{port}") as account,
    ):
        env = {
            "BILLING_DATABASE": connection.settings_dict["NAME"],
            "BILLING_STRIPE_KEY": account.secret_key,
            "BILLING_WEBHOOK_SECRET": settings.STRIPE_WEBHOOK_SECRETS[0],
            "STRIPE_API_BASE": settings.STRIPE_API_BASE,
        }
        platform = Platform(env, port)
        played.platform = platform
        for kind in ("web", "worker"):
            platform.start(kind)
        try:
            workers.wait_for(platform.is_up, 120)
            yield played, platform, account
        finally:
            played.platform = None
            platform.stop()


@contextmanager
def going_on() -> Iterator[None]:
    """Stripe's courier, and the platform's schedules."""
    over = threading.Event()

    def go() -> None:
        swept_s = 0.0
        try:
            with system_connection():
                while not over.wait(0.3):
                    waiting = StripeDelivery.objects.filter(status__in=["pending", "failed"])
                    waiting.update(status="pending", next_at=timezone.now())
                    courier.deliver_due()
                    if time.monotonic() - swept_s > SWEEP_S:
                        # Pauses would be minutes after so many kills, and the last attempt be used up.
                        StripeEvent.objects.filter(state="pending").update(
                            next_attempt_at=timezone.now(), attempts=0
                        )
                        tasks.sweep_stripe_events()
                        swept_s = time.monotonic()
        finally:
            connections.close_all()

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)


@dataclass
class Client:
    """A program of the tenant's owner: asks again until it is answered. asked: requests by their outcome."""

    platform: Platform
    tenant: Tenant
    token: str
    asked: Counter[str] = field(default_factory=Counter)

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        until_s = time.monotonic() + GIVE_UP_S
        while time.monotonic() < until_s:
            try:
                answer = requests.request(
                    method,
                    self.platform.url(f"/api/v1/billing/{path}"),
                    json=body,
                    headers={
                        "Authorization": f"Bearer {self.token}",
                        "Host": f"{self.tenant.slug}.localhost:8000",
                    },
                    timeout=60,
                )
                # Without a length, an answer that was cut off looks whole.
                answer.json()
            except requests.RequestException:
                self.asked["broken"] += 1
                time.sleep(0.3)
                continue
            self.asked[str(answer.status_code)] += 1
            if answer.status_code < 500:
                return answer
            time.sleep(0.3)
        raise AssertionError(f"{self.tenant.slug}: {method} {path} was never answered")

    def wait(self, is_so: Callable[[dict[str, Any]], bool]) -> None:
        until_s = time.monotonic() + GIVE_UP_S
        while not is_so(found := self.ask("GET", "subscription/").json()):
            assert time.monotonic() < until_s, (self.tenant.slug, found)
            time.sleep(0.5)

    def live(self) -> None:
        """Buys, upgrades, plans a downgrade, takes it back, and cancels for the period's end."""
        choice = {"plan": "starter", "interval": "month", "currency": "EUR"}
        page = self.ask("POST", "checkout-sessions/", choice)
        assert page.status_code == 201, page.text
        assert pay(page.json()["url"]).status_code == 302
        # Whether or not a worker has heard of it.
        again = self.ask("POST", "checkout-sessions/", choice)
        assert again.status_code == 409, again.text
        self.wait(lambda found: found["standing"] == "active")
        self._change({"plan": "business", "interval": "month"}, "same_plan")
        self._change({"plan": "starter", "interval": "month"}, "")
        self._change({"cancel_at_period_end": False}, "")
        self._change({"cancel_at_period_end": True}, "")

    def _change(self, body: dict[str, Any], done: str) -> None:
        """done: the refusal that says that a request before, whose answer was lost, has done it."""
        answer = self.ask("PATCH", "subscription/", body)
        is_done = answer.status_code == 200 or (done and done in answer.text)
        assert is_done, (self.tenant.slug, body, answer.text)


def live(client: Client) -> str:
    try:
        client.live()
    except Exception as error:  # noqa: BLE001 - of the thread, shown by who waits for it
        return f"{client.tenant.slug}: {error!r}"
    finally:
        connections.close_all()
    return ""


def token_of(person: Person) -> str:
    pair = token_session_start(
        person=person, tenant_id=None, ip=None, user_agent="tests", methods=("password",)
    )
    return pair.access


@pytest.mark.django_db(transaction=True)
def test_nobody_pays_twice_and_no_subscription_is_lost(
    stripe_here: tuple[Stripe, Platform, StripeAccount], tell: Callable[[str], None]
) -> None:
    played, platform, _account = stripe_here
    clients = []
    for n in range(TENANTS):
        owner = make_person(f"Owner {n}", f"owner{n}@acme.test")
        clients.append(Client(platform, make_tenant(f"kill{n:02}", owner), token_of(owner)))
    with workers.table(), going_on():
        played.killed = KILLED
        with ThreadPoolExecutor(AT_ONCE) as pool:
            errors = [error for error in pool.map(live, clients) if error]
        played.killed = 0
        assert errors == []
        workers.wait_for(platform.is_up, 60)
        waiting = StripeEvent.objects.exclude(state="done")
        workers.wait_for(
            lambda: (
                not (
                    waiting.exists() or StripeDelivery.objects.exclude(status="delivered").exists()
                )
            ),
            300,
        )
    report = reconcile(actor=SYSTEM)
    wrong = [str(one) for one in report.findings]
    wrong += [line for client in clients for line in wrong_of(client.tenant)]
    asked = sum((client.asked for client in clients), Counter())
    tell(
        f"{TENANTS} tenants; {sum(platform.kills.values())} kills at {len(platform.kills)} points; "
        f"requests {dict(asked)}; {len(report.findings)} differences; "
        f"{len(wrong)} wrong\n  {dict(platform.kills.most_common())}"
    )
    assert "\n".join(wrong) == ""


def wrong_of(tenant: Tenant) -> Iterator[str]:
    """One customer, one subscription, one payment for the purchase and one for the upgrade."""
    row, customer = (
        Subscription.objects.get(tenant=tenant),
        BillingCustomer.objects.get(tenant=tenant),
    )
    with gateway.stripe_client() as client:
        query: Any = {"query": f'metadata["tenant_id"]:"{tenant.id}"'}
        customers = [one.id for one in client.v1.customers.search(query).data]
        subscriptions = list(
            client.v1.subscriptions.list({"customer": customers[0], "status": "all"}).data
        )
        charges = list(client.v1.charges.list({"customer": customers[0]}).data)
        invoices = list(client.v1.invoices.list({"customer": customers[0]}).data)
        schedules = list(client.v1.subscription_schedules.list({"customer": customers[0]}).data)
    if customers != [customer.stripe_id]:
        yield f"{tenant.slug}: customers {customers}"
    if [one.id for one in subscriptions] != [row.stripe_id]:
        yield f"{tenant.slug}: subscriptions {[one.id for one in subscriptions]}"
    paid = sorted(
        str(one.billing_reason) for one in invoices if one.status == "paid" and one.amount_paid
    )
    if paid != ["subscription_create", "subscription_update"] or len(invoices) != len(paid):
        found = [(one.billing_reason, one.status, one.amount_due) for one in invoices]
        yield f"{tenant.slug}: invoices {found}"
    if len([one for one in charges if one.paid]) != 2:
        yield f"{tenant.slug}: charges {[(one.amount, one.status) for one in charges]}"
    if any(one.status in ("active", "not_started") for one in schedules):
        yield f"{tenant.slug}: a schedule is left"
    plan = TenantPlan.objects.get(tenant=tenant).plan_version.plan.code
    said = (
        row.status,
        row.price and row.price.plan_version.plan.code,
        row.ends_at == row.period_ends_at,
    )
    if (*said, plan, row.next_price) != ("active", "business", True, "business", None):
        yield f"{tenant.slug}: {said}, plan {plan}, next {row.next_price}"
