"""Workers are killed while thousands are told of something by three channels: nothing is lost, nothing twice.

NOTIFIED makes it larger or smaller: how many messages go out.
"""

import functools
import json
import os
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import Count
from django.utils import timezone

from apps.billing.events import LimitNeared
from apps.common.crypto import encrypt
from apps.common.database import system_connection
from apps.common.ids import uuid7
from apps.common.notifying import notification_type
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.registry import isolated, subscribe
from apps.events.services import publish
from apps.notifications import tasks
from apps.notifications.enums import DeliveryState
from apps.notifications.handlers import _note
from apps.notifications.models import Delivery, InboxItem, Notification, Phone, PushDevice
from apps.organizations.models import Member, Organization
from apps.sandbox.messaging.models import Sms
from apps.sandbox.models import Email
from apps.sandbox.push import state
from tests import workers
from tests.chaos import alarms
from tests.chaos.stripe_account import serving
from tests.conftest import SYSTEM, World

NOTIFIED = int(os.environ.get("NOTIFIED", "10000"))
EVENTS, CHANNELS, KILLS = 4, 3, 30
WORKERS, SWEEP_S = 3, 2
GIVE_UP_S = 1800


@pytest.fixture
def sandbox(settings: Any) -> Iterator[str]:
    with serving() as url:
        before = {name: getattr(settings, name) for name in ("ANYMAIL", "EMAIL_PROVIDER")}
        alarms.reach(url)
        yield url
        for name, value in before.items():
            setattr(settings, name, value)


def persons(count: int) -> list[uuid.UUID]:
    """Outside of any tenant."""
    ids = [uuid7() for _ in range(count)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.accounts_person (id, created_at, updated_at, password, is_superuser, "
            "email, name, language, time_zone, is_staff, is_active, epoch) SELECT id, now(), now(), '!', "
            "false, id || '@acme.test', 'P', 'en', 'UTC', false, true, 0 FROM unnest(%s::uuid[]) AS id",
            [ids],
        )
    return ids


def people(ids: list[uuid.UUID], url: str) -> None:
    """Members with a verified number and a browser each."""
    root, now = Organization.objects.get(depth=1), timezone.now()
    members = [
        Member(person_id=one, email=f"{one}@acme.test", name="P", organization=root) for one in ids
    ]
    Member.objects.update(status="deactivated")
    Member.objects.bulk_create(members)
    Phone.objects.bulk_create(
        Phone(
            member=one,
            number_encrypted=encrypt(f"+4915{number:08}".encode()),
            number_end=f"{number % 10000:04}",
            verified_at=now,
        )
        for number, one in enumerate(members)
    )
    PushDevice.objects.bulk_create(_browser(one, url) for one in members)


def _browser(member: Member, url: str) -> PushDevice:
    made = state.receiver_add(state.Service.WEB)
    address = {
        "endpoint": f"{url}/sandbox/push/web/{made.id}",
        "p256dh": made.p256dh,
        "auth": made.auth,
    }
    return PushDevice(
        member=member,
        kind="web",
        address_encrypted=encrypt(json.dumps(address).encode()),
        address_digest=made.id[:64],
        last_seen_at=timezone.now(),
    )


@contextmanager
def killing(url: str) -> Iterator[Counter[str]]:
    """Workers, of which one after another is killed and started again, and the schedule's sweep."""
    env = {"WORKER_IMPORTS": "tests.chaos.alarms", "ALARMS_URL": url}
    running = [workers.start_worker("default,email", 2, **env) for _ in range(WORKERS)]
    counted: Counter[str] = Counter()
    chance, over = random.Random(1), threading.Event()

    def go() -> None:
        swept_s, killed_s = 0.0, time.monotonic() + 10
        try:
            with system_connection():
                while not over.wait(0.2):
                    if time.monotonic() - swept_s > SWEEP_S:
                        tasks.sweep()
                        swept_s = time.monotonic()
                    if counted["kills"] < KILLS and time.monotonic() > killed_s:
                        at = chance.randrange(WORKERS)
                        workers.kill_tree(running[at])
                        counted["kills"] += 1
                        running[at] = workers.start_worker("default,email", 2, **env)
                        killed_s = time.monotonic() + chance.uniform(1, 6)
        finally:
            connections.close_all()

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield counted
    finally:
        over.set()
        thread.join(60)
        for one in running:
            workers.kill_tree(one)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_and_nothing_comes_twice(
    world: World, sandbox: str, entitle: Callable[..., None], tell: Callable[[str], None]
) -> None:
    count = -(-NOTIFIED // (EVENTS * CHANNELS))
    sent = count * EVENTS * CHANNELS
    entitle({"notifications.sms_per_month": None})
    kind = notification_type(alarms.CODE)
    assert kind is not None
    ids = persons(count)
    with workers.table(), isolated(), tenant_context(world.acme):
        handler = functools.wraps(_note)(functools.partial(_note, kind))
        subscribe(kind.event, name="notifications.note_tests_alarm", takes_batches=True)(handler)
        people(ids, sandbox)
        began_s = time.monotonic()
        with killing(sandbox) as counted:
            for used in range(EVENTS):
                with transaction.atomic():
                    event = LimitNeared(tenant_id=world.acme.id, code="alarm", used=used, limit=9)
                    publish(event, actor=SYSTEM)
                drain_once()
            ours = Delivery.objects.filter(notification__kind=alarms.CODE)
            ended = ours.filter(state=DeliveryState.SENT)
            workers.wait_for(lambda: ended.count() == sent and counted["kills"] == KILLS, GIVE_UP_S)
        took_s = time.monotonic() - began_s
        assert Notification.objects.filter(kind=alarms.CODE).count() == EVENTS
        assert InboxItem.objects.filter(notification__kind=alarms.CODE).count() == count * EVENTS
        again = ours.filter(attempts__gt=1).count()
        tracked = ours.values("channel").annotate(n=Count("id")).order_by("channel")
        assert {one["channel"]: one["n"] for one in tracked} == dict.fromkeys(
            ("email", "push", "sms"), count * EVENTS
        )
        topics = {one.hex for one in ours.filter(channel="push").values_list("id", flat=True)}
    mails = Counter(
        Email.objects.filter(subject__contains="alarm").values_list("message_id", flat=True)
    )
    texts = Counter(Sms.objects.values_list("to", "body"))
    pushes = {topic: times for topic, times in state.topics().items() if topic in topics}
    copies = sum(times - 1 for times in pushes.values())
    tell(
        f"{sent:,} messages of {EVENTS} events to {count:,} people in {took_s:.0f} s; "
        f"{counted['kills']} kills; "
        f"{again} begun again; twice: mails {sum(n - 1 for n in mails.values())}, "
        f"texts {sum(n - 1 for n in texts.values())}, pushes {copies} (shown once)"
    )
    assert (len(mails), len(texts), len(pushes)) == (count * EVENTS,) * CHANNELS
    assert set(mails.values()) == set(texts.values()) == {1}
