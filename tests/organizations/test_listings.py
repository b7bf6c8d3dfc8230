"""PostgreSQL writes what the serializers would, and the connection plans it once."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework import serializers

from apps.common.actors import Actor
from apps.common.api.listing import Listing
from apps.common.api.renderers import to_json
from apps.common.api.sql_json import JsonObject, json_of
from apps.common.database import fetch_texts
from apps.common.tenancy import tenant_context
from apps.common.watching import Watch, written_by
from apps.organizations import selectors
from apps.organizations.api.v1.listings import BINDINGS, MEMBERS, ORGANIZATIONS
from apps.organizations.models import Group, Member, Organization, Placement, RoleBinding
from apps.roles.models import Role
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system("tests")


@pytest.fixture
def tree(acme: Tenant) -> Any:
    """Members with all that can be said of one: odd names, further organizations, roles of every state."""
    with tenant_context(acme):
        root = Organization.objects.get(depth=1)
        north = Organization.objects.add_child(root, instance=Organization(name='N"o\\r\nth'))
        south = Organization.objects.add_child(
            Organization.objects.get(id=root.id),
            instance=Organization(name="Süd \u2028 <b>", archived_at=timezone.now()),
        )
        roles = list(Role.objects.order_by("id"))
        now = timezone.now()
        for n in range(3):
            member = Member.objects.create(
                person_id=uuid.uuid4(),
                email=f"m{n}@acme.test",
                name=f'Mé "{n}" 😀',
                organization=north,
            )
            for place in (south, root)[:n]:
                Placement.objects.create(member=member, organization=place)
            for role, (starts, ends) in zip(
                roles, [(None, None), (1, None), (-2, -1), (-1, 1)][: n + 2], strict=False
            ):
                RoleBinding.objects.create(
                    member=member,
                    role=role,
                    organization=(north, root)[n % 2],
                    starts_at=starts and now + timedelta(hours=starts),
                    ends_at=ends and now + timedelta(hours=ends),
                )
        Member.objects.filter(email="m0@acme.test").update(
            created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            updated_at=datetime(2026, 1, 2, 3, 4, 5, 120, tzinfo=UTC),
        )
        group = Group.objects.create(display_name="Crew", is_local=True)
        RoleBinding.objects.create(group=group, role=roles[0], organization=north)
        yield acme


@pytest.mark.parametrize(
    ("listing", "scope", "rows"),
    [
        (MEMBERS, None, lambda: selectors.members_for(SYSTEM)),
        (ORGANIZATIONS, None, lambda: selectors.organizations_for(SYSTEM).filter(archived_at=None)),
        (BINDINGS, (None, True), lambda: selectors.bindings_below(None, True)),
    ],
    ids=["members", "organizations", "bindings"],
)
def test_it_is_what_the_serializer_gives(
    tree: Tenant, listing: Listing, scope: Any, rows: Any
) -> None:
    wanted = orjson.loads(to_json(listing.serializer(rows().order_by("id"), many=True).data))
    found = listing.rows(scope).order_by("id").values_list(json_of(listing.serializer()), flat=True)
    assert [json.loads(text) for text in found] == wanted
    assert len(wanted) > 1
    assert [list(json.loads(text)) for text in found] == [list(one) for one in wanted]


def test_a_field_that_is_no_column_has_to_say_what_it_is() -> None:
    class Odd(serializers.ModelSerializer[Member]):
        shown = serializers.SerializerMethodField()

        class Meta:
            model = Member
            fields = ["id", "shown"]

    with pytest.raises(ImproperlyConfigured, match="shown is no column"):
        json_of(Odd())


def test_an_object_may_have_more_columns_than_a_function_takes_arguments(tree: Tenant) -> None:
    columns = {f"c{number}": F("email") for number in range(120)}
    rows = Member.objects.order_by("id").values_list("email", JsonObject(**columns))
    found = [(email, json.loads(text)) for email, text in rows]
    assert found == [(email, dict.fromkeys(columns, email)) for email, _text in found]
    assert len(found) > 1


def test_a_statement_is_prepared_at_its_third_time(acme: Tenant, globex: Tenant) -> None:
    statement = f"SELECT count(*), '{uuid.uuid4()}' FROM organizations_member"
    sent = []
    for tenant in (acme, globex):
        with tenant_context(tenant), CaptureQueriesContext(connection) as captured:
            wanted = (str(Member.objects.count()).encode(),)
            found = [fetch_texts(statement)[0][:1] for _ in range(4)]
        assert found == [wanted] * 4
        sent.append([query["sql"].split()[0] for query in captured.captured_queries[1:]])
    assert sent == [["SELECT", "SELECT", "PREPARE", "EXECUTE"]] * 2


def test_another_tenants_rows_do_not_come_by_a_prepared_name(acme: Tenant, globex: Tenant) -> None:
    statement = f"SELECT email FROM organizations_member ORDER BY id -- {uuid.uuid4()}"
    statement = statement.replace("--", "/*") + " */"
    for _ in range(5):
        for tenant in (acme, globex):
            with tenant_context(tenant):
                emails = Member.objects.order_by("id").values_list("email", flat=True)
                wanted = [(email.encode(),) for email in emails]
                assert fetch_texts(statement) == wanted


def test_a_failed_statement_is_prepared_anew(acme: Tenant) -> None:
    from django.db import transaction

    with tenant_context(acme):
        statement = (
            f"SELECT 1 / (SELECT count(*) - 1 FROM roles_role WHERE code = '{uuid.uuid4()}') + 1"
        )
        for _ in range(4):
            assert fetch_texts(statement) == [(b"0",)]
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        with pytest.raises(ProgrammingError), transaction.atomic():
            fetch_texts(statement)
        assert fetch_texts(statement) == [(b"0",)]


def test_no_more_than_so_many_stay_prepared(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.tenants.backend.prepared.MAX_PREPARED", 3)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    connection.connection.__dict__.pop("wrapper_prepared", None)
    with tenant_context(acme):
        for n in range(6):
            for _ in range(4):
                assert fetch_texts(f"SELECT {n}") == [(str(n).encode(),)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            assert cursor.fetchone() == (3,)


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ('SELECT * FROM "organizations_member"', set()),
        ('UPDATE "organizations_member" SET name = %s', {"tables.members"}),
        ("  delete from organizations_member where true", {"tables.members"}),
        ('INSERT INTO "organizations_organization" (id) VALUES (1)',
         {"tables.members", "tables.organizations"}),
        (b"UPDATE ONLY organizations_placement SET x = 1", {"tables.members"}),
        ("WITH a AS (UPDATE roles_role SET name = 'x' RETURNING 1) SELECT 1", {"tables.members"}),
        ("WITH a AS (SELECT 1) SELECT * FROM organizations_member", set()),
        ('UPDATE "accounts_person" SET name = %s', set()),
    ],
)  # fmt: skip
def test_writes_are_noticed(statement: Any, tables: set[str]) -> None:
    assert {one.name for one in written_by(statement)} == tables


def test_what_is_kept_has_to_be_watched_whole() -> None:
    watch = Watch("tests", Member)
    watch.check('SELECT 1 FROM "organizations_member" U0 INNER JOIN unnest(x) ON true')
    with pytest.raises(ImproperlyConfigured, match="does not watch roles_role"):
        watch.check('SELECT 1 FROM "organizations_member" LEFT JOIN "roles_role" ON true')
