"""Who gets in: by a session of this host from a page of this host, by a token, by a ticket, once."""

import http.client
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from websockets.exceptions import InvalidStatus

from apps.accounts.models import Person
from apps.accounts.session_end import sign_ins_end_all
from apps.accounts.token_sessions import token_session_start
from apps.common.live import tell
from apps.realtime import tickets
from apps.realtime.server import Limits
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_suspend
from tests.accounts.support import PUBLIC, host
from tests.api.client import Api
from tests.conftest import SYSTEM
from tests.realtime.conftest import Serve, Server, open_socket, session_of, tell_person
from tests.roles.support import make_key

pytestmark = pytest.mark.django_db(transaction=True)


def refused(server: Server, at: str, **given: Any) -> tuple[int, str]:
    """Status and code of the problem that a refused handshake is answered."""
    with pytest.raises(InvalidStatus) as raised, open_socket(server, at, **given):
        pass
    response = raised.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    body = json.loads(response.body)
    assert set(body) == {"type", "title", "status", "code", "detail", "errors", "request_id"}
    assert body["status"] == response.status_code
    assert body["request_id"]
    return response.status_code, body["code"]


def get(server: Server, path: str, at: str, method: str = "GET") -> Any:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    client.request(method, path, headers={"Host": at})
    response = client.getresponse()
    return response, json.loads(response.read())


def test_what_is_no_handshake_is_told_so(serve: Serve, acme: Tenant) -> None:
    server = serve()
    for at in (host(acme), PUBLIC):
        response, body = get(server, "/ws/", at)
        assert (response.status, response.headers["Upgrade"]) == (426, "websocket")
        assert (body["code"], body["status"]) == ("upgrade_required", 426)
    assert get(server, "/ws/", "nowhere.localhost:8000")[1]["code"] == "unknown_host"
    for path in ("/", "/ws", "/api/v1/members/", "/console/"):
        response, body = get(server, path, host(acme))
        assert (response.status, body["code"]) == (404, "not_found")
    response, body = get(server, "/health/ready/", "10.0.0.1")
    assert (response.status, body["checks"]) == (200, {"database": "ok", "redis": "ok"})


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        (b"GET //[ HTTP/1.1", b"Host: acme.localhost:8000", 404),
        (b"GET /ws/ HTTP/1.1", b"Host: [::1", 404),
        (b"GET /ws/ HTTP/1.1", b"Host: \xff\xfe", 404),
        (b"GET /ws/?ticket=%ff&ticket=%00 HTTP/1.1", b"Host: acme.localhost:8000", 401),
        (b"GET /ws/ HTTP/1.1", b"Host: acme.localhost:8000\r\nCookie: session=\xff\xc3", 401),
        (b"GET /ws/ HTTP/1.1", b"Host: acme.localhost:8000\r\nAuthorization: Bearer \xe9", 401),
        (b"GET /ws/ HTTP/1.1", b"X: y", 404),
        (b"GET /ws/ HTTP/1.1", b"Host: acme.localhost:8000\r\nX-Tenant: globex", 401),
    ],
)
def test_what_makes_no_sense_is_refused(
    serve: Serve, acme: Tenant, line: bytes, headers: bytes, status: int
) -> None:
    upgrade = (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )
    with socket.create_connection(("127.0.0.1", serve().port)) as client:
        client.settimeout(20)
        client.sendall(line + b"\r\n" + headers + b"\r\n" + upgrade + b"\r\n")
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"application/problem+json" in answer


def test_without_a_session_nobody_gets_in(serve: Serve, acme: Tenant) -> None:
    server = serve()
    origin = f"http://{host(acme)}"
    assert refused(server, host(acme), origin=origin) == (401, "not_authenticated")
    cookie = "session=nothing"
    assert refused(server, host(acme), origin=origin, cookie=cookie) == (401, "not_authenticated")
    assert refused(server, "nowhere.localhost:8000", cookie=cookie) == (404, "unknown_host")


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.test",
        "http://globex.localhost:8000",  # a neighbour, to whom SameSite is no bar
        "http://localhost:8000",
        "https://acme.localhost:8000",
        "http://acme.localhost:9000",
        "http://acme.localhost:8000.evil.test",
    ],
)
def test_a_page_of_another_site_cannot_use_the_cookie(
    serve: Serve, acme: Tenant, alice: Person, origin: str | None
) -> None:
    cookie = session_of(alice, acme)
    answer = refused(serve(), host(acme), cookie=cookie, origin=origin)
    assert answer == (403, "origin_refused")


def test_a_session_of_another_host_is_none(
    serve: Serve, acme: Tenant, globex: Tenant, alice: Person, charlie: Person
) -> None:
    server = serve()
    at, origin = host(acme), f"http://{host(acme)}"
    for cookie in (session_of(charlie, globex), session_of(alice, None)):
        assert refused(server, at, cookie=cookie, origin=origin) == (401, "not_authenticated")
    # Hers, but it is not her workspace.
    cookie = session_of(charlie, acme)
    assert refused(server, at, cookie=cookie, origin=origin) == (404, "not_found")


def test_a_suspended_workspace_is_closed(serve: Serve, acme: Tenant, alice: Person) -> None:
    cookie = session_of(alice, acme)
    tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="unpaid")
    answer = refused(serve(), host(acme), cookie=cookie, origin=f"http://{host(acme)}")
    assert answer == (403, "tenant_suspended")


