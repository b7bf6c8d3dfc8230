"""The page for exporting everything: for owners, with and without JavaScript."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.tenants.models import Export, Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db
PAGE = "/settings/export/"


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def text_of(response: Any) -> str:
    return " ".join("".join(read(response.content).text).split())


def ready(tenant: Tenant) -> Export:
    with tenant_context(tenant):
        name = tenant_files.save("exports/a.zip", ContentFile(b"PK"))
    return Export.objects.create(
        tenant=tenant,
        status="ready",
        requested_by="alice@acme.test",
        file=name,
        size_bytes=1_500_000,
        finished_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=7),
    )


def test_empty_it_says_what_is_in_an_archive(client: Client) -> None:
    page = text_of(client.get(PAGE))
    for text in ("dump.sql", "everything but passwords", "kept for 7 days", "No archive yet"):
        assert text in page


def test_asking_shows_progress(client: Client, acme: Tenant) -> None:
    response = client.post(PAGE)
    assert (response.status_code, response["Location"]) == (302, PAGE)
    export = Export.objects.get()
    assert (export.tenant_id, export.requested_by) == (acme.id, "alice@acme.test")
    response = client.get(PAGE)
    assert read(response.content).check() == []
    html = response.content.decode()
    assert "Waiting to begin" in html
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in html
    assert f'hx-get="/settings/export/?seen={export.id}-queued-0" hx-trigger="every 1s, ' in html
    # There is no second button while one is made.
    assert html.count('method="post" action="/settings/export/"') == 0
    Export.objects.update(status="running", tables_done=4, tables_total=12)
    assert "Writing the database 33 %" in text_of(client.get(PAGE))
    Export.objects.update(tables_done=12)
    assert "Adding files 99 %" in text_of(client.get(PAGE))


def test_htmx_is_answered_when_something_moved(client: Client) -> None:
    client.post(PAGE)
    export = Export.objects.get()
    asked: Any = {"headers": {"HX-Request": "true"}}
    assert client.get(f"{PAGE}?seen={export.id}-queued-0", **asked).status_code == 204
    Export.objects.update(status="running", tables_done=3, tables_total=12)
    moved = client.get(f"{PAGE}?seen={export.id}-queued-0", **asked)
    assert moved.status_code == 200
    assert b"<html" not in moved.content
    assert 'hx-swap-oob="innerHTML">The archive is being written.' in moved.content.decode()
    Export.objects.update(status="failed", error="There was no room.")
    failed = client.get(f"{PAGE}?seen={export.id}-running-25", **asked).content.decode()
    assert "every 1s" not in failed
    assert "The export failed. There was no room." in failed


def test_a_second_one_meanwhile_is_refused_with_words(client: Client) -> None:
    client.post(PAGE)
    assert "An export is under way. Wait until it is finished." in text_of(
        client.post(PAGE, follow=True)
    )
    assert Export.objects.count() == 1


def test_a_finished_one_can_be_downloaded(client: Client, acme: Tenant, browser: Any) -> None:
    ready(acme)
    response = client.get(PAGE)
    html = response.content.decode()
    assert read(response.content).check() == []
    assert "1.4\xa0MB · By alice@acme.test · Kept until" in text_of(response).replace(
        " MB", "\xa0MB"
    )
    link = html.split('href="http://acme.localhost:8000/files/')[1].split('"')[0]
    downloaded = client.get(f"/files/{link}")
    assert b"".join(downloaded.streaming_content) == b"PK"  # type: ignore[attr-defined]


def test_what_is_gone_has_no_link(client: Client, acme: Tenant) -> None:
    export = ready(acme)
    for changes, said in (
        ({"status": "expired", "file": ""}, "Deleted"),
        ({"status": "failed", "error": "<b>No</b> room."}, "Failed"),
        ({"status": "ready", "expires_at": timezone.now()}, "Deleted"),
    ):
        Export.objects.filter(id=export.id).update(**changes)
        page = client.get(PAGE).content.decode()
        assert "/files/" not in page
        assert said in page
        assert "<b>No</b>" not in page


def test_owners_find_it(client: Client, sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    assert f'href="{PAGE}"' in client.get("/settings/").content.decode()
    for person, found in ((None, True), (bob, False)):
        visitor = client if person is None else sign_in(person, acme)
        results = visitor.get("/palette.json").json()["results"]
        assert ({"label": "Export everything", "group": "Action", "url": PAGE} in results) is found


def test_others_change_nothing(
    sign_in: SignIn, acme: Tenant, globex: Tenant, bob: Person, charlie: Person
) -> None:
    export = ready(globex)
    assert sign_in(bob, acme).post(PAGE).status_code == 403
    assert sign_in(charlie, acme).post(PAGE).status_code == 404
    assert list(Export.objects.all()) == [export]
    assert "1.4" in sign_in(charlie, globex).get(PAGE).content.decode()
