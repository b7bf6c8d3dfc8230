"""A real PgBouncer in front of the demo's PostgreSQL. Root has to name an account for it to run as."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import SplitResult

from tests.e2e.running_demo import free_port

CONFIGURATION = """
[databases]
{name} = host={host} port={port} dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users.txt
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
pool_mode = {pool_mode}
default_pool_size = {pool_size}
max_client_conn = 200
"""


class PgBouncer:
    """pool_mode: its own name for how it lends. logins: the addresses that it knows the passwords of."""

    def __init__(self, pool_mode: str, logins: list[SplitResult], pool_size: int = 3) -> None:
        program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
        assert program, "PgBouncer is not installed"
        self.folder = Path(tempfile.mkdtemp(prefix="pgbouncer-", dir="/tmp"))
        self.port = free_port()
        at = logins[0]
        users = "".join(f'"{login.username}" "{login.password}"\n' for login in logins)
        (self.folder / "users.txt").write_text(users)
        configuration = CONFIGURATION.format(
            host=at.hostname,
            port=at.port,
            name=at.path.strip("/"),
            listen_port=self.port,
            folder=self.folder,
            pool_mode=pool_mode,
            pool_size=pool_size,
        )
        (self.folder / "pgbouncer.ini").write_text(configuration)
        command = [program, str(self.folder / "pgbouncer.ini")]
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, "nobody")
            command[1:1] = ["--user", "nobody"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "pgbouncer.log").read_text())

    def url(self, login: SplitResult) -> str:
        """The same login, through PgBouncer."""
        return login._replace(
            netloc=f"{login.username}:{login.password}@127.0.0.1:{self.port}"
        ).geturl()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
