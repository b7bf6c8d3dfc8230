"""Which tenants lack what, in a constant number of statements, and in which order they would go."""

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.tenants import schemas
from apps.tenants.fleet.plan import waves
from apps.tenants.fleet.report import by_version, template_missing
from apps.tenants.fleet.scan import Place, fleet_scan, place_again
from apps.tenants.models import Tenant
from tests.tenants.fleet.conftest import COLUMN, Fleet


def forget(schema_name: str, app: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{schema_name}".django_migrations WHERE app = %s', [app])


def known(app: str) -> list[str]:
    """Every migration of an app."""
    return sorted(f"{one}.{name}" for one, name in schemas.known_migrations() if one == app)


def test_tenants_are_grouped_by_what_they_lack(still_fleet: Fleet) -> None:
    _current, one, two, other = still_fleet.tenants(4)
    forget(one.schema_name, "organizations")
    forget(two.schema_name, "organizations")
    forget(other.schema_name, "roles")
    scan = fleet_scan()

    assert [place.slug for place in scan.outdated] == ["fleet-1", "fleet-2", "fleet-3"]
    assert scan.places[0].applied is not scan.places[1].applied
    assert scan.places[1].applied is scan.places[2].applied
    assert by_version(scan.places) == [
        {"version": "current", "missing": [], "count": 1, "tenants": ["fleet-0"]},
        {
            "version": f"lacks {', '.join(known('organizations'))}",
            "missing": known("organizations"),
            "count": 2,
            "tenants": ["fleet-1", "fleet-2"],
        },
        {
            "version": f"lacks {', '.join(known('roles'))}",
            "missing": known("roles"),
            "count": 1,
            "tenants": ["fleet-3"],
        },
    ]
    assert template_missing(scan) == []


def test_the_number_of_statements_does_not_grow_with_the_tenants(
    still_fleet: Fleet, django_assert_num_queries: Any
) -> None:
    still_fleet.tenants(2)
    fleet_scan()
    # Tenants; template; their migrations, between a savepoint and its release.
    with django_assert_num_queries(5):
        assert len(fleet_scan().places) == 2
    still_fleet.tenants(6, "more")
    with django_assert_num_queries(5):
        assert len(fleet_scan().places) == 8


def test_tenants_in_any_state_but_under_deletion_are_looked_at(still_fleet: Fleet) -> None:
    for status in ("provisioning", "suspended", "archived", "deleting", "failed"):
        still_fleet.tenant(status, status=status)
    still_fleet.tenant("purging", status="deleting", purge_started_at=timezone.now())
    Tenant.objects.create(slug="asked", schema_name="t_asked", owner_person_id=uuid.uuid4())

    assert [place.slug for place in fleet_scan().places] == [
        "provisioning",
        "suspended",
        "archived",
        "deleting",
        "failed",
    ]


def test_what_a_newer_release_applied_makes_nobody_outdated(still_fleet: Fleet) -> None:
    (tenant,) = still_fleet.tenants(1)
    still_fleet.release("column")
    schemas.template_migrate()
    schemas.schema_migrate(tenant.schema_name)
    still_fleet.release("")
    scan = fleet_scan()
    assert COLUMN in scan.places[0].applied
    assert (scan.outdated, scan.template_outdated) == ([], False)


def test_a_schema_without_tables_and_one_without_role_are_noticed(still_fleet: Fleet) -> None:
    (tenant,) = still_fleet.tenants(1)
    Tenant.objects.create(slug="empty", schema_name="t_empty", owner_person_id=uuid.uuid4())
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA t_empty")
    full, empty = fleet_scan().places
    assert (full.slug, full.has_role, full.missing) == (tenant.slug, True, ())
    assert (empty.slug, empty.has_role, empty.applied) == ("empty", False, frozenset())
    assert set(empty.missing) == schemas.known_migrations()


def test_without_a_template_it_lacks_everything(still_fleet: Fleet) -> None:
    schemas.schema_drop(schemas.TEMPLATE)
    scan = fleet_scan()
    assert (scan.template, scan.template_outdated) == (None, True)
    apps = sorted(one.rpartition(".")[2] for one in settings.TENANT_APPS)
    assert template_missing(scan) == [name for app in apps for name in known(app)]


def test_a_schema_that_vanishes_between_the_statements_is_passed_over(
    still_fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone = still_fleet.tenants(2)
    look = "apps.tenants.fleet.scan.schemas_applied"

    def first_drop(names: list[str]) -> Any:
        if gone.schema_name in names:
            schemas.schema_drop(gone.schema_name)
        return schemas.schemas_applied(names)

    monkeypatch.setattr(look, first_drop)
    assert [place.slug for place in fleet_scan().places] == [kept.slug]
    assert place_again(gone.id) is None
    assert place_again(kept.id) is not None


def place(number: int, **flags: bool) -> Place:
    return Place(
        uuid.uuid4(),
        f"p{number}",
        f"t_p{number}",
        is_canary=flags.get("canary", False),
        is_sandbox=flags.get("sandbox", False),
        has_role=True,
        applied=frozenset(),
    )


def slugs(planned: dict[int, list[Place]]) -> dict[int, list[str]]:
    return {number: [place.slug for place in places] for number, places in planned.items()}


def test_canaries_are_the_marked_then_the_copies_then_the_oldest() -> None:
    places = [place(0), place(1), place(2, sandbox=True), place(3), place(4, canary=True)]
    places += [place(number) for number in range(5, 24)]
    planned = slugs(waves(places, 3))
    assert planned[1] == ["p4", "p2", "p0"]
    # A tenth of the 21 that are left, rounded up; the rest.
    assert planned[2] == ["p1", "p3", "p5"]
    assert planned[3] == [f"p{number}" for number in range(6, 24)]


def test_few_tenants_make_few_waves() -> None:
    places = [place(0), place(1)]
    assert slugs(waves(places, 5)) == {1: ["p0", "p1"]}
    assert slugs(waves(places, 0)) == {2: ["p0"], 3: ["p1"]}
    assert slugs(waves(places, 1)) == {1: ["p0"], 2: ["p1"]}
    assert waves([], 5) == {}
