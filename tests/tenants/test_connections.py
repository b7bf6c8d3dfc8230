"""How statements bring their context, and which ways of sharing connections are refused."""

import re
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.checks import WARNING
from django.db import DatabaseError, connection, connections, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from psycopg.pq import Trace

from apps.common.database import app_connection, system_connection
from apps.common.tenancy import tenant_context
from apps.organizations.models import Organization
from apps.tenants.backend.base import context_sql
from apps.tenants.checks import _unsafe, _unsafe_together, pooler_keeps_sessions
from apps.tenants.models import Tenant
from tests.conftest import World

committed = pytest.mark.django_db(transaction=True)
QUERY = re.compile(r'^F\t\d+\tQuery\t "(.*?)"$(?=\n[BF]\t|\n?\Z)', re.MULTILINE | re.DOTALL)
SAFE: dict[str, Any] = {"POOL_MODE": "session", "CONN_MAX_AGE": 60, "OPTIONS": {}}
BY_TRANSACTION = {"POOL_MODE": "transaction", "DISABLE_SERVER_SIDE_CURSORS": True}


@pytest.fixture
def by_transaction() -> Iterator[None]:
    """The default connection as it is behind PgBouncer."""
    connection.close()
    before = {name: connection.settings_dict.get(name) for name in BY_TRANSACTION}
    connection.settings_dict.update(BY_TRANSACTION)
    yield
    connection.settings_dict.update(before)
    connection.close()


def round_trips(act: Callable[[], object]) -> list[str]:
    """The queries that libpq really sent, each with all that is in its message."""
    connection.ensure_connection()
    with tempfile.TemporaryFile() as trace:
        libpq = connection.connection.pgconn
        libpq.trace(trace.fileno())
        libpq.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        act()
        libpq.untrace()
        trace.seek(0)
        return QUERY.findall(trace.read().decode())


def backend_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def context() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_setting('app.tenant_id', true)")
        return cursor.fetchone()


def visit(tenant: Tenant) -> None:
    with tenant_context(tenant):
        assert Organization.objects.filter(depth=1).count() == 1


@committed
def test_entering_a_tenant_costs_no_round_trip(world: World) -> None:
    with app_connection():
        visit(world.globex)
        sent = round_trips(lambda: visit(world.acme))
        assert len(sent) == 1
        assert sent[0].startswith(f"SET search_path = {world.acme.schema_name}, public; SET role")
        assert 'FROM "organizations_organization"' in sent[0]
        assert round_trips(lambda: visit(world.acme)) == [sent[0].partition("\n")[2]]


@committed
def test_what_is_counted_is_the_statement_without_its_context(world: World) -> None:
    with app_connection(), CaptureQueriesContext(connection) as captured:
        visit(world.acme)
    (query,) = captured.captured_queries
    assert query["sql"].startswith('SELECT COUNT(*) AS "__count" FROM "organizations_organization"')


@committed
def test_the_system_sends_its_context_alone(world: World) -> None:
    """For CREATE INDEX CONCURRENTLY and its like, which must be the only statement of their message."""

    def vacuum() -> None:
        with tenant_context(world.acme), system_connection(), connection.cursor() as cursor:
            cursor.execute("VACUUM organizations_organization")

    connection.close()
    assert round_trips(vacuum)[-1] == "VACUUM organizations_organization"


@committed
def test_by_transaction_each_statement_brings_its_context(
    world: World, by_transaction: None
) -> None:
    with app_connection():
        sent = round_trips(lambda: (visit(world.acme), visit(world.acme)))
        assert len(sent) == 2
        assert all(one.partition("\n")[0].count("SET LOCAL ") == 4 for one in sent)
        # Nothing is left on the connection that the next client may get.
        with connection.connection.cursor() as bare:
            bare.execute("SELECT current_schema(), current_user, current_setting('app.tenant_id')")
            assert bare.fetchone() == ("public", connection.settings_dict["USER"], "")


@committed
def test_by_transaction_a_block_sets_it_once(world: World, by_transaction: None) -> None:
    def block() -> None:
        with tenant_context(world.acme), transaction.atomic():
            assert Organization.objects.count() == 1
            assert Organization.objects.count() == 1

    with app_connection():
        sent = round_trips(block)
        assert [one.count("SET LOCAL search_path") for one in sent] == [1, 0, 0]
        assert sent[0].startswith("BEGIN;\nSET LOCAL search_path")
        assert sent[2] == "COMMIT"
        assert context() == ("public", "")


@committed
def test_by_transaction_what_cannot_carry_a_context_needs_a_block(
    world: World, by_transaction: None
) -> None:
    sql = "UPDATE organizations_organization SET name = %s"
    with app_connection(), tenant_context(world.acme):
        with connection.cursor() as cursor:
            with pytest.raises(TransactionManagementError, match="needs a transaction"):
                cursor.executemany(sql, [("a",), ("b",)])
            with pytest.raises(TransactionManagementError, match="needs a transaction"):
                with cursor.copy("COPY organizations_organization TO STDOUT"):
                    pass
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy("COPY organizations_organization (name) TO STDOUT") as copy:
                assert b"".join(copy) == b"Acme\n"
        assert Organization.objects.get().name == "Acme"


