"""An archive holds all of one tenant and nothing of another, though both have the same ids everywhere."""

import io
import time
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.db import connection

from apps.common.database import app_connection, system_connection
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.tenants.exports.archive import archive
from apps.tenants.exports.shared import shared_rows
from apps.tenants.exports.snapshot import snapshot
from apps.tenants.models import Tenant
from tests.isolation.conftest import Twin

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def with_files(twins: tuple[Twin, Twin]) -> tuple[Twin, Twin]:
    for twin in twins:
        with tenant_context(twin.tenant):
            tenant_files.save("notes.txt", ContentFile(f"{twin.canary} file".encode()))
    return twins


NOTIFICATIONS = (
    *("channeldefault", "delivery", "digest", "notification", "preference"),
    *("pushdevice", "templateoverride", "webhooktarget"),
)


def contents(tenant: Tenant) -> dict[str, str]:
    target = io.BytesIO()
    tenant = Tenant.objects.get(id=tenant.id)
    with archive(tenant, target, progress=lambda *_: None, tick=lambda: None):
        pass
    found = zipfile.ZipFile(target)
    return {name: found.read(name).decode().lower() for name in found.namelist()}


def test_all_of_acme_and_nothing_of_globex(with_files: tuple[Twin, Twin]) -> None:
    for mine, other in (with_files, with_files[::-1]):
        found = contents(mine.tenant)
        heard = {name for name, text in found.items() if mine.canary in text}
        assert heard == {
            "dump.sql",
            "json/audit_entry.jsonl",
            "json/credits_grant.jsonl",
            "json/credits_transaction.jsonl",
            "json/credits_usageevent.jsonl",
            "json/feedback_prompt.jsonl",
            *(f"json/notifications_{name}.jsonl" for name in NOTIFICATIONS),
            "json/onboarding_stepstate.jsonl",
            "json/onboarding_workflowrun.jsonl",
            "json/organizations_directoryuser.jsonl",
            "json/organizations_group.jsonl",
            "json/organizations_invitation.jsonl",
            "json/organizations_joinrequest.jsonl",
            "json/organizations_member.jsonl",
            "json/organizations_organization.jsonl",
            "json/organizations_organizationsetting.jsonl",
            "json/organizations_providergrouprole.jsonl",
            "json/roles_apikey.jsonl",
            "json/roles_role.jsonl",
            "json/public/audit_segments.jsonl",
            "json/public/billing_customer.jsonl",
            "json/public/domains.jsonl",
            "json/public/email_domains.jsonl",
            "json/public/feature_days.jsonl",
            "json/public/external_identities.jsonl",
            "json/public/identity_providers.jsonl",
            "json/public/tenant.jsonl",
            "files/notes.txt",
            "manifest.json",
        }
        for text in found.values():
            assert other.canary not in text
            assert other.tenant.schema_name not in text
            assert str(other.tenant.id) not in text
        # Each row of mine is there once as SQL and once as JSON.
        assert found["dump.sql"].count(f"{mine.canary} unit") == 1
        assert found["json/organizations_organization.jsonl"].count(f"{mine.canary} unit") == 1


@pytest.mark.parametrize("speaker", [app_connection, system_connection])
def test_the_connection_that_reads_can_see_no_more(
    with_files: tuple[Twin, Twin], speaker: Callable[[], AbstractContextManager[None]]
) -> None:
    """Whoever asks for it, also a worker that speaks as the system: PostgreSQL itself refuses the rest."""
    acme, globex = with_files
    with speaker(), snapshot(acme.tenant.ref) as found:
        assert found.rows("SELECT current_user::text") == [(acme.tenant.schema_name,)]
        assert found.rows("SELECT slug FROM public.tenants_tenant") == [("acme",)]
        assert found.rows(
            "SELECT count(*) FROM public.tenants_domain WHERE domain LIKE 'globex%'"
        ) == [(0,)]
        for sql, error in (
            (
                f'SELECT * FROM "{globex.tenant.schema_name}".roles_role',
                psycopg.errors.InsufficientPrivilege,
            ),
            ("DELETE FROM roles_role", psycopg.errors.ReadOnlySqlTransaction),
        ):
            found.connection.execute("SAVEPOINT s")
            with pytest.raises(error):
                found.rows(sql)
            found.connection.execute("ROLLBACK TO s")


def test_shared_rows_do_not_rest_on_their_own_condition(with_files: tuple[Twin, Twin]) -> None:
    """Even asked for another tenant's rows, row-level security answers with none."""
    acme, globex = with_files
    with snapshot(acme.tenant.ref) as found:
        for shared in shared_rows():
            assert b"".join(found.objects(shared.query, tenant_id=acme.tenant.id)), shared.name
            assert b"".join(found.objects(shared.query, tenant_id=globex.tenant.id)) == b""


def test_no_connection_is_left(with_files: tuple[Twin, Twin]) -> None:
    with pytest.raises(ZeroDivisionError), snapshot(with_files[0].tenant.ref):
        raise ZeroDivisionError
    deadline = time.monotonic() + 10  # the backend ends when it has seen that its client is gone
    while connections_of_exports() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert connections_of_exports() == 0


def connections_of_exports() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wrapper export' "
            "AND datname = current_database()"
        )
        return cursor.fetchone()[0]
