"""Each difference that can be planted is found, named and mended, and nothing else is."""

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.common.tenancy import tenant_context
from apps.organizations.models import Member
from apps.tenants import drift
from apps.tenants.drift import Finding, drift_mend
from apps.tenants.models import PooledSchema, Tenant
from apps.tenants.pool import pool_refill
from apps.tenants.schemas import schema_create
from tests.conftest import World, make_tenant

pytestmark = pytest.mark.django_db
Found = list[tuple[str, str]]


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def drift_find() -> list[Finding]:
    """Without the roles that the databases of other runs and workers leave in the cluster."""
    return [
        one
        for one in drift.drift_find()
        if one.kind != "role_orphan" or one.subject.startswith("t_nobodys")
    ]


def found() -> Found:
    return [(one.kind, one.subject) for one in drift_find()]


# SQL that spoils something of {acme}; what is found then; whether it can be mended.
PLANTED = [
    ("ALTER TABLE tenants_domain DISABLE ROW LEVEL SECURITY", "policy_off", "tenants_domain", True),
    ("ALTER TABLE tenants_tenant NO FORCE ROW LEVEL SECURITY", "policy_off", "tenants_tenant", True),
    (
        "ALTER POLICY tenant_rows ON tenants_export USING (true)",
        "policy_changed",
        "tenants_export",
        False,
    ),
    (
        "CREATE POLICY odd ON tenants_domain TO wrapper_app USING (domain <> '')",
        "policy_changed",
        "tenants_domain",
        False,
    ),
    ("ALTER TABLE events_outboxevent DISABLE ROW LEVEL SECURITY", "policy_off", "events_outboxevent", True),
    ("ALTER ROLE wrapper_app BYPASSRLS", "role_too_strong", "wrapper_app", True),
    ("ALTER ROLE wrapper_app INHERIT", "role_too_strong", "wrapper_app", True),
    ("ALTER ROLE {acme} LOGIN", "role_too_strong", "{acme}", True),
    ("ALTER ROLE wrapper_tenant SUPERUSER", "role_too_strong", "wrapper_tenant", True),
    ("GRANT {globex} TO {acme}", "role_membership", "{acme}", True),
    ("GRANT pg_read_all_data TO wrapper_tenant", "role_membership", "wrapper_tenant", True),
    ("GRANT pg_read_all_data TO wrapper_app", "role_membership", "wrapper_app", True),
    ("REVOKE {acme} FROM wrapper_app", "role_not_granted", "{acme}", True),
    ("REVOKE wrapper_tenant FROM {acme}", "role_not_granted", "{acme}", True),
    ("ALTER TABLE {acme}.roles_role OWNER TO {acme}", "role_owns", "{acme}", False),
    ("GRANT USAGE ON SCHEMA {acme} TO {globex}", "grant_too_much", "{acme}", True),
    ("GRANT CREATE ON SCHEMA {acme} TO {acme}", "grant_too_much", "{acme}", True),
    ("GRANT SELECT ON {acme}.roles_role TO {globex}", "grant_too_much", "{acme}", True),
    ("GRANT SELECT ON {acme}.roles_role TO PUBLIC", "grant_too_much", "{acme}", True),
    ("GRANT TRUNCATE ON {acme}.roles_role TO {acme}", "grant_too_much", "{acme}", True),
    ("GRANT INSERT ON {acme}.django_migrations TO {acme}", "grant_too_much", "{acme}", True),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {acme} GRANT SELECT ON TABLES TO wrapper_app",
        "grant_too_much",
        "{acme}",
        True,
    ),
    ("REVOKE USAGE ON SCHEMA {acme} FROM {acme}", "grant_missing", "{acme}", True),
    ("REVOKE DELETE ON {acme}.roles_role FROM {acme}", "grant_missing", "{acme}", True),
    ("ALTER TABLE {acme}.roles_role ADD COLUMN odd text", "table", "{acme}", False),
    ("ALTER TABLE {acme}.roles_role ALTER COLUMN name DROP NOT NULL", "table", "{acme}", False),
    ("DROP INDEX {acme}.member_email", "table", "{acme}", False),
    (
        "ALTER TABLE {acme}.organizations_rolebinding DROP CONSTRAINT role_binding_once",
        "table",
        "{acme}",
        False,
    ),
    ("CREATE TABLE {acme}.odd (id int)", "table", "{acme}", False),
    ("DELETE FROM {acme}.django_migrations WHERE app = 'roles'", "outdated", "{acme}", False),
    ("DROP SCHEMA {acme} CASCADE", "schema_missing", "{acme}", False),
    (
        "INSERT INTO tenants_pooledschema SELECT gen_random_uuid(), now(), now(), 't_pool_gone', ''",
        "pool_missing",
        "t_pool_gone",
        True,
    ),
]  # fmt: skip


