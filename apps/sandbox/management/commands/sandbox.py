import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from aiosmtpd.smtp import SMTP
from django.conf import settings
from django.core.management.base import BaseCommand

from apps.sandbox import nameserver, records
from apps.sandbox.smtp import Inbox


class Command(BaseCommand):
    help = (
        "Run the stand-ins for third parties: an SMTP server whose mail /sandbox/inbox/ shows, and a DNS "
        "server whose records are at /sandbox/dns/."
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
            await stop.wait()
        udp.close()
