"""The one client: how often, how long, how many at once, by whom, and what is counted."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from apps.common.breakers import Breaker
from apps.common.outbound import Away, OutboundError, Upstream, client, retry_after_s
from apps.common.outbound.traffic import Outcome, names, traffic_of
from tests.zone import Zone

Told = tuple[int, dict[str, str], bytes]


class Far:
    """A server that says what it is told to, one after another; the last for good."""

    def __init__(self) -> None:
        self.says: list[Told] = [(200, {}, b"ok")]
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.waits_s = 0.0
        far = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                pass

            def answer(self) -> None:
                far.asked.append((self.command, self.path, dict(self.headers)))
                time.sleep(far.waits_s)
                status, headers, body = far.says.pop(0) if len(far.says) > 1 else far.says[0]
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.answer()

            def do_POST(self) -> None:
                self.answer()

            def do_DELETE(self) -> None:
                self.answer()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None  # type: ignore[method-assign]
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/x"


@pytest.fixture
def far() -> Iterator[Far]:
    made = Far()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long it was waited between attempts; nobody waits here."""
    found: list[float] = []
    clock = SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=found.append)
    monkeypatch.setattr(client, "time", clock)
    return found


def upstream(**changes: Any) -> Upstream:
    values = {"total_s": 3.0, "retries": 2, "is_trusted": True, "needs_tls": False, **changes}
    return Upstream("tests.far", **values)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_can_be_asked_twice_is(status: int, far: Far, slept: list[float]) -> None:
    far.says = [(status, {}, b""), (status, {}, b""), (200, {}, b"ok")]
    assert upstream().request("GET", far.url).body == b"ok"
    assert len(far.asked) == 3
    assert [pause <= bound for pause, bound in zip(slept, (0.2, 0.4), strict=True)] == [True, True]


def test_after_so_many_the_answer_is_what_it_is(far: Far) -> None:
    far.says = [(503, {}, b"")]
    assert upstream().request("DELETE", far.url).status == 503
    assert len(far.asked) == 3


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_other_answers_are_answers(status: int, far: Far) -> None:
    far.says = [(status, {}, b"")]
    assert upstream().request("GET", far.url).status == status
    assert len(far.asked) == 1


def test_what_has_effects_is_asked_once_unless_it_has_a_key(far: Far) -> None:
    far.says = [(503, {}, b""), (200, {}, b"")]
    assert upstream().request("POST", far.url).status == 503
    far.says = [(503, {}, b""), (200, {}, b"")]
    assert upstream().request("POST", far.url, idempotency_key="k1").status == 200
    assert [headers.get("Idempotency-Key") for *_rest, headers in far.asked] == [None, "k1", "k1"]


def test_retry_after_is_kept_to(far: Far, slept: list[float]) -> None:
    far.says = [(503, {"Retry-After": "2"}, b""), (200, {}, b"")]
    assert upstream(total_s=10.0).request("GET", far.url).status == 200
    assert slept == [2.0]
    # Who wants more time than there is has the last word.
    far.says = [(503, {"Retry-After": "20"}, b""), (200, {}, b"")]
    assert upstream(total_s=10.0).request("GET", far.url).status == 503


def test_retry_after_as_a_date() -> None:
    at = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 90))
    assert 85 < retry_after_s(at, 1.0) <= 90
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT", 1.0) == 0
    assert retry_after_s("soon", 1.0) == retry_after_s("", 1.0) == retry_after_s("²", 1.0) == 1.0
    assert retry_after_s("99999", 1.0) == 3600


def test_nobody_there_is_asked_again(far: Far) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(Away) as caught:
        upstream().request("GET", f"http://127.0.0.1:{port}/")
    assert caught.value.code == "unreachable"
    assert traffic_of("tests.far").repeated == 2


def test_all_attempts_have_the_time_of_one(far: Far) -> None:
    far.waits_s = 5
    began_s = time.monotonic()
    with pytest.raises(Away) as caught:
        upstream(total_s=0.5, read_s=0.2).request("GET", far.url)
    assert caught.value.code == "timeout"
    assert time.monotonic() - began_s < 1
    assert len(far.asked) >= 2


def test_the_bulkhead_refuses_at_once(far: Far) -> None:
    far.waits_s = 0.5
    narrow = upstream(at_once=1)
    thread = threading.Thread(target=lambda: narrow.request("GET", far.url))
    thread.start()
    until(lambda: bool(far.asked))
    began_s = time.monotonic()
    with pytest.raises(OutboundError) as caught:
        narrow.request("GET", far.url)
    assert caught.value.code == "busy"
    assert time.monotonic() - began_s < 0.2
    with narrow.session() as session, pytest.raises(requests.ConnectionError, match="busy"):
        session.get(far.url)
    thread.join()
    assert narrow.request("GET", far.url).status == 200
    counted = traffic_of("tests.far")
    assert (counted.outcomes[Outcome.ANSWERED], counted.outcomes[Outcome.REFUSED]) == (2, 2)
    assert (counted.peak, counted.places) == (1, 1)


def test_one_waits_for_its_place_as_long_as_it_may(far: Far) -> None:
    far.waits_s = 0.1
    narrow = upstream(at_once=1, wait_s=2.0)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(narrow.request("GET", far.url).status))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 4


