"""Connections that are kept, pooled and shared: whoever had one before leaves nothing behind.

The same load runs behind a real PgBouncer in tests/e2e/test_pgbouncer.py.
"""

import json
import os
import subprocess
import sys
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from apps.common.tenancy import tenant_context
from apps.organizations.models import Organization
from tests.conftest import World
from tests.project.files import ROOT

pytestmark = pytest.mark.django_db
PASSWORD = "of-the-tests"


def load(world: World, queries: int, **env: str) -> dict[str, Any]:
    """Run the load by two real logins, the app's and the system's, in the world that is committed."""
    tenants = []
    for tenant in (world.acme, world.globex):
        with tenant_context(tenant):
            root = Organization.objects.get(depth=1).name
        tenants.append(
            {
                "id": str(tenant.id),
                "slug": tenant.slug,
                "schema_name": tenant.schema_name,
                "root": root,
            }
        )
    at = connection.settings_dict
    place = f"{at['HOST']}:{at['PORT']}/{at['NAME']}"
    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.isolation.connection_load",
            json.dumps(tenants),
            str(queries),
        ],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DATABASE_URL": f"postgres://wrapper_app:{PASSWORD}@{place}",
            "DATABASE_SYSTEM_URL": f"postgres://{at['USER']}:{quote(at['PASSWORD'])}@{place}",
            "REDIS_URL": "redis://127.0.0.1:1/0",  # not used
            **env,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture
def app_login(django_db_blocker: Any) -> None:
    """The app's login can be used with a password, for as long as this server lives."""
    import psycopg

    at = connection.settings_dict
    with psycopg.connect(
        host=at["HOST"],
        port=at["PORT"],
        user=at["USER"],
        password=at["PASSWORD"],
        dbname=at["NAME"],
    ) as own:
        own.execute(f"ALTER ROLE wrapper_app PASSWORD '{PASSWORD}'")


@pytest.mark.parametrize(
    ("env", "backends"),
    [
        ({}, 8),
        ({"DATABASE_POOL_SIZE": "3"}, 1),
        ({"DATABASE_POOL_SIZE": "3", "DATABASE_TENANTS_PER_CONNECTION": "1"}, 20),
        ({"DATABASE_POOL_MODE": "transaction"}, 8),
    ],
    ids=["kept", "pooled", "pooled and recycled", "by transaction"],
)
def test_no_row_crosses(world: World, app_login: None, env: dict[str, str], backends: int) -> None:
    """backends: at least so many took part."""
    found = load(world, 800, **env)
    assert (found["wrong"], found["refused"]) == ([], []), found
    assert found["queries"] >= 800
    assert found["backends"] >= backends
