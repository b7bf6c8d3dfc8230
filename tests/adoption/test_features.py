"""Uses of features: told by events, noted by apps, added up over all tenants."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from apps.accounts.models import Person
from apps.adoption.checks import check_features
from apps.adoption.counting import note
from apps.adoption.models import FeatureDay, FeatureTotal, FeatureUse
from apps.adoption.registry import Feature, declare_features, features
from apps.adoption.reports import features_report, tenant_features
from apps.adoption.rollup import USES_KEPT_DAYS, features_roll_up
from apps.common import write_behind
from apps.common.actors import Actor, ActorKind
from apps.common.database import system_connection
from apps.common.errors import PermissionDenied
from apps.common.proofs import Impersonator, Proof
from apps.common.tasks import flush_notes
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.organizations.actors import actor_for
from apps.organizations.models import Organization
from apps.organizations.services import organization_create
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db
LOOKED = "tests.looking"


@pytest.fixture
def looking(in_acme: None) -> None:
    declare_features(Feature(LOOKED, "Looking"))


def uses() -> dict[tuple[str, object], tuple[int, int]]:
    """Of each feature and person: told, noted."""
    return {(one.feature, one.person_id): (one.uses, one.noted) for one in FeatureUse.objects.all()}


def test_the_platforms_own_are_declared() -> None:
    assert {"organizations.invitations", "credits.budgets", "roles.api_keys"} <= set(features())
    assert check_features() == []


def test_the_check_finds_what_never_happens() -> None:
    declare_features(Feature("tests.x", "X", ("no.thing_done",)), Feature("wrong", "Wrong"))
    assert {one.id for one in check_features()} == {"adoption.E001", "adoption.E002"}
    with pytest.raises(ImproperlyConfigured, match="declared twice"):
        declare_features(Feature("tests.x", "Another"))


def test_an_event_is_a_use_of_who_did_it(owner: Actor, root: Organization) -> None:
    for name in ("Sales", "Support"):
        organization_create(actor=owner, parent_id=root.id, name=name)
    organization_create(actor=SYSTEM, parent_id=root.id, name="Made by the platform")
    program = Actor(ActorKind.API_KEY, "key:import", tenant_id=owner.tenant_id)
    organization_create(
        actor=replace(program, grants=owner.grants), parent_id=root.id, name="Imported"
    )
    support = replace(owner, proof=Proof(impersonator=Impersonator(root.id, "staff@platform.test")))
    organization_create(actor=support, parent_id=root.id, name="Helped")
    drain_once()
    assert uses() == {
        ("organizations.tree", owner.person_id): (2, 0),
        ("organizations.tree", None): (1, 0),
    }
    organization_create(actor=owner, parent_id=root.id, name="Later")
    drain_once()
    assert uses()["organizations.tree", owner.person_id] == (3, 0)


def test_a_note_is_written_with_the_next_flush(looking: None, owner: Actor, member: Actor) -> None:
    for _time in range(3):
        note(owner, LOOKED)
    note(member, LOOKED)
    note(SYSTEM, LOOKED)
    assert uses() == {}
    flush_notes()
    assert uses() == {(LOOKED, owner.person_id): (0, 3), (LOOKED, member.person_id): (0, 1)}
    note(owner, LOOKED)
    flush_notes()
    assert uses()[LOOKED, owner.person_id] == (0, 4)


def test_what_is_written_twice_counts_once(looking: None, owner: Actor) -> None:
    """A worker died between writing and forgetting: the next one gets the same notes."""
    note(owner, LOOKED)
    note(owner, LOOKED)
    for _time in range(2):
        write_behind.redis_client().hset(
            f"notes:{{{owner.tenant_id}}}:adoption.uses",
            f"{timezone.now():%Y-%m-%d}|{LOOKED}|{owner.person_id}",
            0,
        )
        write_behind.write_all()
    assert uses() == {(LOOKED, owner.person_id): (0, 2)}


def test_a_feature_that_nobody_declares_is_a_mistake(owner: Actor) -> None:
    with pytest.raises(ImproperlyConfigured):
        note(owner, "tests.nothing")


def test_nothing_is_counted_of_a_tenant_that_goes(
    owner: Actor, root: Organization, acme: Tenant
) -> None:
    organization_create(actor=owner, parent_id=root.id, name="Sales")
    Tenant.objects.filter(id=acme.id).update(purge_started_at=timezone.now())
    drain_once()
    assert uses() == {}


def use(tenant: Tenant, person: Person | None, day: date, count: int) -> None:
    FeatureUse.objects.create(
        tenant=tenant,
        feature=LOOKED,
        day=day,
        person_id=person.id if person else None,
        uses=count,
    )


def test_added_up_by_day_and_over_all(
    acme: Tenant, globex: Tenant, alice: Person, bob: Person, charlie: Person
) -> None:
    today = date(2026, 3, 31)
    yesterday, long_ago = today - timedelta(days=1), today - timedelta(days=27)
    use(acme, alice, today, 3)
    use(acme, bob, today, 1)
    use(acme, None, today, 5)
    use(acme, alice, yesterday, 7)
    use(globex, charlie, long_ago, 2)
    use(globex, charlie, today - timedelta(days=28), 100)
    old = today - timedelta(days=USES_KEPT_DAYS + 1)
    use(globex, charlie, old, 9)
    for _time in range(2):
        features_roll_up(actor=SYSTEM, today=today)
    days = FeatureDay.objects.order_by("day").values_list("tenant__slug", "day", "people", "uses")
    assert list(days) == [("acme", yesterday, 1, 7), ("acme", today, 2, 9)]
    total = FeatureTotal.objects.get(day=today)
    assert (total.tenants, total.people, total.uses) == (1, 2, 9)
    assert (total.tenants_window, total.people_window) == (2, 3)
    assert not FeatureUse.objects.filter(day=old).exists()


def test_what_staff_see(
    acme: Tenant, globex: Tenant, alice: Person, bob: Person, charlie: Person
) -> None:
    today = timezone.now().date()
    use(acme, alice, today, 3)
    use(acme, bob, today - timedelta(days=1), 4)
    use(globex, charlie, today, 1)
    FeatureTotal.objects.create(
        feature=LOOKED,
        day=today - timedelta(days=30),
        tenants=1,
        people=1,
        uses=50,
        tenants_window=1,
        people_window=1,
    )
    features_roll_up(actor=SYSTEM)
    (found,) = [one for one in features_report(SYSTEM) if one.feature == LOOKED]
    assert (found.tenants, found.people, found.uses, found.uses_before) == (2, 3, 8, 50)
    assert [count for _day, count in found.days[-2:]] == [4, 4]
    (mine,) = tenant_features(SYSTEM, acme.id)
    assert (mine.feature, mine.people, mine.uses, mine.last) == (LOOKED, 2, 7, today)


def test_it_is_for_staff(owner: Actor, alice: Person, acme: Tenant) -> None:
    with tenant_context(acme):
        actor = actor_for(alice)
    for act in (lambda: features_report(actor), lambda: features_roll_up(actor=actor)):
        with system_connection(), pytest.raises(PermissionDenied):
            act()
