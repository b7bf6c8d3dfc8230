"""Coming back: what was missed is sent, or the page is told to ask anew. And what a client may not say."""

import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from django.conf import settings
from django.test import RequestFactory

from apps.accounts.models import Person
from apps.common import live
from apps.common.live import tell
from apps.portal.shell import Shell
from apps.realtime.hub import Hub, Message, read_id
from apps.tenants.models import Tenant
from tests.realtime.conftest import NEWS, SECRETS, Listen, Serve, tell_person

real = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stream() -> Any:
    return redis.Redis.from_url(settings.REDIS_URL)


@real
def test_what_was_missed_is_sent_in_order(
    serve: Serve, listen: Listen, acme: Tenant, globex: Tenant, alice: Person, bob: Person
) -> None:
    server = serve()
    first = listen(server, bob, acme)
    tell_person(acme, bob, 1)
    seen = first.next()["id"]
    first.connection.close()
    tell_person(acme, bob, 2)
    tell(tenant_id=acme.id, to=NEWS, data={"n": 3})
    tell(tenant_id=acme.id, to=SECRETS)
    tell_person(acme, alice, 4)
    tell_person(globex, bob, 5)
    tell_person(acme, bob, 6)
    second = listen(server, bob, acme)
    second.nothing()
    second.say(resume=seen)
    found = [second.next() for _ in range(3)]
    assert [one["data"] for one in found] == [{"n": 2}, {"n": 3}, {"n": 6}]
    second.nothing()
    third = listen(server, bob, acme)
    third.say(resume=found[-1]["id"])
    third.nothing()


@real
def test_a_process_that_starts_knows_what_was_told_before(
    serve: Serve, listen: Listen, acme: Tenant, alice: Person
) -> None:
    tell_person(acme, alice, 1)
    before = listen(serve(), alice, acme).hello["id"]
    tell_person(acme, alice, 2)
    heard = listen(serve(), alice, acme)
    heard.say(resume=before)
    assert heard.next()["data"] == {"n": 2}


@real
def test_too_long_ago_is_told(serve: Serve, listen: Listen, acme: Tenant, alice: Person) -> None:
    tell_person(acme, alice, 1)
    heard = listen(serve(), alice, acme)
    heard.say(resume="1-0")
    reset = heard.next()
    assert (reset["kind"], reset["id"]) == ("realtime.reset", heard.hello["id"])
    heard.nothing()


@real
def test_a_page_resumes_from_when_it_was_made(
    serve: Serve, listen: Listen, acme: Tenant, alice: Person, stream: Any
) -> None:
    """Its id is made up of a time, which is later than anything that was told, or earlier."""
    long_ago = {"tenant": str(acme.id), "to": "person:x", "kind": "tests.happened", "data": "{}"}
    stream.xadd("live", long_ago, id=f"{int(time.time() * 1000) - 10_000}-0")
    tell_person(acme, alice, 1)
    server = serve()
    made = Shell(RequestFactory().get("/")).live_since
    heard = listen(server, alice, acme)
    heard.say(resume=made)
    assert heard.next()["data"] == {"n": 1}
    later = listen(server, alice, acme)
    later.say(resume=f"{int(time.time() * 1000) + 5000}-0")
    later.nothing()


@real
@pytest.mark.parametrize(
    "said",
    [
        "",
        "hello",
        "[]",
        "7",
        '"resume"',
        '{"resume": 7}',
        '{"resume": null}',
        '{"resume": "x"}',
        '{"resume": "1-"}',
        '{"resume": "-1-1"}',
        '{"resume": "1-0", "topics": ["tests.secrets"]}',
        '{"subscribe": "tests.secrets"}',
        b'{"resume": "1-0"}',
    ],
)
def test_anything_else_ends_it(
    serve: Serve, listen: Listen, acme: Tenant, bob: Person, said: str | bytes
) -> None:
    heard = listen(serve(), bob, acme)
    heard.connection.send(said)
    assert heard.ended() == 1008


@real
def test_a_client_resumes_once_and_says_little(
    serve: Serve, listen: Listen, acme: Tenant, bob: Person
) -> None:
    server = serve()
    heard = listen(server, bob, acme)
    heard.say(resume=heard.hello["id"])
    heard.say(resume=heard.hello["id"])
    assert heard.ended() == 1008
    heard = listen(server, bob, acme)
    heard.connection.send(json.dumps({"resume": "1" * 300}))
    assert heard.ended() == 1009


