"""Who may listen no longer does not; who reads slowly holds up nobody; and how the process ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed

from apps.accounts.models import Person
from apps.accounts.session_end import sign_ins_end_all
from apps.accounts.sessions import SessionStore
from apps.accounts.token_sessions import token_session_start
from apps.common.live import tell
from apps.credits.live import BALANCE
from apps.organizations.models import Member
from apps.organizations.services import binding_create, binding_delete, member_offboard
from apps.realtime.connections import MAX_UNSENT_BYTES
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_suspend
from tests.accounts.support import host
from tests.conftest import SYSTEM
from tests.realtime.conftest import (
    NEWS,
    Heard,
    Listen,
    Serve,
    open_socket,
    session_of,
    tell_person,
    wait_until,
)

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


def test_who_is_signed_out_everywhere_hears_nothing_more(
    serve: Serve, listen: Listen, acme: Tenant, alice: Person, bob: Person
) -> None:
    """By a token: the session of the tests has no row that could be ended."""
    server = serve()
    his = listen(server, bob, acme)
    pair = token_session_start(person=alice, tenant_id=None, user_agent="tests", ip=None)
    with open_socket(server, host(acme), Authorization=f"Bearer {pair.access}") as hers:
        sign_ins_end_all(actor=SYSTEM, person_id=alice.id, note="a test")
        assert hers.ended(3) == 4401
    tell(tenant_id=acme.id, to=NEWS)
    assert his.next()["kind"] == "tests.news"


def test_a_session_that_is_gone_is_noticed_without_being_told(
    serve: Serve, acme: Tenant, alice: Person
) -> None:
    server = serve(judge_every_s=0.5)
    cookie = session_of(alice, acme)
    with open_socket(server, host(acme), cookie=cookie, origin=f"http://{host(acme)}") as heard:
        time.sleep(1.2)
        heard.nothing()
        SessionStore(cookie.partition("=")[2]).delete()
        assert heard.ended(5) == 4401


def test_a_removed_member_is_cut_off_at_once(
    serve: Serve, listen: Listen, acme: Tenant, alice: Person, bob: Person, owner: Any
) -> None:
    server = serve()
    his, hers = listen(server, bob, acme), listen(server, alice, acme)
    member_offboard(
        actor=owner,
        member_id=Member.objects.get(person_id=bob.id).id,
        successor_id=Member.objects.get(person_id=alice.id).id,
    )
    assert his.ended(3) == 4403
    tell(tenant_id=acme.id, to=NEWS)
    assert hers.next()["kind"] == "tests.news"


def test_a_suspended_workspace_goes_quiet(
    serve: Serve, listen: Listen, acme: Tenant, globex: Tenant, alice: Person, charlie: Person
) -> None:
    server = serve()
    hers, his = listen(server, alice, acme), listen(server, charlie, globex)
    tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="unpaid")
    assert hers.ended(3) == 4403
    tell(tenant_id=globex.id, to=NEWS)
    assert his.next()["kind"] == "tests.news"


def test_a_role_that_is_taken_takes_its_topics(
    serve: Serve, listen: Listen, acme: Tenant, bob: Person, role: Any, root: Any
) -> None:
    server = serve()
    heard = listen(server, bob, acme)
    member = Member.objects.get(person_id=bob.id)
    binding = binding_create(
        actor=SYSTEM, member_id=member.id, role_id=role("admin").id, organization_id=root.id
    )
    (one,) = server.realtime.connections
    topic = (str(acme.id), "topic:credits.balance")
    wait_until(lambda: topic in one.audiences)
    tell(tenant_id=acme.id, to=BALANCE)
    assert heard.next()["kind"] == "credits.balance"
    binding_delete(actor=SYSTEM, binding_id=binding.id)
    wait_until(lambda: topic not in one.audiences)
    tell(tenant_id=acme.id, to=BALANCE)
    tell(tenant_id=acme.id, to=NEWS)
    assert heard.next()["kind"] == "tests.news"


def test_who_reads_slowly_is_cut_off_and_holds_up_nobody(
    request: pytest.FixtureRequest,
    serve: Serve,
    listen: Listen,
    acme: Tenant,
    alice: Person,
    bob: Person,
) -> None:
    server = serve()
    at = host(acme)
    quick = listen(server, bob, acme)
    slow = _who_does_not_read(server.port, at, session_of(alice, acme))
    request.addfinalizer(slow.close)
    wait_until(lambda: len(server.realtime.connections) == 2)
    (its,) = [one for one in server.realtime.connections if one.admission.person_id == alice.id]
    payload = {"text": "x" * 1900}
    most = 0
    for n in range(6000):
        tell(tenant_id=acme.id, to=NEWS, data={"n": n, **payload})
        found = quick.next()
        assert found["data"]["n"] == n
        most = max(most, server.do(its.transport.get_write_buffer_size))
        if its.is_cut:
            break
    assert its.is_cut
    assert most <= MAX_UNSENT_BYTES + 4096
    assert server.realtime.connections.cut == 1
    wait_until(lambda: len(server.realtime.connections) == 1)


def _who_does_not_read(port: int, at: str, cookie: str) -> socket.socket:
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", port))
    raw.sendall(
        f"GET /ws/ HTTP/1.1\r\nHost: {at}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Origin: http://{at}\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    assert raw.recv(12) == b"HTTP/1.1 101"
    return raw


@pytest.fixture
def process() -> Any:
    """`manage.py realtime` as it runs, and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "REDIS_URL": settings.REDIS_URL.rpartition("/")[0] + "/0",
    }
    started = subprocess.Popen(
        [sys.executable, "manage.py", "realtime", "--port", str(port)],
        cwd=ROOT,
        env=env,
        stderr=subprocess.PIPE,
    )
    try:
        wait_until(lambda: _answers(port))
        yield started, port
    finally:
        started.kill()
        started.communicate()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_sigterm_sends_everybody_to_come_back(
    serve: Serve, listen: Listen, acme: Tenant, alice: Person, bob: Person
) -> None:
    server = serve()
    both = [listen(server, one, acme) for one in (alice, bob)]
    server.stop()
    assert [one.ended() for one in both] == [1012, 1012]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_ends_when_it_is_told(process: Any, number: int) -> None:
    started, _port = process
    started.send_signal(number)
    assert started.wait(10) == 0


def test_what_a_beat_is(serve: Serve, listen: Listen, acme: Tenant, alice: Person) -> None:
    server = serve(beat_s=0.2)
    heard: Heard = listen(server, alice, acme)
    tell_person(acme, alice, 1)
    told = heard.next()
    while told["kind"] == "realtime.beat":
        told = heard.next()
    beat = heard.next()
    assert beat == {"id": told["id"], "kind": "realtime.beat", "data": {}}
    heard.connection.close()
    with pytest.raises(ConnectionClosed):
        heard.next()
    wait_until(lambda: len(server.realtime.connections) == 0)
    assert server.realtime.hub._listeners == {}
