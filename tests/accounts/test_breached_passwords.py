"""Stolen passwords are refused everywhere; nobody is kept out when that cannot be found out."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from apps.accounts import breached_passwords
from apps.accounts.models import Person
from apps.common.outbound import Answer, Upstream
from tests.accounts.support import (
    PASSWORD,
    PUBLIC,
    link_in,
    mails_after_drain,
    post_json,
    sign_in,
    use_urls,
)

STOLEN = "correct horse battery staple"
GOOD = "an entirely new phrase"
SAID = "This password is in a list of stolen ones"


class Stub(ThreadingHTTPServer):
    """Answers every request in one way, and notes what it was asked."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        asked: list[tuple[str, dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.path, dict(self.headers), b""))
                answer(self)

            def log_message(self, *_args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = asked
        self.url = f"http://127.0.0.1:{self.server_port}/range"


def say(status: int, body: str = "", headers: dict[str, str] | None = None) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body.encode())

    return answer


@pytest.fixture
def serve(settings: Any) -> Iterator[Callable[[Any], Stub]]:
    stubs: list[Stub] = []

    def start(answer: Any) -> Stub:
        stub = Stub(answer)
        threading.Thread(target=stub.serve_forever, args=(0.05,), daemon=True).start()
        settings.BREACHED_PASSWORDS_URL = stub.url
        stubs.append(stub)
        return stub

    yield start
    for stub in stubs:
        stub.shutdown()
        stub.server_close()


def listing(password: str, count: int) -> str:
    suffix = hashlib.sha1(password.encode()).hexdigest().upper()[5:]
    return f"{'0' * 35}:3\r\n{suffix}:{count}\r\n{'F' * 35}:0\r\n"


def test_only_five_digits_leave(serve: Any) -> None:
    stub = serve(say(200, listing(STOLEN, 7)))
    with pytest.raises(ValidationError) as caught:
        validate_password(STOLEN)
    assert [error.code for error in caught.value.error_list] == ["password_breached"]
    [(path, headers, _body)] = stub.asked
    assert path == "/range/" + hashlib.sha1(STOLEN.encode()).hexdigest().upper()[:5]
    assert headers["Add-Padding"] == "true"
    sent = path + str(headers)
    assert hashlib.sha1(STOLEN.encode()).hexdigest()[5:15].upper() not in sent.upper()


def test_padding_is_no_breach(serve: Any) -> None:
    serve(say(200, listing(GOOD, 0)))
    validate_password(GOOD)
    serve(say(200, listing("another one", 9)))
    validate_password(GOOD)


@pytest.mark.parametrize(
    "answer",
    [
        say(500, listing(STOLEN, 7)),
        say(429),
        say(302, "", {"Location": "http://127.0.0.1:1/"}),
        say(200, "<html>\x00 not what was asked for"),
        lambda handler: handler.connection.close(),
    ],
)
def test_no_answer_keeps_nobody_out(serve: Any, answer: Any) -> None:
    stub = serve(answer)
    validate_password(STOLEN)
    assert len(stub.asked) == 1


def test_nobody_waits_long(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert breached_passwords.UPSTREAM.total_s == 2.0
    hasty = replace(breached_passwords.UPSTREAM, total_s=0.2)
    monkeypatch.setattr(breached_passwords, "UPSTREAM", hasty)
    warned: list[dict[str, Any]] = []
    monkeypatch.setattr(
        breached_passwords.log, "warning", lambda event, **kw: warned.append({"event": event, **kw})
    )
    serve(lambda _handler: time.sleep(1))
    began_s = time.monotonic()
    validate_password(STOLEN)
    assert time.monotonic() - began_s < 0.9
    assert warned == [{"event": "accounts.breached_passwords_unavailable", "error": "timeout"}]


def test_empty_url_asks_nobody(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BREACHED_PASSWORDS_URL = ""
    monkeypatch.setattr(Upstream, "request", lambda *_a, **_k: pytest.fail("asked"))
    validate_password(STOLEN)


def test_the_other_rules_stay() -> None:
    for password, code in (("short", "password_too_short"), ("password123", "password_too_common")):
        with pytest.raises(ValidationError) as caught:
            validate_password(password)
        assert code in [error.code for error in caught.value.error_list]


@pytest.fixture
def range_api(live_server: Any, settings: Any) -> str:
    settings.BREACHED_PASSWORDS_URL = f"{live_server.url}/sandbox/pwned-passwords/range"
    return str(settings.BREACHED_PASSWORDS_URL)


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a transaction was open, for each time that the network was asked."""
    seen: list[bool] = []
    ask = Upstream.request

    def asked(*args: Any, **kwargs: Any) -> Answer:
        seen.append(connection.in_atomic_block)
        return ask(*args, **kwargs)

    monkeypatch.setattr(Upstream, "request", asked)
    return seen


@pytest.mark.django_db(transaction=True)
def test_every_way_to_set_one(
    alice: Person, range_api: str, client: Client, unlocked: list[bool], monkeypatch: Any
) -> None:
    use_urls(monkeypatch, "config")
    sign_up = {"name": "Dana", "email": "dana@example.com"}
    page = client.post("/accounts/signup/", {**sign_up, "password1": STOLEN})
    assert SAID in page.content.decode()
    answer = post_json(client, "/api/v1/auth/signup/", {**sign_up, "password": STOLEN})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "password")
    assert not Person.objects.filter(email="dana@example.com").exists()

    sign_in(client, alice)
    change = {"oldpassword": PASSWORD, "password1": STOLEN}
    assert SAID in client.post("/accounts/password/change/", change).content.decode()

    visitor = Client(HTTP_HOST=PUBLIC)
    visitor.post("/accounts/password/reset/", {"email": alice.email})
    form = visitor.get(link_in(mails_after_drain()[-1]), follow=True)
    path = form.redirect_chain[0][0]
    assert SAID in visitor.post(path, {"password1": STOLEN}).content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)

    assert visitor.post(path, {"password1": GOOD}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(GOOD)
    # Each was asked once, and never with a transaction open.
    assert unlocked == [False] * 5


@pytest.mark.django_db(transaction=True)
def test_the_stand_in_is_like_the_real_one(range_api: str) -> None:
    digest = hashlib.sha1(STOLEN.encode()).hexdigest().upper()
    plain = requests.get(f"{range_api}/{digest[:5]}", timeout=5)
    assert plain.headers["Content-Type"].startswith("text/plain")
    assert digest[5:] in [line.split(":")[0] for line in plain.text.split("\r\n")]
    padded = requests.get(
        f"{range_api}/{digest[:5].lower()}", headers={"Add-Padding": "true"}, timeout=5
    ).text.split("\r\n")
    assert 800 <= len(padded) <= 1000
    assert all(len(line.split(":")[0]) == 35 for line in padded)
    refused = requests.get(f"{range_api}/XYZ12", timeout=5)
    assert (refused.status_code, refused.text) == (400, "The hash prefix was not in a valid format")