@real
def test_when_redis_lost_the_stream_everybody_asks_anew(
    serve: Serve, listen: Listen, acme: Tenant, alice: Person, stream: Any
) -> None:
    server = serve()
    heard = listen(server, alice, acme)
    tell_person(acme, alice, 1)
    seen = heard.next()["id"]
    database = str(stream.connection_pool.connection_kwargs["db"])
    for client in stream.client_list():
        if client["name"] == "wrapper-realtime" and client["db"] == database:
            stream.client_kill_filter(_id=client["id"])
    assert heard.next()["kind"] == "realtime.reset"
    tell_person(acme, alice, 2)
    assert heard.next()["data"] == {"n": 2}
    again = listen(server, alice, acme)
    again.say(resume=seen)
    assert again.next()["kind"] == "realtime.reset"


def test_without_redis_nothing_is_told_and_nothing_fails(
    acme: Tenant, alice: Person, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    live._redis.cache_clear()
    before = live._silence.lost
    try:
        for _ in range(3):
            tell_person(acme, alice)
        assert live._silence.lost == before + 3
    finally:
        live._redis.cache_clear()
        live._silence.until_s = 0.0


def test_a_redis_that_is_full_breaks_no_write(acme: Tenant, alice: Person, stream: Any) -> None:
    before = live._silence.lost
    stream.set("live", "no stream")  # any error that Redis may answer
    try:
        tell_person(acme, alice)
        assert live._silence.lost == before + 1
    finally:
        stream.delete("live")
        live._silence.until_s = 0.0


def test_what_cannot_be_told(acme: Tenant, alice: Person) -> None:
    for kind, data in (("bell", {}), ("a.b", {"text": "x" * 3000}), ("", {})):
        with pytest.raises(ValueError, match="cannot be told"):
            tell(tenant_id=acme.id, to=alice.id, kind=kind, data=data)


def _message(number: int, audience: str = "person:a", at_ms: int = 1000) -> Message:
    return Message((at_ms, number), ("t", audience), "tests.happened", b"{}")


@pytest.fixture
def hub() -> Callable[..., Hub]:
    return lambda **options: Hub(lambda _listeners, _frame: None, **options)


def test_only_so_many_are_kept(hub: Callable[..., Hub]) -> None:
    kept = hub(keep=3)
    listener = SimpleNamespace(audiences=(("t", "person:a"), ("t", "topic:b")))
    kept.begin(floor=(1000, 0), position=(1000, 0))
    for number in range(1, 6):
        kept.hear(_message(number, ("person:a", "topic:b")[number % 2]))
    assert kept.missed(listener, (1000, 1)) is None
    assert [json.loads(one)["id"] for one in kept.missed(listener, (1000, 2))] == [
        "1000-3",
        "1000-4",
        "1000-5",
    ]
    assert kept.missed(listener, (1000, 5)) == []
    assert kept.missed(listener, (2000, 0)) == []
    assert sum(map(len, kept._kept_for.values())) == len(kept._kept) == 3


def test_only_so_long(hub: Callable[..., Hub]) -> None:
    kept = hub(keep_s=300)
    listener = SimpleNamespace(audiences=(("t", "person:a"),))
    kept.hear(_message(1, at_ms=1_000))
    kept.hear(_message(1, "person:z", at_ms=301_000))
    assert len(kept.missed(listener, (0, 0)) or ()) == 1
    kept.hear(_message(2, "person:z", at_ms=301_001))
    assert kept.missed(listener, (0, 0)) is None
    assert kept.missed(listener, (1_000, 1)) == []


def test_who_begins_with_what_is_old_keeps_nothing_of_it(hub: Callable[..., Hub]) -> None:
    """The stream ends with who is to be judged again, long after its last message."""
    kept = hub(keep_s=300)
    listener = SimpleNamespace(audiences=(("t", "person:a"),))
    kept.begin(floor=(1_000, 0), position=(900_000, 0))
    kept.keep(_message(1, at_ms=1_000))
    assert len(kept._kept) == 0
    assert kept.missed(listener, (0, 0)) is None
    assert kept.missed(listener, (1_000, 1)) == []


def test_ids_are_in_the_order_of_numbers() -> None:
    assert read_id("999-10") < read_id("1000-2") < read_id("1000-10")
