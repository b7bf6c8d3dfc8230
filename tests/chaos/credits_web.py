"""`python -m tests.chaos.credits_web DATABASE`: a web server whose worker dies between commit and answer.

As servers do it, the master holds the socket and forks a worker, and another one when it is gone. Prints the
port. A worker kills itself, by SIGKILL, after one in KILLED of the writes that it has carried out.
"""

import os
import random
import signal
import sys
from collections.abc import Iterable
from typing import Any

import django

KILLED = 0.04
READS = ("GET", "HEAD")


def main() -> None:
    django.setup()
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection

    from tests.chaos.stripe_account import server_of

    connection.settings_dict["NAME"] = sys.argv[1]
    handler = WSGIHandler()

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = handler(environ, start_response)
        if environ["REQUEST_METHOD"] not in READS and random.random() < KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    server = server_of(application)
    _say(server.server_address[1])
    while True:
        worker = os.fork()
        if worker == 0:
            random.seed()
            server.serve_forever()
        _pid, status = os.waitpid(worker, 0)
        _say(os.WTERMSIG(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
