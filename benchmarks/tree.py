"""Moving a large subtree while others read the tree, and lists for a member with many bindings."""

import random
import threading
import time
from collections.abc import Callable

from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from apps.common.actors import Actor
from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for, actor_of_member
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.organization_csv import OrganizationRow
from apps.organizations.selectors import members_for, organizations_for, root_organization
from apps.organizations.services import organization_move, organizations_import
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug
from benchmarks.world import figure, ms, person

DEPTH, NODES, MOVED = 8, 5000, 2000
MEMBERS, BINDINGS, PAGE = 10_000, 50, 50
MOVES, READERS, LISTS = 20, 2, 200
SEED = 5


def run(tenants: int) -> None:
    tenant = tenant_by_slug("acme")
    assert tenant is not None
    with tenant_context(tenant):
        owner = actor_for(person("alice@acme.test"))
        _grow(owner)
        _people()
    _analyze(tenant)
    with tenant_context(tenant):
        _lists(owner)
    _moves(tenant, owner)


def _analyze(tenant: Tenant) -> None:
    """As autovacuum does a minute after such a change. The tenant's role may not: it owns no table."""
    with tenant_context(None), connection.cursor() as cursor:
        for table in ("organization", "member", "placement"):
            cursor.execute(f'ANALYZE "{tenant.schema_name}".organizations_{table}')


def _grow(owner: Actor) -> None:
    """`Moved` with what lies below it, and the rest of the tree beside it, each 8 deep at most."""
    dice = random.Random(SEED)
    there = Organization.objects.count()
    paths: list[tuple[str, ...]] = [("Moved",), ("Target",), ("Other",)]
    for number in range(NODES - there - len(paths)):
        top = "Moved" if number < MOVED - 1 else "Other"
        parents = [path for path in paths[-400:] if path[0] == top and len(path) < DEPTH - 2]
        above = dice.choice(parents) if parents else (top,)
        paths.append((*above, f"Unit {number}"))
    rows = [OrganizationRow(line, path) for line, path in enumerate(paths, 2)]
    began_s = time.perf_counter()
    organizations_import(actor=owner, rows=rows)
    figure(f"{len(rows):,} organizations imported", f"{time.perf_counter() - began_s:.1f} s")


def _people() -> None:
    dice = random.Random(SEED)
    ids = list(Organization.objects.values_list("id", flat=True))
    Member.objects.bulk_create(
        [
            Member(
                person_id=uuid7(),
                email=f"m{number}@bench.test",
                name=f"Member {number}",
                organization_id=dice.choice(ids),
            )
            for number in range(MEMBERS)
        ],
        batch_size=2000,
    )


def _bound(at: list[Organization]) -> Actor:
    """A member who is an administrator at these organizations, and nothing besides."""
    admin = role_by_code("admin")
    member = Member.objects.create(
        person_id=uuid7(), email="bound@bench.test", name="Bound", organization=root_organization()
    )
    RoleBinding.objects.bulk_create(
        [RoleBinding(member=member, role=admin, organization=one) for one in at]
    )
    actor = actor_of_member(member.id)
    assert actor is not None
    assert len(actor.grants) == len(at)
    return actor


def _lists(owner: Actor) -> None:
    """The first page of members, by id. Half of the 50 bindings lie below others in the first case."""
    dice = random.Random(SEED)
    found = list(Organization.objects.filter(depth__gt=1))
    shallow = [one for one in found if one.depth <= 4]
    everything = _list(members_for(owner))
    figure("first page of 10,000 members, unfiltered", ms(everything), "p50, one statement")
    for label, pool in (("anywhere", found), ("in the upper levels", shallow)):
        actor = _bound(dice.sample(pool, BINDINGS))
        rows = members_for(actor)
        count = rows.count()
        with CaptureQueriesContext(connection) as captured:
            list(rows.prefetch_related(None).order_by("id")[:PAGE])
        samples = _list(rows)
        ratio = sorted(samples)[len(samples) // 2] / sorted(everything)[len(everything) // 2]
        figure(
            f"  with {BINDINGS} bindings {label}, {count:,} seen",
            ms(samples),
            f"p50, statements: {len(captured)}; {ratio:.2f} times; to reach: 1, 1.5 times",
        )


def _list(rows: QuerySet[Member]) -> list[float]:
    page = rows.prefetch_related(None).order_by("id")[:PAGE]
    return _timed(lambda: list(page.all()))


def _timed(call: Callable[[], object]) -> list[float]:
    samples = []
    for _ in range(LISTS):
        began_s = time.perf_counter()
        call()
        samples.append(time.perf_counter() - began_s)
    return samples


def _moves(tenant: Tenant, owner: Actor) -> None:
    """There and back again, while readers list what is on top of the tree."""
    done = threading.Event()
    reads: list[float] = []
    wrong: list[int] = []

    def read() -> None:
        try:
            with tenant_context(tenant):
                while not done.is_set():
                    began_s = time.perf_counter()
                    count = organizations_for(owner).count()
                    reads.append(time.perf_counter() - began_s)
                    if count != NODES:
                        wrong.append(count)
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    moves = []
    with tenant_context(tenant):
        moved, target = (Organization.objects.get(name=name) for name in ("Moved", "Target"))
        root = root_organization()
        for number in range(MOVES):
            parent = (target, root)[number % 2]
            began_s = time.perf_counter()
            preview = organization_move(actor=owner, organization_id=moved.id, parent_id=parent.id)
            moves.append(time.perf_counter() - began_s)
            assert preview.organizations == MOVED
        problems = Organization.objects.find_problems()
    done.set()
    for reader in readers:
        reader.join()
    assert problems == ([], [], [], [], [])
    assert wrong == []
    figure(
        f"a subtree of {MOVED:,} organizations moved, p50",
        ms(moves),
        f"slowest {ms(moves, 1)}; to reach: 1 s",
    )
    figure(
        "  the tree counted meanwhile, p50",
        ms(reads),
        f"slowest {ms(reads, 1)}, {len(reads)} times",
    )
