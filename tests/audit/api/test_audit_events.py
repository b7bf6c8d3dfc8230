"""`audit-events/`: search, pages, one entry, export, and the stream."""

import csv
import io
import json
import tracemalloc
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from apps.audit.models import Entry
from apps.audit.permissions import VIEW_ENTRIES
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.trail.archives import archive_step
from apps.trail.chains import Chain, entries_append
from tests.api.client import statements
from tests.audit.conftest import new_entry
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db
URL = "audit-events/"


@pytest.fixture
def entries(chain: Chain) -> list[Entry]:
    """1 to 4, of which 3 is a refusal of bob's."""
    with tenant_context(chain.tenant):
        entries_append(
            chain,
            [
                new_entry(1),
                new_entry(
                    2,
                    action="tenants.tenant_renamed",
                    what={
                        "data": {"name": "Acme 2"},
                        "before": {"name": "A"},
                        "after": {"name": "B"},
                    },
                    targets=("one", "two"),
                ),
                new_entry(
                    3,
                    action="audit.access_denied",
                    actor_label="bob@acme.test",
                    address="198.51.100.1",
                    occurred_at=datetime(2026, 4, 1, tzinfo=UTC),
                    what={"data": {"path": "=cmd|' /C calc'!A0", "times": 10}},
                ),
                new_entry(4, occurred_at=datetime(2026, 5, 1, tzinfo=UTC)),
            ],
        )
        return list(Entry.objects.order_by("seq"))


def numbers(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    return [row["number"] for row in response.json()["results"]]


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_one_entry_says_all_of_it(api: Any, alice: Any, entries: list[Entry]) -> None:
    client = api(alice)
    two = entries[1]
    expected = {
        "id": str(two.event_id),
        "number": 2,
        "occurred_at": "2026-03-01T12:00:02.000002Z",
        "action": "tenants.tenant_renamed",
        "summary": "Tenant renamed: Acme 2",
        "actor": {"kind": "person", "person_id": None, "label": "alice@acme.test"},
        "impersonator": None,
        "address": "203.0.113.7",
        "agent": "curl/8",
        "target_type": "member",
        "targets": ["one", "two"],
        "request_id": "",
        "data": {"name": "Acme 2"},
        "before": {"name": "A"},
        "after": {"name": "B"},
        "hash": bytes(two.hash).hex(),
    }
    assert client.get(f"{URL}{two.event_id}/").json() == expected
    assert client.get(URL, action="tenants").json()["results"] == [expected]
    assert client.get(f"{URL}{uuid.uuid4()}/").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [4, 3, 2, 1]),
        ({"action": "audit.access_denied"}, [3]),
        ({"action": "organizations"}, [4, 1]),
        ({"action": "organizations.member"}, []),
        ({"actor": "bob@acme.test"}, [3]),
        ({"actor": "bob"}, []),
        ({"target": "two"}, [2]),
        ({"target": "member-1"}, [1]),
        ({"since": "2026-04-01T00:00:00Z"}, [4, 3]),
        ({"until": "2026-04-01T00:00:00Z"}, [2, 1]),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-04-30T00:00:00Z"}, [3]),
        ({"text": "198.51.100.1"}, [3]),
        ({"text": "bob@acme.test"}, [3]),
        ({"text": "Acme"}, [2]),
        ({"text": "denied"}, [3]),
        ({"text": "joined"}, [4, 1]),
        ({"text": "nothing-has-this"}, []),
        ({"text": "'; DROP TABLE audit_entry; --"}, []),
    ],
)
def test_filters(
    api: Any, alice: Any, entries: list[Entry], query: dict[str, str], found: list[int]
) -> None:
    assert numbers(api(alice).get(URL, **query)) == found


@pytest.mark.parametrize(
    "query",
    [
        {"nonsense": "1"},
        {"since": "yesterday"},
        {"cursor": "cD1hYmM="},
        {"page_size": "0"},
        {"text": "x" * 201},
        {"text": "a\0b"},
    ],
)
def test_a_query_that_is_wrong_is_refused(api: Any, alice: Any, query: dict[str, str]) -> None:
    response = api(alice).get(URL, **query)
    assert response.status_code == 400, response.content


def test_pages_go_on_where_they_stopped(
    api: Any, alice: Any, chain: Chain, entries: list[Entry]
) -> None:
    client = api(alice)
    first = client.get(URL, page_size=3)
    assert numbers(first) == [4, 3, 2]
    with tenant_context(chain.tenant):
        entries_append(chain, [new_entry(9)])
    assert numbers(client.get(first.json()["next"].partition(":8000")[2])) == [1]


def test_a_page_is_one_statement_more_than_the_actor(
    api: Any, alice: Any, entries: list[Entry]
) -> None:
    client = api(alice)
    client.get(URL)
    with statements(at_most=5):
        client.get(URL, text="joined", actor="alice@acme.test")


def test_who_lacks_the_permission_gets_403_everywhere(
    api: Any, bob: Any, charlie: Any, entries: list[Entry]
) -> None:
    paths = ["", "export/", "stream/", f"{entries[0].event_id}/"]
    for path in paths:
        assert api(bob).get(f"{URL}{path}").status_code == 403
        assert api(charlie).get(f"{URL}{path}").status_code == 404
        assert api(None).get(f"{URL}{path}").status_code == 401