def test_the_breaker_counts_attempts_and_ends_them(far: Far) -> None:
    far.says = [(503, {}, b"")]
    guarded = upstream(retries=5, breaker=Breaker("tests.far", failures=3, open_s=30))
    with pytest.raises(OutboundError) as caught:
        guarded.request("GET", far.url)
    assert caught.value.code == "circuit_open"
    assert 0 < caught.value.retry_after_s <= 30
    assert len(far.asked) == 3
    with pytest.raises(OutboundError):
        guarded.request("GET", far.url)
    assert len(far.asked) == 3


def test_what_it_answers_to_us_keeps_the_breaker_closed(far: Far) -> None:
    far.says = [(404, {}, b"")]
    guarded = upstream(breaker=Breaker("tests.far", failures=2))
    for _ in range(4):
        assert guarded.request("GET", far.url).status == 404
    assert guarded.breaker is not None
    assert guarded.breaker.status().succeeded == 4


def test_redirects_are_followed_where_that_is_wanted(far: Far) -> None:
    far.says = [(302, {"Location": "/y"}, b""), (200, {}, b"there")]
    assert upstream().request("GET", far.url).status == 302
    far.says = [(302, {"Location": "/y"}, b""), (200, {}, b"there")]
    found = upstream().request("GET", far.url, max_redirects=1, auth=("a", "b"))
    assert found.body == b"there"
    assert [(path, "Authorization" in headers) for _m, path, headers in far.asked[1:]] == [
        ("/x", True),
        ("/y", True),
    ]
    far.says = [(302, {"Location": "/x"}, b"")]
    assert upstream().request("GET", far.url, max_redirects=3).status == 302
    assert len(far.asked) == 3 + 4
    assert upstream().request("POST", far.url, max_redirects=3).status == 302


def test_another_host_learns_no_secrets(far: Far) -> None:
    other = f"http://localhost:{far.port}/y"
    far.says = [(307, {"Location": other}, b""), (200, {}, b"")]
    headers = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Plain": "1"}
    hosts = frozenset({f"localhost:{far.port}"})
    upstream().request("GET", far.url, headers=headers, internal_hosts=hosts, max_redirects=1)
    sent = far.asked[-1][2]
    assert "Authorization" not in sent
    assert "Cookie" not in sent
    assert sent["X-Plain"] == "1"


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://169.254.169.254/latest/meta-data/", "url_refused"),
        ("https://127.0.0.1/", "url_refused"),
        ("https://[::ffff:127.0.0.1]/", "url_refused"),
        ("https://inside.test/", "address_refused"),
        ("https://mixed.test/", "address_refused"),
        ("file:///etc/passwd", "url_refused"),
        ("gopher://x/", "url_refused"),
        ("//127.0.0.1:6379/", "url_refused"),
    ],
)
def test_each_redirect_is_looked_at_anew(
    location: str, code: str, far: Far, zone: Zone, settings: Any
) -> None:
    settings.OUTBOUND_RESOLVERS = [f"127.0.0.1:{zone.port}"]
    zone.addresses["inside.test"] = [["10.0.0.1"]]
    zone.addresses["mixed.test"] = [["8.8.8.8", "10.0.0.1"]]
    far.says = [(302, {"Location": location}, b"")]
    stranger = Upstream("tests.far")
    hosts = frozenset({f"127.0.0.1:{far.port}"})
    with pytest.raises(OutboundError) as caught:
        stranger.request("GET", far.url, internal_hosts=hosts, max_redirects=3)
    assert caught.value.code == code


def test_strangers_addresses_are_public_unless_said_otherwise(far: Far) -> None:
    for ask in (
        lambda: Upstream("tests.far").request("GET", far.url),
        lambda: Upstream("tests.far", is_trusted=True).request("GET", far.url),
    ):
        with pytest.raises(OutboundError) as caught:
            ask()
        assert caught.value.code == "url_refused"
    with Upstream("tests.far").session() as session:
        for url in (far.url, "https://127.0.0.1/"):
            with pytest.raises(requests.exceptions.InvalidURL):
                session.get(url)
    assert far.asked == []


def test_sessions_for_libraries_have_time_for_the_block(far: Far) -> None:
    far.waits_s = 5
    began_s = time.monotonic()
    with upstream(total_s=0.4).session() as session, pytest.raises(requests.RequestException):
        session.get(far.url, timeout=30)
    assert time.monotonic() - began_s < 1


def test_lasting_sessions_keep_connections_and_have_time_for_each(far: Far) -> None:
    kept = upstream(total_s=0.6).lasting_session()
    with kept:
        assert [kept.get(far.url).text for _ in range(3)] == ["ok"] * 3
        assert traffic_of("tests.far").outcomes[Outcome.ANSWERED] == 3
        # The connection is an old one: its time is that of the request all the same.
        far.waits_s = 5
        began_s = time.monotonic()
        with pytest.raises(requests.RequestException):
            kept.get(far.url, timeout=30)
        assert time.monotonic() - began_s < 1.2


def test_what_is_counted(far: Far) -> None:
    far.says = [(200, {}, b""), (500, {}, b""), (200, {}, b"")]
    for _ in range(3):
        upstream().request("GET", far.url)
    counted = traffic_of("tests.far")
    assert counted.outcomes == {
        Outcome.ANSWERED: 2,
        Outcome.FAILED: 1,
        Outcome.TIMEOUT: 0,
        Outcome.REFUSED: 0,
    }
    assert (counted.calls, counted.repeated, counted.peak) == (3, 0, 1)
    assert counted.mean_ms is not None
    assert counted.p95_ms is not None
    assert "tests.far" in names()
    assert traffic_of("tests.none").mean_ms is None


def until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.01)
