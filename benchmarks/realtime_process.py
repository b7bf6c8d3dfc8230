"""The two processes of benchmarks.realtime: the server with the benchmark's topic, and all clients.

`serve PORT`, and `listen PORT EACH`, which reads tokens as one line of JSON, opens EACH sockets with each of
them, writes `open`, and from then on a line for every message: the seconds from `data.at` until it was heard.
"""

import asyncio
import json
import sys
import time

from websockets.asyncio.client import ClientConnection, connect

HOST = "acme.localhost:8000"
AT_ONCE = 16


async def listen(port: int, each: int) -> None:
    tokens = json.loads(sys.stdin.readline())
    gate = asyncio.Semaphore(AT_ONCE)
    opened = await asyncio.gather(
        *(_open(port, token, gate) for token in tokens for _ in range(each))
    )
    print("open", flush=True)
    await asyncio.gather(*(_hear(one) for one in opened))


async def _open(port: int, token: str, gate: asyncio.Semaphore) -> ClientConnection:
    async with gate:
        return await connect(
            f"ws://{HOST}/ws/",
            host="127.0.0.1",
            port=port,
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            ping_interval=None,
            proxy=None,
            open_timeout=60,
        )


async def _hear(one: ClientConnection) -> None:
    async for said in one:
        now = time.time()
        message = json.loads(said)
        if "at" in message["data"]:
            sys.stdout.write(f"{now - message['data']['at']:.6f}\n")
            sys.stdout.flush()


def main() -> None:
    what, port, *rest = sys.argv[1:]
    if what == "listen":
        asyncio.run(listen(int(port), int(rest[0])))
        return
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    # By default it is the sandbox's, which does not run here, and is asked for its keys.
    settings.OIDC_DISCOVERY_URL = ""

    import benchmarks.realtime  # noqa: F401 - its topic

    call_command("realtime", port=int(port))


if __name__ == "__main__":
    main()
