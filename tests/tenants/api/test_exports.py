"""`tenant/exports/`: who may, what it says on the way, and the link at the end."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.tenants.exports.jobs import export_run
from apps.tenants.models import Export, Tenant
from apps.tenants.services import export_request
from tests.api.client import MISSING, same_problem, statements
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db


def ready(tenant: Tenant, name: str = "exports/a.zip", content: bytes = b"PK") -> Export:
    with tenant_context(tenant):
        name = tenant_files.save(name, ContentFile(content))
    return Export.objects.create(
        tenant=tenant,
        status="ready",
        requested_by="alice@acme.test",
        file=name,
        size_bytes=len(content),
        expires_at=timezone.now() + timedelta(days=1),
    )


def test_ask_and_watch_and_fetch(bearer: Any, alice: Person, acme: Tenant) -> None:
    client = bearer(alice)
    response = client.post("tenant/exports/")
    assert response.status_code == 202
    export = Export.objects.get()
    body = response.json()
    assert response["Location"] == f"/api/v1/tenant/exports/{export.id}/"
    assert response["Cache-Control"] == "no-store"
    assert {**body, "created_at": ""} == {
        "id": str(export.id),
        "status": "queued",
        "requested_by": "alice@acme.test",
        "percent": 0,
        "tables_done": 0,
        "tables_total": 0,
        "created_at": "",
        "finished_at": None,
        "expires_at": None,
        "size_bytes": None,
        "sha256": "",
        "error": "",
        "download_url": None,
    }
    Export.objects.filter(id=export.id).update(status="running", tables_done=3, tables_total=12)
    watched = client("GET", response["Location"]).json()
    assert (watched["status"], watched["percent"], watched["tables_done"]) == ("running", 25, 3)
    Export.objects.filter(id=export.id).update(status="queued")

    assert export_run(export.id)
    done = client("GET", response["Location"])
    assert done["Cache-Control"] == "no-store"
    body = done.json()
    export.refresh_from_db()
    assert (body["status"], body["percent"]) == ("ready", 100)
    assert (body["size_bytes"], body["sha256"]) == (export.size_bytes, export.sha256)
    link = urlsplit(body["download_url"])
    assert link.netloc == "acme.localhost:8000"
    # Whoever has the link gets the archive, without a token.
    fetched: Any = Client(HTTP_HOST=link.netloc).get(link.path)
    content = b"".join(fetched.streaming_content)
    assert (len(content), content[:2]) == (export.size_bytes, b"PK")
    assert fetched["Content-Type"] == "application/zip"
    day = export.created_at
    assert fetched["Content-Disposition"] == f'attachment; filename="acme-{day:%Y-%m-%d-%H%M}.zip"'


def test_by_header_on_the_public_host(bearer: Any, alice: Person, acme: Tenant) -> None:
    export = ready(acme)
    client = bearer(alice, None, **{"X-Tenant": "acme"})
    url = client.get(f"tenant/exports/{export.id}/").json()["download_url"]
    assert url.startswith("http://acme.localhost:8000/files/")


def test_list_newest_first_by_pages(bearer: Any, alice: Person, acme: Tenant) -> None:
    exports = [ready(acme) for _ in range(3)]
    client = bearer(alice)
    page = client.get("tenant/exports/", page_size=2).json()
    assert [one["id"] for one in page["results"]] == [str(exports[2].id), str(exports[1].id)]
    following = client("GET", page["next"].partition("localhost:8000")[2]).json()
    assert [one["id"] for one in following["results"]] == [str(exports[0].id)]
    assert following["next"] is None


def test_the_list_takes_four_statements(bearer: Any, alice: Person, acme: Tenant) -> None:
    client = bearer(alice)
    for _ in range(2):
        for _ in range(5):
            ready(acme)
        with statements(4):
            client.get("tenant/exports/")


def test_a_second_one_meanwhile(api: Any, alice: Person) -> None:
    client = api(alice)
    assert client.post("tenant/exports/").status_code == 202
    response = client.post("tenant/exports/")
    assert (response.status_code, response.json()["code"]) == (409, "export_running")
    assert Export.objects.count() == 1


def test_who_may(
    api: Any, alice: Person, bob: Person, charlie: Person, staff: Person, acme: Tenant
) -> None:
    export = ready(acme)
    for person, status in ((bob, 403), (charlie, 404), (staff, 404), (None, 401)):
        client = api(person)
        assert client.get("tenant/exports/").status_code == status
        assert client.post("tenant/exports/").status_code == status
        assert client.get(f"tenant/exports/{export.id}/").status_code == status
    assert "tenants.export_data" in api(bob).get("tenant/exports/").json()["detail"]
    assert Export.objects.count() == 1


def test_another_tenants_is_like_a_missing_one(api: Any, alice: Person, globex: Tenant) -> None:
    theirs = export_request(actor=SYSTEM, tenant_id=globex.id)
    client = api(alice)
    found = client.get(f"tenant/exports/{theirs.id}/")
    assert found.status_code == 404
    same_problem(found, client.get(f"tenant/exports/{MISSING}/"))
    assert client.get("tenant/exports/").json()["results"] == []


def test_what_failed_and_what_expired(api: Any, alice: Person, acme: Tenant) -> None:
    failed = Export.objects.create(tenant=acme, status="failed", error="No room.", requested_by="x")
    old = ready(acme)
    Export.objects.filter(id=old.id).update(expires_at=timezone.now())
    client = api(alice)
    body = client.get(f"tenant/exports/{failed.id}/").json()
    assert (body["status"], body["error"], body["download_url"]) == ("failed", "No room.", None)
    assert client.get(f"tenant/exports/{old.id}/").json()["download_url"] is None


def test_bad_input(api: Any, alice: Person) -> None:
    client = api(alice)
    assert client.get("tenant/exports/", state="x").status_code == 400
    assert client.get("tenant/exports/no-id/").status_code == 404
    assert client("DELETE", "tenant/exports/").status_code == 405
