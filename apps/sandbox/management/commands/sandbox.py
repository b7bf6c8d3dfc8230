import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from aiosmtpd.smtp import SMTP
from django.conf import settings
from django.core.management.base import BaseCommand

from apps.sandbox.smtp import Inbox


class Command(BaseCommand):
    help = "Run the stand-ins for third parties: an SMTP server whose mail /sandbox/inbox/ shows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--smtp-port", type=int, default=settings.EMAIL_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(self._serve(options["smtp_port"]))

    async def _serve(self, port: int) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        server = await loop.create_server(
            lambda: SMTP(Inbox(), loop=loop, enable_SMTPUTF8=True), "127.0.0.1", port
        )
        self.stdout.write(f"SMTP on 127.0.0.1:{port}")
        async with server:
            await stop.wait()
