"""`manage.py services`: the embedded PostgreSQL and Valkey, by hand."""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.common import embedded
from apps.common.embedded import Profile, ServiceError

NOT_RUNNING_STATUS = 3  # as `systemctl status` and LSB scripts say it
FOLLOW_INTERVAL_S = 0.25


class Command(BaseCommand):
    help = (
        "Start, stop and look at the PostgreSQL and Valkey that are used where DATABASE_URL and "
        "REDIS_URL are unset. They start by themselves and go on until they are stopped. "
        "Exit status: 0 done, 1 failed, 3 for a status of which something does not run."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status", "logs"])
        parser.add_argument(
            "name", nargs="?", choices=embedded.NAMES, help="only this one; both without it"
        )
        parser.add_argument(
            "--profile",
            choices=["local", "test"],
            default="local",
            help="local: development and the demo; test: the servers that pytest uses",
        )
        parser.add_argument(
            "--json", action="store_true", help="status as JSON; its url holds the password"
        )
        parser.add_argument("--lines", type=int, default=40, help="of each log to show (40)")
        parser.add_argument("--follow", action="store_true", help="go on showing what is logged")

    def handle(self, *args: Any, **options: Any) -> None:
        names = [options["name"]] if options["name"] else list(embedded.NAMES)
        profile: Profile = options["profile"]
        try:
            match options["action"]:
                case "start":
                    for name in names:
                        embedded.start(name, profile)
                    self._status(names, profile, as_json=options["json"])
                case "stop":
                    for name, ran in embedded.stop(names, profile).items():
                        self.stdout.write(f"{name:<9} {'stopped' if ran else 'did not run'}")
                case "status":
                    self._status(names, profile, as_json=options["json"])
                case "logs":
                    self._logs(names, profile, lines=options["lines"], follow=options["follow"])
        except ServiceError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            sys.exit(130)

    def _status(self, names: Iterable[str], profile: Profile, *, as_json: bool) -> None:
        found = embedded.status(names, profile)
        if as_json:
            self.stdout.write(json.dumps([asdict(entry) for entry in found], indent=2))
        else:
            for entry in found:
                state = "ready" if entry.ready else "starting" if entry.running else "not running"
                place = f"127.0.0.1:{entry.port}  process {entry.pid}" if entry.running else ""
                self.stdout.write(f"{entry.name:<9} {state:<12} {place}".rstrip())
                self.stdout.write(f"{'':<9} log {entry.log}")
        if not all(entry.ready for entry in found):
            sys.exit(NOT_RUNNING_STATUS)

    def _logs(self, names: list[str], profile: Profile, *, lines: int, follow: bool) -> None:
        offsets: dict[Path, int] = {}
        for name in names:
            path = embedded.log_path(name, profile)
            content = path.read_bytes() if path.exists() else b""
            offsets[path] = len(content)
            shown = content.decode(errors="replace").splitlines()
            self._show(path, shown[-lines:] if lines > 0 else [], len(names) > 1)
        while follow:
            time.sleep(FOLLOW_INTERVAL_S)
            for path, offset in offsets.items():
                offsets[path] = self._show_since(path, offset, len(names) > 1)

    def _show_since(self, path: Path, offset: int, prefixed: bool) -> int:
        """Show the whole lines after an offset; returns the offset of what was not shown."""
        if not path.exists():
            return 0
        with path.open("rb") as log:
            # A log that became shorter was set aside: begin with the new one.
            start = offset if path.stat().st_size >= offset else 0
            log.seek(start)
            whole, newline, _rest = log.read().rpartition(b"\n")
        self._show(path, whole.decode(errors="replace").splitlines(), prefixed)
        return start + len(whole) + len(newline)

    def _show(self, path: Path, lines: list[str], prefixed: bool) -> None:
        prefix = f"{path.stem:<9}| " if prefixed else ""
        for line in lines:
            self.stdout.write(prefix + line)
        self.stdout.flush()
