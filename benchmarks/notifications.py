"""One event to 5,000 people: rows a second against a bare INSERT of them, and requests meanwhile."""

import http.client
import statistics
import threading
import time
import uuid

from django.db import connection, transaction
from django.utils import timezone

from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.notifications.handing_out import notification_hand_out
from apps.notifications.models import Delivery, InboxItem, Notification
from apps.organizations.models import Member, Organization, RoleBinding
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug
from benchmarks.serving import web
from benchmarks.world import figure, fill_up_to, ms

PEOPLE, REPEATS = 5000, 5


def run(tenants: int) -> None:
    acme = tenant_by_slug("acme")
    assert acme is not None
    with tenant_context(acme):
        _people()
        _hand_out()
        floors, rates = [], []
        for _repeat in range(REPEATS):
            floors.append(_floor())
            rates.append(_hand_out())
    ratio = statistics.median(r / f for r, f in zip(rates, floors, strict=True))
    figure(
        f"one event to {PEOPLE:,} people",
        f"{statistics.median(rates):,.0f} rows/s",
        f"to reach: 5,000; {ratio:.2f} of a bare INSERT of the rows",
    )
    _requests(acme)


def _people() -> None:
    """Administrators, each a person of their own: readers' languages and time zones are read too."""
    admin, root = role_by_code("admin"), Organization.objects.get(depth=1)
    known = Member.objects.count()
    ids = [uuid7() for _number in range(known, PEOPLE)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.accounts_person (id, created_at, updated_at, password, is_superuser, email, "
            "name, language, time_zone, is_staff, is_active, epoch) SELECT id, now(), now(), '!', false, "
            "id || '@bench.test', 'Bench', 'en', 'Europe/Berlin', false, true, 0 "
            "FROM unnest(%s::uuid[]) AS id",
            [ids],
        )
    members = [
        Member(person_id=one, email=f"{one}@bench.test", name="Bench", organization=root)
        for one in ids
    ]
    Member.objects.bulk_create(members)
    RoleBinding.objects.bulk_create(
        RoleBinding(member=one, role=admin, organization=root) for one in members
    )


def _hand_out() -> float:
    """Rows a second, from the notification to the last inbox and delivery."""
    before = _rows()
    made = Notification.objects.create(
        kind="organizations.member_joined",
        event_id=uuid.uuid4(),
        params={"email": "dana@bench.test", "member_id": str(uuid.uuid4())},
    )
    began_s = time.perf_counter()
    while not notification_hand_out(notification_id=made.id):
        pass
    return (_rows() - before) / (time.perf_counter() - began_s)


def _rows() -> int:
    return InboxItem.objects.count() + Delivery.objects.count()


def _floor() -> float:
    """The same rows by one statement a table and thousand members."""
    made = Notification.objects.create(kind="bench.floor", event_id=uuid.uuid4())
    members = list(Member.objects.values_list("id", flat=True))
    began_s, rows = time.perf_counter(), 0
    for start in range(0, len(members), 1000):
        part = members[start : start + 1000]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO notifications_inboxitem "
                "(id, created_at, updated_at, notification_id, member_id) "
                "SELECT i, now(), now(), %s, m FROM unnest(%s::uuid[], %s::uuid[]) AS t(i, m)",
                [made.id, [uuid7() for _ in part], part],
            )
            rows += cursor.rowcount
            for channel in ("email", "push"):
                cursor.execute(
                    "INSERT INTO notifications_delivery (id, created_at, updated_at, notification_id, "
                    "member_id, channel, state, reason, due_at, attempts, provider, provider_key, error) "
                    "SELECT i, now(), now(), %s, m, %s, 'skipped', 'default', %s, 0, '', '', '' "
                    "FROM unnest(%s::uuid[], %s::uuid[]) AS t(i, m)",
                    [made.id, channel, timezone.now(), [uuid7() for _ in part], part],
                )
                rows += cursor.rowcount
    return rows / (time.perf_counter() - began_s)


def _requests(acme: Tenant) -> None:
    """A client that asks for a list of another workspace, in quiet and while 5,000 are told."""
    fill_up_to(3)
    slug = Tenant.objects.filter(slug__startswith="bench-").values_list("slug", flat=True)[0]
    with web() as server:
        server.serve([slug], 300)
        quiet_s = server.serve([slug], 1000)
        over, busy_s = threading.Event(), []

        def ask() -> None:
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            while not over.is_set():
                busy_s.append(server.get(slug, client))
            client.close()

        thread = threading.Thread(target=ask)
        thread.start()
        with tenant_context(acme):
            for _repeat in range(REPEATS):
                _hand_out()
        over.set()
        thread.join()
    figure("a request in quiet", ms(quiet_s), f"p95 {ms(quiet_s, 0.95)}")
    figure("  while 5,000 are told", ms(busy_s), f"p95 {ms(busy_s, 0.95)}")