def test_a_healthy_fleet_has_none(world: World) -> None:
    pool_refill(1)
    assert found() == []


@pytest.mark.parametrize(("sql", "kind", "subject", "mendable"), PLANTED, ids=lambda v: str(v)[:60])
def test_what_is_planted_is_found_and_mended(
    world: World, sql: str, kind: str, subject: str, mendable: bool
) -> None:
    names = {"acme": world.acme.schema_name, "globex": world.globex.schema_name}
    execute(sql.format(**names))
    findings = drift_find()
    assert [(one.kind, one.subject) for one in findings] == [(kind, subject.format(**names))]
    assert drift_mend(findings) == int(mendable)
    assert found() == ([] if mendable else [(kind, subject.format(**names))])


def test_a_new_table_needs_a_policy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.accounts.models import TokenSession

    monkeypatch.setattr(TokenSession, "without_row_level_security", "")
    (finding,) = drift_find()
    assert (finding.kind, finding.subject) == ("policy_missing", "accounts_tokensession")
    assert finding.mend is None


def test_orphans_go_only_if_asked(world: World, acme: Tenant) -> None:
    schema_create("t_nobodys_00000001")
    execute("CREATE ROLE t_nobodys_00000002 NOLOGIN")
    findings = drift_find()
    assert found() == [
        ("schema_orphan", "t_nobodys_00000001"),
        ("role_orphan", "t_nobodys_00000002"),
    ]
    assert drift_mend(findings) == 0
    assert drift_mend(findings, drop_orphans=True) == 2
    assert found() == []
    with tenant_context(acme):
        assert Member.objects.count() == 2


def test_a_lost_role_is_made_again(world: World, acme: Tenant) -> None:
    execute(f"DROP OWNED BY {acme.schema_name}; DROP ROLE {acme.schema_name}")
    assert found() == [("role_missing", acme.schema_name)]
    drift_mend(drift_find())
    assert found() == []


def test_as_many_statements_for_more_tenants(world: World) -> None:
    with CaptureQueriesContext(connection) as two:
        drift_find()
    make_tenant("third", world.alice)
    make_tenant("fourth", world.alice)
    with CaptureQueriesContext(connection) as four:
        assert drift_find() == []
    assert len(two) == len(four) <= 20


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setattr("apps.console.tenant_commands.drift.drift_find", drift_find)

    def call(*arguments: str) -> str:
        out = StringIO()
        try:
            call_command("tenants", "drift", *arguments, stdout=out, skip_checks=True)
        except CommandError as error:
            return f"{out.getvalue()}{error}"
        return out.getvalue()

    return call


def test_the_command(world: World, acme: Tenant, run: Callable[..., str]) -> None:
    assert run() == "Everything is as it should be.\n"
    execute(f"GRANT SELECT ON {acme.schema_name}.roles_role TO {world.globex.schema_name}")
    execute("CREATE ROLE t_nobodys_00000003 NOLOGIN")
    shown = run()
    assert f"{world.globex.schema_name} may SELECT on table roles_role  (--mend)" in shown
    assert "no tenant has it  (--mend --drop-orphans)" in shown
    assert shown.endswith("2 differences.")
    assert "(would be mended)" in run("--mend", "--dry-run")
    assert len(found()) == 2
    assert run("--drop-orphans") == "--drop-orphans goes with --mend."
    data = json.loads(run("--mend", "--json").rpartition("}")[0] + "}")
    assert [one["kind"] for one in data["found"]] == ["grant_too_much", "role_orphan"]
    assert [one["kind"] for one in data["left"]] == ["role_orphan"]
    assert "(mended)" in run("--mend", "--drop-orphans")
    assert (found(), PooledSchema.objects.count()) == ([], 0)


def test_a_schema_without_a_list_of_migrations(world: World, acme: Tenant) -> None:
    execute(f'DROP TABLE "{acme.schema_name}".django_migrations')
    (finding,) = drift_find()
    assert (finding.kind, finding.subject) == ("table", acme.schema_name)
    assert "django_migrations" in finding.detail


def test_what_is_being_deleted_may_be_half_there(world: World, acme: Tenant) -> None:
    Tenant.objects.filter(id=acme.id).update(status="deleting", purge_started_at=timezone.now())
    assert found() == []
    execute(f'DROP SCHEMA "{acme.schema_name}" CASCADE')
    assert found() == []
    execute(f"DROP OWNED BY {acme.schema_name}; DROP ROLE {acme.schema_name}")
    assert found() == []
