"""The platform behind a real PgBouncer that lends a connection for one transaction."""

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import psycopg
import pytest

from apps.common import embedded
from tests.e2e.pgbouncer import PgBouncer
from tests.e2e.running_demo import CONFIGURATION, ROOT, RunningDemo, free_port, wait

QUERIES = 4000
ROOT_OF = "SELECT name FROM {}.organizations_organization WHERE depth = 1"


@pytest.fixture(scope="module")
def system(demo: RunningDemo) -> SplitResult:
    """The demo's database by the system's login."""
    answer = subprocess.run(
        [sys.executable, "manage.py", "services", "status", "--json"],
        cwd=ROOT,
        env=environment(demo),
        capture_output=True,
        text=True,
        check=True,
    )
    (url,) = [one["url"] for one in json.loads(answer.stdout) if one["name"] == "postgres"]
    return urlsplit(url)


@pytest.fixture(scope="module")
def app(system: SplitResult) -> SplitResult:
    return urlsplit(embedded.app_login(system.geturl()))


@pytest.fixture(scope="module")
def pooler(app: SplitResult) -> Iterator[PgBouncer]:
    running = PgBouncer("transaction", [app])
    yield running
    running.stop()


@pytest.fixture(scope="module")
def tenants(system: SplitResult) -> str:
    with psycopg.connect(system.geturl()) as own:
        found = own.execute(
            "SELECT id::text, slug, schema_name FROM tenants_tenant WHERE slug IN ('acme', 'globex')"
        ).fetchall()
        return json.dumps(
            [
                {
                    "id": tenant_id,
                    "slug": slug,
                    "schema_name": schema,
                    "root": own.execute(ROOT_OF.format(schema)).fetchone()[0],  # type: ignore[index,arg-type]
                }
                for tenant_id, slug, schema in found
            ]
        )


def environment(demo: RunningDemo, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not CONFIGURATION.match(name)}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "WRAPPER_STATE_DIR": str(demo.folder),
        **more,
    }


def load(demo: RunningDemo, tenants: str, url: str, system: str, **more: str) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.isolation.connection_load", tenants, str(QUERIES)],
        cwd=ROOT,
        env=environment(demo, DATABASE_URL=url, DATABASE_SYSTEM_URL=system, **more),
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    return dict(json.loads(answer.stdout))


@pytest.mark.parametrize("pool", ["0", "4"], ids=["a connection a thread", "a pool in the process"])
def test_no_row_crosses_by_transaction(
    demo: RunningDemo,
    tenants: str,
    app: SplitResult,
    system: SplitResult,
    pooler: PgBouncer,
    pool: str,
) -> None:
    found = load(
        demo,
        tenants,
        pooler.url(app),
        system.geturl(),
        DATABASE_POOL_MODE="transaction",
        DATABASE_POOL_SIZE=pool,
    )
    assert (found["wrong"], found["refused"]) == ([], [])
    assert found["queries"] >= QUERIES


def test_the_load_would_find_rows_that_cross(
    demo: RunningDemo, tenants: str, app: SplitResult, system: SplitResult, pooler: PgBouncer
) -> None:
    """The unsafe combination, which the check below refuses."""
    found = load(demo, tenants, pooler.url(app), system.geturl(), DATABASE_POOL_MODE="session")
    assert len(found["wrong"]) > 100


@pytest.mark.parametrize(
    ("lends_by", "mode", "problems"),
    [
        ("transaction", "session", ["tenants.E004"]),
        ("transaction", "transaction", []),
        ("session", "session", []),
    ],
)
def test_the_check_tells_a_pooler_that_mixes_clients(
    demo: RunningDemo,
    app: SplitResult,
    system: SplitResult,
    lends_by: str,
    mode: str,
    problems: list[str],
) -> None:
    pooler = PgBouncer(lends_by, [app], pool_size=1)
    try:
        answer = subprocess.run(
            [sys.executable, "manage.py", "check", "--database", "default"],
            cwd=ROOT,
            env=environment(
                demo,
                DATABASE_URL=pooler.url(app),
                DATABASE_SYSTEM_URL=system.geturl(),
                DATABASE_POOL_MODE=mode,
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        pooler.stop()
    assert answer.returncode == (1 if problems else 0), answer.stderr
    assert [word for word in ("tenants.E004",) if word in answer.stderr] == problems


def test_the_api_behind_it(
    demo: RunningDemo, app: SplitResult, system: SplitResult, pooler: PgBouncer
) -> None:
    """Two workspaces asked at once by eight clients, through three connections."""
    port = free_port()
    log = demo.folder / "logs" / "pooled-web.log"
    granian = Path(sys.executable).with_name("granian")
    with log.open("wb") as lines:
        web = subprocess.Popen(
            [
                *(str(granian), "--interface", "wsgi", "config.wsgi:application"),
                *("--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "8"),
            ],
            cwd=ROOT,
            env=environment(
                demo,
                DATABASE_URL=pooler.url(app),
                DATABASE_SYSTEM_URL=system.geturl(),
                DATABASE_POOL_MODE="transaction",
                PUBLIC_URL=demo.url,
            ),
            stdout=lines,
            stderr=lines,
        )
    wrong: list[str] = []
    try:
        assert wait(lambda: _answers(port), 30), log.read_text()
        tokens = {
            "acme": demo.token("alice@acme.test", "wrapper-demo", "acme"),
            "globex": demo.token("charlie@globex.test", "wrapper-demo", "globex"),
        }
        threads = [
            threading.Thread(target=_ask, args=(port, number, tokens, wrong)) for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        web.terminate()
        web.wait(20)
    assert wrong == []


def _answers(port: int) -> bool:
    try:
        return _get(port, "/health/ready/", {})[0] == 200
    except OSError:
        return False


def _ask(port: int, number: int, tokens: dict[str, str], wrong: list[str]) -> None:
    for turn in range(60):
        slug, other = (("acme", "globex"), ("globex", "acme"))[(number + turn) % 2]
        headers = {"Host": f"{slug}.localhost", "Authorization": f"Bearer {tokens[slug]}"}
        path = ("/api/v1/members/", "/api/v1/organizations/", "/api/v1/tenant/")[turn % 3]
        status, body = _get(port, path, headers)
        if status != 200 or slug.encode() not in body.lower() or other.encode() in body.lower():
            wrong.append(f"{slug} {path}: {status} {body!r}")


def _get(port: int, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        client.request("GET", path, headers=headers)
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()
