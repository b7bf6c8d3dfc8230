"""A DNS server for tests: the sandbox's, over real UDP on a free port, with records from a dictionary."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from apps.sandbox import nameserver
from apps.tenants.proof import Provable


class Zone:
    """records: name -> values of its TXT records. asked: every name that was asked for, in order.

    A name in `broken` makes the server fail (SERVFAIL). addresses: name -> answers to its questions for
    addresses, one after the other, the last one for all that follow.
    """

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.addresses: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self.broken: set[str] = set()
        self.port = 0

    def find(self, name: str) -> list[str] | None:
        self.asked.append(name)
        if name in self.broken:
            raise RuntimeError(f"{name} is broken")
        if name in self.records:
            return self.records[name]
        return [] if any(known.endswith(f".{name}") for known in self.records) else None

    def lookup(self, name: str) -> list[str]:
        self.asked.append(name)
        answers = self.addresses.get(name, [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def prove(self, domain: Provable) -> None:
        """As the domain's owner does it."""
        assert domain.txt_name is not None
        assert domain.txt_value is not None
        self.records[domain.txt_name] = [domain.txt_value]

    def clear(self) -> None:
        self.records.clear()
        self.addresses.clear()
        self.asked.clear()
        self.broken.clear()


@contextmanager
def running(zone: Zone) -> Iterator[Zone]:
    """The server, in a thread with an event loop of its own."""
    started, loop = threading.Event(), asyncio.new_event_loop()

    async def start() -> None:
        udp, tcp = await nameserver.listen(zone.find, 0, zone.lookup)
        zone.port = udp.get_extra_info("sockname")[1]
        started.set()
        async with tcp:
            await stopped.wait()
        udp.close()

    stopped = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(start(),), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield zone
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
        loop.close()