def test_a_program_gets_in_by_its_token(serve: Serve, acme: Tenant, alice: Person) -> None:
    server = serve()
    pair = token_session_start(person=alice, tenant_id=None, user_agent="tests", ip=None)
    by_token = {"Authorization": f"Bearer {pair.access}"}
    # No cookie of somebody else's page is looked at beside it, and so no origin either.
    with open_socket(server, host(acme), origin="https://evil.test", **by_token) as heard:
        tell_person(acme, alice, 1)
        assert heard.next()["data"] == {"n": 1}
    assert refused(server, host(acme), Authorization="Bearer nothing") == (401, "token_invalid")
    assert refused(server, "globex.localhost:8000", **by_token) == (404, "not_found")


def test_a_key_is_nobody(serve: Serve, acme: Tenant, owner: Any, alice: Person) -> None:
    secret = make_key(owner).text
    answer = refused(serve(), host(acme), Authorization=f"Bearer {secret}")
    assert answer == (403, "person_required")


def ticket(api: Api, at: str) -> str:
    response = api.post("realtime/tickets/")
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    assert body["url"] == f"ws://{at}/ws/?ticket={body['ticket']}"
    assert body["expires_in_s"] == 30
    return str(body["ticket"])


@pytest.mark.parametrize("way", ["session", "token"])
def test_a_ticket_is_good_once(
    way: str,
    serve: Serve,
    acme: Tenant,
    alice: Person,
    api: Callable[..., Api],
    bearer: Callable[..., Api],
) -> None:
    server = serve()
    issued = ticket({"session": api, "token": bearer}[way](alice), host(acme))
    path = f"/ws/?ticket={issued}"
    with open_socket(server, host(acme), path=path, origin="https://app.example") as heard:
        tell_person(acme, alice, 1)
        assert heard.next()["data"] == {"n": 1}
    assert refused(server, host(acme), path=path) == (401, "ticket_invalid")


def test_a_ticket_is_for_one_tenant(
    serve: Serve, acme: Tenant, globex: Tenant, alice: Person, bearer: Callable[..., Api]
) -> None:
    server = serve()
    issued = ticket(bearer(alice), host(acme))
    path = f"/ws/?ticket={issued}"
    assert refused(server, host(globex), path=path) == (404, "not_found")
    assert refused(server, host(acme), path=path) == (401, "ticket_invalid")
    issued = ticket(bearer(alice), host(acme))
    assert refused(server, PUBLIC, path=f"/ws/?ticket={issued}") == (401, "ticket_invalid")


def test_a_ticket_expires(
    serve: Serve,
    acme: Tenant,
    alice: Person,
    bearer: Callable[..., Api],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = serve()
    issued = ticket(bearer(alice), host(acme))
    redis = caches["global"]._cache.get_client()  # type: ignore[attr-defined]
    key = tickets._key(issued)
    assert 0 < redis.ttl(key) <= 30
    assert b"Bearer" not in redis.get(key)
    redis.pexpire(key, 0)
    path = f"/ws/?ticket={issued}"
    assert refused(server, host(acme), path=path) == (401, "ticket_invalid")
    # A cookie beside it does not help.
    given = {"cookie": session_of(alice, acme), "origin": f"http://{host(acme)}"}
    assert refused(server, host(acme), path=path, **given) == (401, "ticket_invalid")


def test_a_ticket_is_worth_what_it_was_asked_with(
    serve: Serve, acme: Tenant, alice: Person, bearer: Callable[..., Api]
) -> None:
    issued = ticket(bearer(alice), host(acme))
    sign_ins_end_all(actor=SYSTEM, person_id=alice.id, note="a test")
    answer = refused(serve(), host(acme), path=f"/ws/?ticket={issued}")
    assert answer == (401, "token_revoked")


def test_who_may_ask_for_a_ticket(
    acme: Tenant, charlie: Person, owner: Any, api: Callable[..., Api]
) -> None:
    assert api(None).post("realtime/tickets/").status_code == 401
    assert api(charlie).post("realtime/tickets/").status_code == 404
    secret = make_key(owner).text
    response = Api(host(acme), Authorization=f"Bearer {secret}").post("realtime/tickets/")
    assert (response.status_code, response.json()["code"]) == (403, "person_required")


def test_no_more_than_a_person_may_have(
    serve: Serve, acme: Tenant, alice: Person, bob: Person
) -> None:
    server = serve(Limits(connections=4, a_person=2))
    given = {"cookie": session_of(alice, acme), "origin": f"http://{host(acme)}"}
    with open_socket(server, host(acme), **given), open_socket(server, host(acme), **given):
        with pytest.raises(Exception, match="4429") as raised:
            with open_socket(server, host(acme), **given):
                pass
        assert raised.value.rcvd.code == 4429
        his = {"cookie": session_of(bob, acme), "origin": f"http://{host(acme)}"}
        with open_socket(server, host(acme), **his), open_socket(server, host(acme), **his):
            assert refused(server, host(acme), **his) == (503, "unavailable")
        with open_socket(server, host(acme), **his) as heard:
            tell(tenant_id=acme.id, to=bob.id, kind="tests.happened")
            assert heard.next()["kind"] == "tests.happened"
