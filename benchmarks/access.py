"""What the gate costs: `authorize` with an actor that holds 50 grants, and building that actor."""

import time
from collections.abc import Callable
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.common.access import authorize
from apps.common.actors import Actor, ActorKind, Grant
from apps.common.errors import PermissionDenied
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.permissions import INVITE_MEMBER, VIEW_MEMBER
from apps.organizations.services import organization_create
from apps.roles.selectors import role_by_code
from apps.roles.services import role_create
from apps.tenants.selectors import tenant_by_slug
from benchmarks.world import ACTOR, figure, person

GRANTS = 50
CALLS = 20_000
LIMIT_US = 20.0


class Node:
    def __init__(self, path: str) -> None:
        self.path = path


def run(_tenants: int) -> None:
    held = frozenset({INVITE_MEMBER})
    grants = tuple(
        Grant("host", held, uuid4(), f"Branch {number}", f"0001{number:04}", False)
        for number in range(GRANTS)
    )
    actor = Actor(ActorKind.PERSON, "bench@platform.test", grants=grants)
    last, elsewhere = Node(f"{grants[-1].path}0001"), Node("00019999")
    for name, call in (
        ("authorize, 50 grants: by the last", lambda: authorize(actor, INVITE_MEMBER, last)),
        ("authorize, 50 grants: held elsewhere", lambda: _denied(actor, INVITE_MEMBER, elsewhere)),
        ("authorize, 50 grants: held nowhere", lambda: _denied(actor, VIEW_MEMBER, last)),
    ):
        _measure(name, call)
    _cold()


def _denied(actor: Actor, permission: str, node: Node) -> None:
    try:
        authorize(actor, permission, node)
    except PermissionDenied:
        return
    raise RuntimeError("let through")


def _measure(name: str, call: Callable[[], None]) -> None:
    samples = []
    for _ in range(CALLS):
        began = time.perf_counter_ns()
        call()
        samples.append(time.perf_counter_ns() - began)
    samples.sort()
    p50, p99 = (samples[int(share * CALLS)] / 1000 for share in (0.5, 0.99))
    kept = "" if p50 < LIMIT_US else f"  MISSED: {LIMIT_US:.0f} µs"
    figure(name, f"{p50:.2f} µs", f"p99 {p99:.2f} µs{kept}")


def _cold() -> None:
    """A member with 50 bindings of a role that includes others, read from the database."""
    acme = tenant_by_slug("acme")
    if acme is None:
        raise RuntimeError("the demo's data is missing")
    bob = person("bob@acme.test")
    with tenant_context(acme):
        root = Organization.objects.get(depth=1)
        below = role_create(actor=ACTOR, name="Bench below", permission_codes=[INVITE_MEMBER])
        role = role_create(
            actor=ACTOR,
            name="Bench",
            permission_codes=[],
            includes=[below.id, role_by_code("auditor").id],
        )
        member = Member.objects.get(person_id=bob.id)
        for number in range(GRANTS):
            place = organization_create(actor=ACTOR, name=f"Bench {number}", parent_id=root.id)
            RoleBinding.objects.create(member=member, role=role, organization=place)
        samples = []
        for _ in range(200):
            began = time.perf_counter()
            actor = actor_for(bob)
            samples.append(time.perf_counter() - began)
        with CaptureQueriesContext(connection) as captured:
            actor_for(bob)
    samples.sort()
    figure(
        f"cold actor, {len(actor.grants)} grants, roles that include roles",
        f"{len(captured.captured_queries)} statement",
        f"p50 {samples[100] * 1000:.2f} ms",
    )
