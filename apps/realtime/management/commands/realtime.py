"""`manage.py realtime`: the process that browsers and programs hear live updates from."""

import asyncio
import contextlib
import resource
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.realtime.server import Realtime


class Command(BaseCommand):
    help = "Serve WebSockets at /ws/ until SIGTERM; start as many as you like (docs/realtime.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
        parser.add_argument("--port", type=int, required=True, help="port to listen at")

    def handle(self, *args: Any, **options: Any) -> None:
        # Each connection is a file.
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        asyncio.run(_serve(options["host"], options["port"]))


async def _serve(host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Realtime().run(host, port, stop)
