import asyncio
import contextlib
import signal
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from apps.sandbox import nameserver, records
from apps.sandbox.messaging import telling
from apps.sandbox.smtp import Inbox
from apps.sandbox.stripe import courier

log = structlog.get_logger(__name__)

# How late an event or something due may be.
PAUSE_S = 0.25


class Command(BaseCommand):
    help = (
        "Run the stand-ins for third parties: an SMTP server whose mail /sandbox/inbox/ shows, and a DNS "
        "server whose records are at /sandbox/dns/. It keeps the time of the sandbox's Stripe, too, and "
        "delivers what it, SendGrid, Mailgun and Twilio tell."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--smtp-port", type=int, default=settings.EMAIL_PORT)
        parser.add_argument("--dns-port", type=int, default=settings.SANDBOX_DNS_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(self._serve(options["smtp_port"], options["dns_port"]))

    async def _serve(self, smtp_port: int, dns_port: int) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        smtp = await loop.create_server(
            lambda: SMTP(Inbox(), loop=loop, enable_SMTPUTF8=True), "127.0.0.1", smtp_port
        )
        self.stdout.write(f"SMTP on 127.0.0.1:{smtp_port}")
        udp, tcp = await nameserver.listen(records.find_and_reconnect, dns_port)
        self.stdout.write(f"DNS on 127.0.0.1:{dns_port}")
        async with smtp, tcp:
            await asyncio.gather(
                self._keep_turning(courier.turn, stop),
                self._keep_turning(telling.deliver_due, stop),
            )
        udp.close()

    async def _keep_turning(self, turn: Callable[[], int], stop: asyncio.Event) -> None:
        """Until told to stop. A failure, as while the database restarts, is not the end of it."""
        while not stop.is_set():
            try:
                sent = await sync_to_async(turn)()
            except DatabaseError:
                log.exception("sandbox.turn_failed", turn=turn.__module__)
                sent = 0
            if not sent:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), PAUSE_S)