@committed
def test_a_context_that_fails_gives_the_connection_up(world: World) -> None:
    """A role that is gone: the statement does not run, and nothing of before is left to run in."""
    with app_connection():
        visit(world.globex)
        before = backend_pid()
        gone = Tenant(id=world.acme.id, slug="gone", schema_name="t_gone_00000000")
        with tenant_context(gone), pytest.raises(DatabaseError, match="t_gone_00000000"):
            Organization.objects.count()
        assert connection.connection is None
        visit(world.acme)
        assert backend_pid() != before


@committed
def test_a_connection_ends_after_many_tenants(world: World) -> None:
    connection.close()
    connection.settings_dict["TENANTS_PER_CONNECTION"] = 1
    try:
        with app_connection():
            visit(world.acme)
            first = backend_pid()
            connection.close_if_unusable_or_obsolete()
            assert backend_pid() == first
            visit(world.globex)
            assert backend_pid() == first
            connection.close_if_unusable_or_obsolete()
            assert backend_pid() != first
            visit(world.globex)
            second = backend_pid()
            connection.close_if_unusable_or_obsolete()
            assert backend_pid() == second
    finally:
        connection.settings_dict["TENANTS_PER_CONNECTION"] = 0
        connection.close()


def test_the_context_takes_checked_names_only() -> None:
    with pytest.raises(ValueError, match="not a tenant schema name"):
        context_sql(("t_a', false); DROP SCHEMA public; --", True, "", "none", 0), False)
    assert context_sql(("t_a", True, "", "t_a", 9000), True) == (
        "SET LOCAL search_path = t_a, public; SET LOCAL role = 't_a'; SET LOCAL app.tenant_id = ''; "
        "SET LOCAL statement_timeout = 9000;\n"
    )
    assert context_sql(("public", True, "", "none", 0), False) == (
        "SET search_path = public; SET role = 'none'; SET app.tenant_id = ''; "
        "SET statement_timeout = 0;\n"
    )


@pytest.mark.parametrize(
    ("alias", "changes", "problem"),
    [
        ("default", {"POOL_MODE": "statement"}, "unknown POOL_MODE"),
        ("default", {"OPTIONS": {"server_side_binding": True}}, "bound by the server"),
        ("default", {"OPTIONS": {"pool": True}}, "connections that are kept"),
        ("default", {"POOL_MODE": "transaction"}, "named cursors"),
        (
            "default",
            {**BY_TRANSACTION, "OPTIONS": {"prepare_threshold": 5}},
            "prepared statements",
        ),
        ("system", BY_TRANSACTION, "the system's login is pooled"),
        ("system", {"CONN_MAX_AGE": 0, "OPTIONS": {"pool": True}}, "the system's login is pooled"),
        ("default", {}, None),
        ("default", BY_TRANSACTION, None),
        ("default", {**BY_TRANSACTION, "CONN_MAX_AGE": 0, "OPTIONS": {"pool": True}}, None),
        ("system", {}, None),
    ],
)
def test_unsafe_combinations_are_refused(
    alias: str, changes: dict[str, Any], problem: str | None
) -> None:
    found = [text for text, _hint in _unsafe(alias, SAFE | changes)]
    assert len(found) == (problem is not None)
    assert problem is None or problem in found[0]


@pytest.mark.parametrize(
    ("app", "system", "problem"),
    [
        ({"USER": "app"}, {"USER": "owner"}, None),
        ({"USER": "owner"}, {"USER": "owner"}, "the system's login serves requests"),
        ({"USER": "owner"}, None, None),
        ({"USER": "owner", **BY_TRANSACTION}, None, "one login for app and system, and a pool"),
        ({"USER": "owner", "OPTIONS": {"pool": True}}, None, "one login for app and system"),
    ],
)
def test_unsafe_pairs_are_refused(
    app: dict[str, Any], system: dict[str, Any] | None, problem: str | None
) -> None:
    logins = {"default": SAFE | app} | ({"system": SAFE | system} if system else {})
    found = [text for text, _hint in _unsafe_together("default", logins)]
    assert len(found) == (problem is not None)
    assert problem is None or problem in found[0]
    assert _unsafe_together("system", logins) == []


def test_a_login_that_cannot_connect_ends_no_first_migrate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(connections.settings["default"], "USER", "nobody_yet")
    assert pooler_keeps_sessions(None) == []
    (found,) = pooler_keeps_sessions(["default"])
    assert (found.id, found.level) == ("tenants.W004", WARNING)
    assert "nobody_yet" in found.msg
