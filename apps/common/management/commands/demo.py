"""`manage.py demo`: the whole platform on this machine, with sample data."""

import logging
import os
import sys
import time
import traceback
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from apps.common import embedded
from apps.common.demo_session import DemoSession
from apps.common.embedded import ServiceError
from apps.common.embedded.process import candidate_ports, tail
from apps.common.supervisor import StopSignals, Supervisor, procfile_read

READY_TIMEOUT_S = 120.0
# What is shown, the command, its options. Each has to be quick when there is nothing to do.
STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("database schema", "migrate", {"interactive": False, "verbosity": 0}),
    ("tenants' schemas", "migrate_tenants", {}),
    ("sample data", "seed_demo", {}),
    ("styles", "assets", {}),
)
# With the web server there: the sandbox's Stripe is reached through it.
LAST_STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("plans at Stripe", "billing sync --unless-current", {}),
)
# Not in the Procfile, which production runs too. The front is what nginx is there.
SANDBOX = {
    "sandbox": "python manage.py sandbox",
    "front": "python -m apps.sandbox.front $FRONT_PORT $PORT $REALTIME_PORT",
}
SCREEN = """
  Wrapper Platform is running.

  Public site     {url}
  Workspaces      {acme}   {globex}
  Staff console   {url}/console/
  API reference   {url}/api/docs/
  E-mail inbox    {url}/sandbox/inbox/
  SMS             {url}/sandbox/sms/   providers that fail: {url}/sandbox/senders/
  DNS records     {url}/sandbox/dns/
  OpenID          {url}/sandbox/oidc/
  Stripe          {url}/sandbox/stripe/

  Everyone's password is wrapper-demo
    alice@acme.test       owner of acme
    bob@acme.test         member of acme
    charlie@globex.test   owner of globex
    staff@platform.test   platform staff; second@platform.test, where two are needed

  Try first
    1. Sign in at {acme} as alice@acme.test and look around.
    2. Invite somebody under Members, then read the mail in the inbox and accept.
    3. Sign in as bob@acme.test in a private window: what he may not do is not offered.
    4. Ask the API (run as one command):
       TOKEN=$(curl -s {acme}/api/v1/auth/token/ -H 'Content-Type: application/json' \\
         -d '{{"email": "alice@acme.test", "password": "wrapper-demo"}}' \\
         | python3 -c 'import json, sys; print(json.load(sys.stdin)["access"])') \\
       && curl -s {acme}/api/v1/members/ -H "Authorization: Bearer $TOKEN"
    5. Ask for acme's members with charlie's token: acme does not exist for him.
    6. Buy a plan for globex as charlie, under Plan, with the card 4242 4242 4242 4242; then let
       months pass at {url}/sandbox/stripe/.

  Logs    {logs}
  Stop    Ctrl-C; the data is there next time

"""


class Command(BaseCommand):
    help = (
        "Start PostgreSQL and Valkey unless DATABASE_URL and REDIS_URL name others, migrate, seed "
        "sample data, start every process of the Procfile and say where to go. Ctrl-C stops it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of the web server (8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        session = DemoSession(port=options["port"], announce=self.say)
        with StopSignals().installed() as signals:
            try:
                if session.url != settings.PUBLIC_URL:
                    session.reload_with_url()
                with session.held():
                    self._run(session, signals)
                    signals.raising = False
                    self.say("Stopping ...")
            except ServiceError as error:
                raise CommandError(str(error)) from error
            except KeyboardInterrupt:
                pass
        self._say_goodbye(session)

    def say(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()

    def _run(self, session: DemoSession, signals: StopSignals) -> None:
        began_s = time.monotonic()
        for title, command, options in STEPS:
            self._prepare(title, command, options)
        connections.close_all()
        signals.raising = False
        supervisor = Supervisor(
            commands=procfile_read(Path(settings.BASE_DIR, "Procfile")) | SANDBOX,
            folder=Path(settings.BASE_DIR),
            logs=session.folder / "logs",
            env=_environment(session),
            announce=self.say,
            watch=session.mend_servers,
        )
        try:
            supervisor.start()
            deadline_s = time.monotonic() + READY_TIMEOUT_S
            supervisor.run(
                lambda: signals.received > 0 or session.is_ready() or time.monotonic() > deadline_s
            )
            if not signals.received:
                self._check_ready(session)
                for title, command, options in LAST_STEPS:
                    self._prepare(title, command, options)
                self._welcome(session, began_s)
                supervisor.run(lambda: signals.received > 0)
        finally:
            received = signals.received
            supervisor.stop(hurried=lambda: signals.received > received)

    def _prepare(self, title: str, command: str, options: dict[str, Any]) -> None:
        began_s = time.monotonic()
        path = embedded.log_path("prepare")
        # Its lines go to the file; what the platform logs meanwhile would clutter the screen.
        logging.disable(logging.WARNING)
        try:
            with path.open("a") as log:
                call_command(*command.split(), stdout=log, stderr=log, **options)
        except Exception as error:
            with path.open("a") as log:
                traceback.print_exc(file=log)
            raise CommandError(
                f"The step {title!r} (manage.py {command}) failed: {error}\n"
                f"The whole story is in {path}."
            ) from error
        finally:
            logging.disable(logging.NOTSET)
        self.say(f"{title:<17} {time.monotonic() - began_s:5.1f} s")

    def _check_ready(self, session: DemoSession) -> None:
        if not session.is_ready():
            log = embedded.log_path("web")
            raise CommandError(
                f"{session.url}/health/ready/ was not ready within {READY_TIMEOUT_S:.0f} s. "
                f"{log} ends with:\n{tail(log.read_text(errors='replace'))}"
            )

    def _welcome(self, session: DemoSession, began_s: float) -> None:
        self.say(f"{'ready after':<17} {time.monotonic() - began_s:5.1f} s")
        self.stdout.write(
            SCREEN.format(
                url=session.url,
                acme=session.url.replace("://", "://acme."),
                globex=session.url.replace("://", "://globex."),
                logs=session.folder / "logs",
            ),
            ending="",
        )
        self.stdout.write(f"READY {session.url}")
        self.stdout.flush()

    def _say_goodbye(self, session: DemoSession) -> None:
        left = sorted({use.name for use in embedded.in_use()} - session.owned)
        if left:
            self.say(
                f"{' and '.join(left)} ran before this demo and go on; `manage.py services stop` "
                "ends them."
            )
        self.say(f"Goodbye. The data is kept in {session.folder}; `make demo` brings it back.")


def _environment(session: DemoSession) -> dict[str, str]:
    """What the processes of the Procfile get: this one's environment, with the demo's address."""
    programs = str(Path(sys.executable).parent)
    return os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        # Browsers reach both of the others through the first.
        "FRONT_PORT": str(session.port),
        "PORT": str(next(candidate_ports(session.folder / "web", None))),
        "REALTIME_PORT": str(next(candidate_ports(session.folder / "realtime", None))),
        "PUBLIC_URL": session.url,
        "PYTHONUNBUFFERED": "1",
        # Where the sandbox's SMTP server listens and the platform sends its mail.
        "SANDBOX_SMTP_PORT": os.environ.get("SANDBOX_SMTP_PORT")
        or str(next(candidate_ports(session.folder / "smtp", None))),
        # Where its DNS server listens and the platform looks for proofs of domains.
        "SANDBOX_DNS_PORT": str(session.dns_port),
        "WRAPPER_STATE_DIR": str(session.folder),
    }