def test_another_tenants_entries_are_not_there(
    api: Any, charlie: Any, globex: Any, entries: list[Entry]
) -> None:
    client = api(charlie, globex)
    assert client.get(f"{URL}{entries[0].event_id}/").status_code == 404
    for query in ({}, {"actor": "alice@acme.test"}, {"target": "one"}, {"text": "Acme"}):
        assert numbers(client.get(URL, **query)) == []
    assert body(client.get(f"{URL}export/")) == b""
    assert client.get(f"{URL}stream/").content == b""


def test_ndjson_is_what_the_list_says(api: Any, alice: Any, entries: list[Entry]) -> None:
    response = api(alice).get(f"{URL}export/", since="2026-03-02T00:00:00Z")
    assert response["Content-Type"] == "application/x-ndjson"
    assert response["Content-Disposition"] == 'attachment; filename="audit-log.ndjson"'
    lines = [json.loads(line) for line in body(response).splitlines()]
    listed = api(alice).get(URL, since="2026-03-02T00:00:00Z").json()["results"]
    assert lines == listed[::-1]


def test_csv_holds_no_formula(api: Any, alice: Any, chain: Chain, entries: list[Entry]) -> None:
    with tenant_context(chain.tenant):
        entries_append(
            chain,
            [
                new_entry(5, agent='=HYPERLINK("http://x")', actor_label="@SUM(1)"),
                new_entry(6, agent="+1\r\n-1", actor_label='say "hi", bob'),
            ],
        )
    response = api(alice).get(f"{URL}export/", format="csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(body(response).decode(), newline="")))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert (rows[4]["agent"], rows[4]["actor"]) == ('\'=HYPERLINK("http://x")', "'@SUM(1)")
    assert (rows[5]["agent"], rows[5]["actor"]) == ("'+1\r\n-1", 'say "hi", bob')
    assert rows[1]["before"] == '{"name":"A"}'
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_so_many_files_an_hour(owner: Actor, api: Any, alice: Any) -> None:
    client, program = api(alice), by_key(make_key(owner, codes=[VIEW_ENTRIES]).text)
    for _ in range(30):
        assert client.get(f"{URL}export/").status_code == 200
    refused = client.get(f"{URL}export/")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 0 < int(refused["Retry-After"]) <= 120
    assert program.get(f"{URL}export/").status_code == 200


def test_an_export_keeps_a_batch_in_memory(
    api: Any, alice: Any, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.audit import exporting

    monkeypatch.setattr(exporting, "BATCH", 100)
    with tenant_context(chain.tenant):
        entries_append(chain, [new_entry(n, agent="x" * 2000) for n in range(3000)])
    response = api(alice).get(f"{URL}export/")
    tracemalloc.start()
    count = sum(block.count(b"\n") for block in response.streaming_content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3000
    # All of it would be more than 6 MB of text alone.
    assert peak < 3_000_000


def test_the_stream_resumes_exactly(owner: Actor, chain: Chain, entries: list[Entry]) -> None:
    client = by_key(make_key(owner, codes=[VIEW_ENTRIES]).text)
    first = client.get(f"{URL}stream/", limit=3)
    seen = [json.loads(line)["number"] for line in first.content.splitlines()]
    assert seen == [1, 2, 3]
    following = first["Link"].partition(">")[0].removeprefix("<http://localhost:8000")
    assert following.endswith("audit-events/stream/?after=3&limit=3")
    second = client.get(following)
    assert [json.loads(line)["number"] for line in second.content.splitlines()] == [4]
    empty = client.get(f"{URL}stream/", after=4)
    assert (empty.status_code, empty.content) == (200, b"")
    assert "after=4&" in empty["Link"]
    for query in ({"after": -1}, {"after": "x"}, {"limit": 5001}, {"text": "x"}):
        assert client.get(f"{URL}stream/", **query).status_code == 400


def test_a_stream_that_fell_behind_is_told(
    owner: Actor, chain: Chain, entries: list[Entry]
) -> None:
    client = by_key(make_key(owner, codes=[VIEW_ENTRIES]).text)
    assert archive_step(chain, datetime(2030, 1, 1, tzinfo=UTC)) is not None
    response = client.get(f"{URL}stream/", after=1)
    assert (response.status_code, response.json()["code"]) == (410, "archived")
    assert "after=3" in response.json()["detail"]
    # From the beginning: what there is.
    assert [
        json.loads(line)["number"] for line in client.get(f"{URL}stream/").content.splitlines()
    ] == [4]


def test_a_key_without_the_permission_streams_nothing(owner: Actor, entries: list[Entry]) -> None:
    assert by_key(make_key(owner).text).get(f"{URL}stream/").status_code == 403


def test_what_was_erased_is_empty(
    api: Callable[..., Any], alice: Any, chain: Chain, entries: list[Entry]
) -> None:
    from apps.trail.erasing import door

    with chain.as_system(), door("erase"):
        Entry.objects.filter(seq=2).update(
            actor_label=None, address=None, agent=None, who_salt=None, what=None, what_salt=None
        )
    row = api(alice).get(f"{URL}{entries[1].event_id}/").json()
    assert (row["actor"]["label"], row["data"], row["before"]) == ("", None, None)
    assert row["summary"] == "Tenant renamed"
    assert b"\r\n2," in body(api(alice).get(f"{URL}export/", format="csv"))
