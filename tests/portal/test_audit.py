"""The pages of the audit log."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.audit.chains import chain_of
from apps.audit.models import Entry
from apps.common.tenancy import tenant_context
from apps.tenants.models import Tenant
from apps.trail.chains import entries_append
from apps.trail.erasing import door
from tests.audit.conftest import new_entry
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_queries import BUDGET, statements

pytestmark = pytest.mark.django_db


def write(tenant: Tenant, count: int = 3) -> None:
    with tenant_context(tenant):
        entries_append(
            chain_of(tenant),
            [
                new_entry(
                    0, action="tenants.tenant_renamed", what={"data": {"name": "<b>New</b>"}}
                ),
                new_entry(
                    1,
                    action="accounts.identity_provider_switched",
                    actor_label='"><script>alert(1)</script>',
                    what={
                        "data": {"from_state": "off", "to_state": "on", "reason": "asked for"},
                        "before": {"state": "off"},
                        "after": {"state": "on"},
                    },
                ),
                *(
                    new_entry(n + 2, occurred_at=datetime(2026, 4, 1, tzinfo=UTC))
                    for n in range(count)
                ),
            ],
        )


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    assert read(response.content).check() == []
    return response.content.decode()


def test_nothing_yet_says_what_will_be(client: Client) -> None:
    assert "Nothing recorded yet" in text(client, "/audit/")
    assert "Nothing matches" in text(client, "/audit/?q=zzz")


def test_the_list_shows_escapes_and_filters(client: Client, acme: Tenant) -> None:
    write(acme)
    page = text(client, "/audit/")
    assert "Tenant renamed: &lt;b&gt;New&lt;/b&gt;" in page
    assert "<script>alert" not in page
    only = text(client, "/audit/?action=tenants.tenant_renamed")
    assert only.count('class="cover') == 1
    assert 'value="tenants.tenant_renamed" selected' in only
    # The day is the reader's, and the last one is within.
    assert text(client, "/audit/?since=2026-04-01&until=2026-04-01").count('class="cover') == 3
    assert text(client, "/audit/?until=2026-03-31").count('class="cover') == 2
    # What is no date, no cursor, no text for PostgreSQL: as if it were not there.
    assert text(client, "/audit/?since=x&after=y&before=-1").count('class="cover') == 5


def test_pages_of_fifty(client: Client, acme: Tenant) -> None:
    write(acme, 98)
    first = text(client, "/audit/")
    assert first.count('class="cover') == 50
    assert "?after=51" in first
    second = text(client, "/audit/?after=51")
    assert second.count('class="cover') == 50
    assert "before=50" in second
    assert "before=100" not in text(client, "/audit/?before=50")


def test_one_entry_shows_before_and_after(client: Client, acme: Tenant) -> None:
    write(acme)
    with tenant_context(acme):
        entry = Entry.objects.get(seq=2)
    page = text(client, f"/audit/{entry.event_id}/")
    assert '<del><span class="sr-only">Before:</span> off</del>' in page
    assert '<ins><span class="sr-only">After:</span> on</ins>' in page
    assert "asked for" in page
    # Told by the difference already.
    assert "from_state" not in page
    assert bytes(entry.hash).hex() in page
    assert client.get("/audit/0197c2a4-0000-7000-8000-000000000000/").status_code == 404


def test_an_erased_entry_says_so(client: Client, acme: Tenant) -> None:
    write(acme)
    with chain_of(acme).as_system(), door("erase"):
        Entry.objects.filter(seq=2).update(
            actor_label=None, address=None, agent=None, who_salt=None, what=None, what_salt=None
        )
    with tenant_context(acme):
        entry = Entry.objects.get(seq=2)
    assert "A part was erased" in text(client, f"/audit/{entry.event_id}/")
    assert "Erased person" in text(client, "/audit/")


def test_files_hold_what_the_list_shows(client: Client, acme: Tenant) -> None:
    write(acme)
    page = text(client, "/audit/?action=tenants.tenant_renamed")
    assert "/audit/export/?action=tenants.tenant_renamed&amp;form=csv" in page
    response: Any = client.get("/audit/export/?action=tenants.tenant_renamed&form=ndjson")
    assert b"".join(response.streaming_content).count(b"\n") == 1
    response = client.get("/audit/export/?form=csv")
    assert b"".join(response.streaming_content).count(b"\r\n") == 6
    assert client.get("/audit/export/?form=exe").status_code == 404


def test_who_may_not_see_it(
    sign_in: SignIn, bob: Person, charlie: Person, acme: Tenant, globex: Tenant
) -> None:
    write(acme)
    with tenant_context(acme):
        entry = Entry.objects.get(seq=2)
    for path in ("/audit/", f"/audit/{entry.event_id}/", "/audit/export/"):
        assert sign_in(bob, acme).get(path).status_code == 403
    assert "Audit log" not in sign_in(bob, acme).get("/").content.decode()
    foreign = sign_in(charlie, globex)
    assert foreign.get(f"/audit/{entry.event_id}/").status_code == 404
    assert 'class="cover' not in foreign.get("/audit/").content.decode()


def test_statements(client: Client, acme: Tenant) -> None:
    write(acme, 60)
    client.get("/audit/")
    for path in ("/audit/", "/audit/?q=alice&actor=alice@acme.test&since=2026-01-01"):
        assert len(statements(client, path)) <= BUDGET
