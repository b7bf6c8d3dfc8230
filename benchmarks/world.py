"""What every benchmark starts from, and how figures are printed."""

import statistics
from collections.abc import Sequence

from django.core.management import call_command
from django.db import connection

from apps.accounts.models import Person
from apps.accounts.selectors import person_by_email
from apps.accounts.services import person_create
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from apps.tenants.services import tenant_create

ACTOR = Actor.system("benchmarks")
PASSWORD = "wrapper-bench"


@system_connection()
def prepare() -> None:
    """Tables, the template, and the demo's people and workspaces."""
    call_command("migrate", verbosity=0, interactive=False)
    with open("/dev/null", "w") as quiet:  # noqa: PTH123
        call_command("migrate_tenants", stdout=quiet)
    call_command("seed_demo")


@system_connection()
def person(email: str) -> Person:
    found = person_by_email(email)
    return found or person_create(actor=ACTOR, email=email, name="Bench", password=PASSWORD)


@system_connection()
def fill_up_to(count: int) -> None:
    """Ready tenants until there are `count` of them."""
    owner = person("bench@platform.test")
    for number in range(Tenant.objects.count(), count):
        connection.close_if_unusable_or_obsolete()  # as a worker does after each task
        tenant = tenant_create(
            actor=ACTOR, name=f"Bench {number}", slug=f"bench-{number}", owner_person_id=owner.id
        )
        if not provision(tenant.id):
            tenant.refresh_from_db()
            raise RuntimeError(tenant.last_error)


def figure(name: str, value: str, note: str = "") -> None:
    print(f"{name:<58} {value:>14}  {note}", flush=True)


def ms(samples_s: Sequence[float], share: float = 0.5) -> str:
    """A quantile of durations as text in milliseconds."""
    ordered = sorted(samples_s)
    value = (
        statistics.median(ordered)
        if share == 0.5
        else ordered[min(len(ordered) - 1, int(share * len(ordered)))]
    )
    return f"{value * 1000:.1f} ms"
