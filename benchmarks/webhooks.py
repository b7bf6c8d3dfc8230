"""Stripe's events: how soon they are answered, and how many come to effect, by real web and worker processes.

Each customer's five events are those of a first purchase; Stripe itself is made up and answers at once.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import stripe
from django.apps import apps

from apps.billing.models import StripeEvent
from benchmarks.serving import Web, web
from benchmarks.webhooks_stripe import found
from benchmarks.world import figure, ms
from config.celery import app

ROOT = Path(__file__).resolve().parents[1]
SECRET = "whsec_bench"
ANSWERED, CUSTOMERS, SENDERS, WORKERS = 1000, 300, 4, 2
TYPES = (
    ("customer.created", "customers", "cus"),
    ("customer.subscription.created", "subscriptions", "sub"),
    ("invoice.created", "invoices", "in"),
    ("invoice.paid", "invoices", "in"),
    ("customer.subscription.updated", "subscriptions", "sub"),
)


def run(tenants: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        "STRIPE_SECRET_KEY": "sk_test_" + "0" * 24,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": f"http://127.0.0.1:{port}",
    }
    with _process("benchmarks.webhooks_stripe", str(port)), web(**env) as server:
        _answers(server)
        _forget()
        _effects(server, env)
        _forget()


def _answers(server: Web) -> None:
    _send(server, _events(range(50)))
    took_s = _send(server, _events(range(1000, 1000 + ANSWERED // len(TYPES))))
    figure("a webhook answered", ms(took_s), f"p50; p95 {ms(took_s, 0.95)}; to reach: 20 ms")
    figure("  statements", "1")


def _effects(server: Web, env: dict[str, str]) -> None:
    bodies = _events(range(CUSTOMERS))
    queue = ["-Q", "sync", "-c", str(WORKERS), "--prefetch-multiplier", "1", "-n", "bench@%h"]
    quiet = ["--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    with _process("celery", "-A", "config", "worker", *queue, *quiet, **env) as worker:
        _send(server, _events(range(5000, 5010)))
        _wait(0)
        processes = {"web": server.process.pid, "workers": worker.pid}
        before_s = {name: _cpu_s(pid) for name, pid in processes.items()}
        began_s = time.perf_counter()
        shares = [bodies[number::SENDERS] for number in range(SENDERS)]
        threads = [threading.Thread(target=_send, args=(server, share)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sent_s = time.perf_counter() - began_s
        _wait(0)
        took_s = time.perf_counter() - began_s
        used_s = {name: _cpu_s(pid) - before_s[name] for name, pid in processes.items()}
    figure(
        f"events of {CUSTOMERS} new customers through to effect",
        f"{len(bodies) / took_s:.0f}/s",
        f"{len(bodies) / sent_s:.0f}/s answered meanwhile; {WORKERS} worker processes; to reach: 200/s",
    )
    for name, cpu_s in used_s.items():
        figure(
            f"  CPU of the {name}",
            f"{cpu_s / len(bodies) * 1000:.1f} ms",
            f"an event; {len(bodies) / cpu_s:.0f} events a second of CPU",
        )
    rows = sum(apps.get_model("djstripe", name).objects.count() for name in ("Customer", "Invoice"))
    if rows < 2 * CUSTOMERS:
        raise RuntimeError("not all of them had an effect")


def _events(numbers: range) -> list[bytes]:
    """Those of one purchase after another, as Stripe sends them."""
    return [
        json.dumps(
            {
                "id": f"evt_{time.monotonic_ns()}_{number}",
                "object": "event",
                "type": kind,
                "api_version": "2026-08-26.dahlia",
                "created": int(time.time()),
                "livemode": False,
                "data": {"object": found(path, f"{prefix}_{number}")},
            }
        ).encode()
        for number in numbers
        for kind, path, prefix in TYPES
    ]


def _send(server: Web, bodies: list[bytes]) -> list[float]:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    took_s = []
    for body in bodies:
        signed = stripe.WebhookSignature.generate_signature_header(body.decode(), SECRET)
        headers = {
            "Content-Type": "application/json",
            "Stripe-Signature": signed,
            "Host": "localhost",
        }
        began_s = time.perf_counter()
        client.request("POST", "/hooks/stripe/", body, headers)
        answer = client.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {text!r}")
        took_s.append(time.perf_counter() - began_s)
    client.close()
    return took_s


def _wait(left: int) -> None:
    """Until no more than that are pending. Nothing sweeps here: what a task does not do stays undone."""
    deadline_s = time.monotonic() + 300
    while StripeEvent.objects.filter(state="pending").count() > left:
        if time.monotonic() > deadline_s:
            raise RuntimeError(str(StripeEvent.objects.exclude(last_error="").first()))
        time.sleep(0.02)


def _cpu_s(pid: int) -> float:
    """Seconds of a process and of those that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    own_s = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return own_s + sum(_cpu_s(int(child)) for child in children)


def _forget() -> None:
    StripeEvent.objects.all().delete()
    with app.connection_for_write() as broker:
        broker.default_channel.queue_purge("sync")


@contextmanager
def _process(module: str, *arguments: str, **env: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, env=os.environ | env
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)
