"""The cache helper by itself: what it keeps, and everything that must not come out of it."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.common import caching
from apps.common.caching import Namespace
from apps.common.tenancy import NoTenant, tenant_context
from apps.tenants.models import Tenant


class Source:
    """What a database would be: a value, and how often it was asked for."""

    def __init__(self, value: Any = 1) -> None:
        self.value, self.loads = value, 0

    def __call__(self) -> Any:
        self.loads += 1
        return self.value


@pytest.fixture
def notes(settings: Any) -> Iterator[Namespace]:
    settings.CACHE_READS = True
    made = Namespace(f"tests.notes_{uuid.uuid4().hex}", ttl_s=60)
    yield made
    del caching._namespaces[made.name]


@pytest.fixture
def down(monkeypatch: Any) -> Callable[[], None]:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise RedisConnectionError("away")

    return lambda: monkeypatch.setattr(caching, "redis_client", fail)


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def test_loaded_once_for_each_key(notes: Namespace) -> None:
    source = Source({"a": [1, uuid.UUID(int=1)]})
    assert [notes.get("x", source) for _ in range(3)] == [{"a": [1, uuid.UUID(int=1)]}] * 3
    assert source.loads == 1
    notes.get("y", source)
    assert source.loads == 2


def test_nothing_is_not_kept(notes: Namespace) -> None:
    source = Source(None)
    assert [notes.get("x", source) for _ in range(2)] == [None, None]
    assert source.loads == 2
    # Falsy values are something.
    source.value = 0
    assert [notes.get("x", source) for _ in range(2)] == [0, 0]
    assert source.loads == 3


def test_another_tenant_has_another_cache(notes: Namespace, acme: Tenant, globex: Tenant) -> None:
    ours, theirs = Source("acme's"), Source("globex's")
    assert notes.get("x", ours) == "acme's"
    with tenant_context(globex):
        assert notes.get("x", theirs) == "globex's"
        with transaction.atomic(durable=False):
            notes.invalidate()
    assert notes.get("x", ours) == "acme's"
    assert ours.loads == 1
    with tenant_context(None), pytest.raises(NoTenant):
        notes.get("x", ours)
    keys = [key.decode() for key in caching.redis_client().scan_iter(f"cache:*{notes.name}*")]
    # In Redis Cluster all that is read at once is in one slot.
    assert {key[: key.index("}") + 1] for key in keys} == {
        f"cache:{{{acme.id}}}",
        f"cache:{{{globex.id}}}",
    }


def test_one_stamp_drops_the_namespace(
    notes: Namespace, django_capture_on_commit_callbacks: Any
) -> None:
    source = Source(1)
    notes.get("x", source)
    notes.get("y", source)
    with django_capture_on_commit_callbacks(execute=True):
        notes.invalidate()
    source.value = 2
    assert (notes.get("x", source), notes.get("y", source)) == (2, 2)


def test_while_it_changes_everybody_reads_the_database(
    notes: Namespace, django_capture_on_commit_callbacks: Any
) -> None:
    source = Source("old")
    notes.get("x", source)
    with django_capture_on_commit_callbacks() as callbacks:
        notes.invalidate()
    assert notes.get("x", source) == "old"
    # Committed, and the hook has not run: who asks now is told the new value.
    source.value = "new"
    assert notes.get("x", source) == "new"
    for callback in callbacks:
        callback()
    loads = source.loads
    assert [notes.get("x", source) for _ in range(2)] == ["new", "new"]
    assert source.loads == loads + 1


def test_two_writers_each_have_a_mark(
    notes: Namespace, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as first:
        notes.invalidate()
    with django_capture_on_commit_callbacks() as second:
        notes.invalidate()
    source = Source("before the first")
    for callback in second:
        callback()
    assert [notes.get("x", source) for _ in range(2)] == ["before the first"] * 2
    assert source.loads == 2, "it was kept while a writer was at it"
    for callback in first:
        callback()
    source.value = "after"
    assert [notes.get("x", source) for _ in range(2)] == ["after"] * 2
    assert source.loads == 3


def test_a_writer_that_died_leaves_nothing_old(notes: Namespace, monkeypatch: Any) -> None:
    source = Source("old")
    notes.get("x", source)
    # Rolled back, or killed before its hook: nobody says that it is over.
    with monkeypatch.context() as patch:
        patch.setattr(caching, "CHANGING_S", 1)
        notes.invalidate()
    source.value = "new"
    assert notes.get("x", source) == "new"
    time.sleep(1.1)
    loads = source.loads
    assert [notes.get("x", source) for _ in range(2)] == ["new", "new"]
    assert source.loads == loads + 1


def test_who_loads_the_old_value_while_it_is_changed_keeps_it_for_nobody(
    notes: Namespace, django_capture_on_commit_callbacks: Any
) -> None:
    source = Source("new")

    def slow() -> str:
        # Read before the commit, kept after it.
        with django_capture_on_commit_callbacks(execute=True):
            notes.invalidate()
        return "old"

    assert notes.get("x", slow) == "old"
    assert notes.get("x", source) == "new"


def test_of_fifty_at_once_one_loads(notes: Namespace, acme: Tenant) -> None:
    loads: list[float] = []
    ready = threading.Barrier(50)

    def load() -> str:
        loads.append(time.monotonic())
        time.sleep(0.3)
        return "x"

    def ask(_number: int) -> str:
        with tenant_context(acme):
            ready.wait()
            return notes.get("x", load)

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(ask, range(50))) == ["x"] * 50
    assert len(loads) == 1


def test_a_loader_that_dies_holds_nobody_up_for_long(notes: Namespace, monkeypatch: Any) -> None:
    monkeypatch.setattr(caching, "LOADING_S", 1)
    names = caching.Names(notes.name, notes._scope(None), "x")
    assert caching._claim(names)
    began_s = time.monotonic()
    assert notes.get("x", Source("x")) == "x"
    assert time.monotonic() - began_s < 2
    # And one that raises does not hold up at all.
    with pytest.raises(ZeroDivisionError):
        notes.get("y", lambda: 1 // 0)
    began_s = time.monotonic()
    assert notes.get("y", Source("y")) == "y"
    assert time.monotonic() - began_s < 0.5


def test_write_through(notes: Namespace, django_capture_on_commit_callbacks: Any) -> None:
    source = Source("old")
    notes.get("x", source)
    source.value = "new"
    with django_capture_on_commit_callbacks(execute=True):
        notes.refresh("x", source)
    loads = source.loads
    assert notes.get("x", source) == "new"
    assert source.loads == loads


def test_it_ends_by_itself(settings: Any, in_acme: None) -> None:
    settings.CACHE_READS = True
    brief = Namespace(f"tests.brief_{uuid.uuid4().hex}", ttl_s=1)
    source = Source(1)
    brief.get("x", source)
    time.sleep(1.2)
    brief.get("x", source)
    assert source.loads == 2


def test_without_redis_the_database_answers(notes: Namespace, down: Callable[[], None]) -> None:
    source = Source(1)
    notes.get("x", source)
    down()
    source.value = 2
    assert notes.get("x", source) == 2
    notes.invalidate()
    strict = Namespace(f"tests.strict_{uuid.uuid4().hex}", ttl_s=60, is_strict=True)
    assert strict.get("x", source) == 2
    with pytest.raises(RedisConnectionError):
        strict.invalidate()


def test_redis_going_away_while_it_loads(notes: Namespace, down: Callable[[], None]) -> None:
    def load() -> str:
        down()
        return "x"

    assert notes.get("x", load) == "x"


def test_looking_for_what_is_not_there_leaves_nothing(notes: Namespace) -> None:
    """Whoever invents host names does not fill Redis."""
    for number in range(5):
        notes.get(f"x{number}", Source(None))
    assert list(caching.redis_client().scan_iter(f"cache:*{notes.name}*")) == []


def test_switched_off(notes: Namespace, settings: Any) -> None:
    source = Source(1)
    notes.get("x", source)
    settings.CACHE_READS = False
    source.value = 2
    assert notes.get("x", source) == 2


def test_names_are_nobody_elses(notes: Namespace) -> None:
    with pytest.raises(ImproperlyConfigured):
        Namespace(notes.name, ttl_s=5)


@pytest.mark.parametrize("ttl_s", [0, caching.STAMP_S])
def test_no_entry_outlives_the_stamp_of_a_change(ttl_s: int) -> None:
    with pytest.raises(ImproperlyConfigured):
        Namespace("tests.too_long", ttl_s=ttl_s)


def test_the_cost_of_a_hit_is_one_round_trip(notes: Namespace, monkeypatch: Any) -> None:
    source = Source(1)
    notes.get("x", source)
    client = caches["global"]._cache.get_client()  # type: ignore[attr-defined]
    sent: list[str] = []
    real = client.connection_pool.get_connection
    monkeypatch.setattr(
        client.connection_pool,
        "get_connection",
        lambda *args, **kwargs: sent.append("trip") or real(*args, **kwargs),
    )
    notes.get("x", source)
    assert sent == ["trip"]
