"""How long a statement may take: in requests, tasks, commands; by real statements that take longer."""

import time
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.common.database import app_connection, statement_limit, statement_limit_ms
from apps.common.tasks import PlatformTask
from apps.common.tenancy import tenant_context
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db


def ask(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def in_force() -> str:
    return str(ask("SHOW statement_timeout"))


def cancelled() -> None:
    with pytest.raises(OperationalError, match="statement timeout"), transaction.atomic():
        ask("SELECT pg_sleep(5)")


def test_a_statement_that_takes_longer_is_cancelled() -> None:
    began_s = time.monotonic()
    with statement_limit(100):
        cancelled()
        # The next one is none the worse for it, nor has it less time.
        assert ask("SELECT 1") == 1
    assert time.monotonic() - began_s < 2
    assert in_force() == "0"


def test_it_nests_and_costs_no_statement(acme: Tenant) -> None:
    with CaptureQueriesContext(connection) as queries:
        with statement_limit(1500):
            assert in_force() == "1500ms"
            with tenant_context(acme), statement_limit(0):
                assert in_force() == "0"
            assert in_force() == "1500ms"
    assert len(queries) == 3


def test_it_survives_a_savepoint_that_is_undone() -> None:
    with statement_limit(1500):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert in_force() == "1500ms"
            raise ZeroDivisionError
        assert in_force() == "1500ms"


def test_requests_and_tasks_have_one_and_commands_none(settings: Any) -> None:
    class Task(PlatformTask):
        name = "tests.limited"

        def run(self) -> int:
            return statement_limit_ms()

    assert statement_limit_ms() == 0
    assert Task()() == settings.DATABASE_TASK_STATEMENT_TIMEOUT_MS == 300_000
    with app_connection():
        assert statement_limit_ms() == settings.DATABASE_WEB_STATEMENT_TIMEOUT_MS == 15_000
