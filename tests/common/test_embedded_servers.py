"""The embedded servers, for real, in state folders of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from apps.common import embedded
from apps.common.embedded import Profile, ServiceError, identity, process
from apps.common.embedded.postgres import Postgres
from apps.common.embedded.server import PROJECT
from apps.common.embedded.valkey import Valkey

ENSURE_BOTH = """
import json
from apps.common import embedded
urls = [embedded.ensure_postgres("test"), embedded.ensure_valkey("test")]
print(json.dumps([urls, [use.started_here for use in embedded.in_use()]]), flush=True)
"""


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder that any account may reach, with its servers stopped at the end.

    Not below pytest's own folder, which each start of pytest closes to other accounts.
    """
    folder = Path(tempfile.mkdtemp(prefix="servers-"))
    folder.chmod(0o711)
    monkeypatch.setenv("WRAPPER_STATE_DIR", str(folder))
    for name in ("WRAPPER_POSTGRES_PORT", "WRAPPER_VALKEY_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(embedded, "_uses", {})
    yield folder
    embedded.stop(profile="test")
    embedded.stop(profile="local")
    shutil.rmtree(folder)


def launch(code: str = ENSURE_BOTH) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )


def outcome(child: "subprocess.Popen[str]") -> tuple[list[str], list[bool]]:
    output, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    urls, started = json.loads(output)
    return urls, started


def pids(profile: Profile = "test") -> dict[str, int | None]:
    return {entry.name: entry.pid for entry in embedded.status(profile=profile)}


def kill(pid: int | None, number: signal.Signals) -> None:
    assert pid
    os.kill(pid, number)


def test_concurrent_starts_yield_one_server_of_each_kind(state: Path) -> None:
    outcomes = [outcome(child) for child in [launch() for _ in range(6)]]

    assert len({tuple(urls) for urls, _ in outcomes}) == 1
    assert sum(started[0] for _, started in outcomes) == 1
    assert sum(started[1] for _, started in outcomes) == 1
    (postgres_url, valkey_url), _ = outcomes[0]
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SELECT current_database()").fetchone() == ("wrapper",)
    with redis.Redis.from_url(valkey_url) as client:
        assert client.config_get("appendonly", "maxmemory-policy") == {
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
        }
    assert Postgres("test").password_file.stat().st_mode & 0o777 == 0o600
    assert Valkey("test").socket.stat().st_mode & 0o777 == 0o700


def test_password_is_needed(state: Path) -> None:
    url = embedded.ensure_postgres("test")
    password = Postgres("test").password_file.read_text()

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "wrong"))


def test_servers_of_a_killed_parent_are_adopted(state: Path) -> None:
    parent = launch(ENSURE_BOTH + "import time; time.sleep(60)")
    assert parent.stdout
    urls, _ = json.loads(parent.stdout.readline())
    before = pids()
    parent.kill()
    parent.communicate()

    assert [embedded.ensure_postgres("test"), embedded.ensure_valkey("test")] == urls
    assert pids() == before
    assert [use.started_here for use in embedded.in_use()] == [False, False]


def test_killed_valkey_is_restarted_with_its_data_on_its_port(state: Path) -> None:
    url = embedded.ensure_valkey("test")
    with redis.Redis.from_url(url) as client:
        client.set("kept", "yes")
    before = pids()["valkey"]
    kill(before, signal.SIGKILL)
    assert Valkey("test").await_end(before or 0, 5)

    assert embedded.ensure_valkey("test") == url
    assert pids()["valkey"] != before
    with redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"yes"


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGKILL], ids=["crash", "kill -9"])
def test_crashed_postgres_is_restarted_with_its_data_on_its_port(
    state: Path, number: signal.Signals
) -> None:
    # Not the servers of tests: those may lose what was committed last.
    url = embedded.ensure_postgres("local")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS answer")
    before = pids("local")["postgres"]
    kill(before, number)
    assert Postgres("local").await_end(before or 0, 10)

    assert embedded.ensure_postgres("local") == url
    assert pids("local")["postgres"] != before
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (1,)


def test_pid_file_with_a_recycled_process_id_does_not_hinder_a_start(state: Path) -> None:
    url = embedded.ensure_postgres("test")
    pid_file = Postgres("test").data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded.stop(["postgres"], "test")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    assert not embedded.status(["postgres"], "test")[0].running
    assert embedded.ensure_postgres("test") == url


def test_half_made_data_folder_is_made_anew(state: Path) -> None:
    embedded.make_state_folders("test")
    leftover = Postgres("test").folder / "data.new-1-1"
    leftover.mkdir(parents=True)
    (leftover / "PG_VERSION").write_text("18\n")

    url = embedded.ensure_postgres("test")

    assert not leftover.exists()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_missing_database_is_created_at_the_next_start(state: Path) -> None:
    url = embedded.ensure_postgres("test")
    with psycopg.connect(url.replace("/wrapper", "/postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE wrapper")
    embedded.stop(["postgres"], "test")

    assert embedded.ensure_postgres("test") == url
    psycopg.connect(url).close()


def test_taken_port_is_left_to_its_owner(state: Path) -> None:
    url = embedded.ensure_valkey("test")
    port = Valkey("test").stored_port()
    embedded.stop(["valkey"], "test")
    with socket.create_server(("127.0.0.1", port)):
        assert embedded.ensure_valkey("test") != url


def test_taken_port_that_was_asked_for_is_an_error(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("WRAPPER_VALKEY_PORT", str(port))
        with pytest.raises(
            ServiceError, match=f"can't listen on port {port} .*WRAPPER_VALKEY_PORT"
        ):
            embedded.ensure_valkey("test")


def test_platform_without_a_wheel_is_told_what_to_set(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "wheel_folder", lambda package: None)
    with pytest.raises(
        ServiceError, match=r"no wheel for this platform.*DATABASE_URL=.*REDIS_URL="
    ):
        embedded.ensure_postgres("test")


def test_full_disk_is_named(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_args: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(process, "open_log", no_space)
    with pytest.raises(ServiceError, match=r"is full.*WRAPPER_STATE_DIR"):
        embedded.ensure_valkey("test")


def test_server_that_ends_at_once_shows_its_log(state: Path) -> None:
    embedded.ensure_postgres("test")
    embedded.stop(["postgres"], "test")
    (Postgres("test").data / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(ServiceError, match="no_such_setting"):
        embedded.ensure_postgres("test")


def test_deep_state_folder_keeps_the_socket_in_a_short_private_one(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = state / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("WRAPPER_STATE_DIR", str(deep))
    try:
        url = embedded.ensure_valkey("test")
        short = Valkey("test").socket.parent
        assert short.stat().st_mode & 0o777 == 0o700
        with redis.Redis.from_url(url) as client:
            assert client.ping()
    finally:
        embedded.stop(["valkey"], "test")
    (short / "valkey.sock").unlink(missing_ok=True)
    short.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes its identity")
def test_root_under_a_private_folder_uses_a_user_namespace(state: Path) -> None:
    if subprocess.run([*identity.USER_NAMESPACE, "true"], check=False).returncode:
        pytest.skip("user namespaces are not available")
    state.chmod(0o700)

    url = embedded.ensure_postgres("test")

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert Postgres("test").data.stat().st_uid == 0


def test_services_command_starts_nothing_by_itself(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["manage.py", "services", "stop"])

    assert embedded.ensure_postgres("test") == "postgres://postgres:unset@127.0.0.1:0/wrapper"
    assert not embedded.status(["postgres"], "test")[0].running
