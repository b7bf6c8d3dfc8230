"""Exports in the console: staff ask for them and see how they go, and cannot have them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.tenants.models import Export, Tenant
from tests.console.conftest import messages_of
from tests.console.test_tenants import act_url

Published = Callable[[], list[tuple[str, str]]]


def test_staff_ask_for_an_export(console: Client, acme: Tenant, published: Published) -> None:
    page = console.get(act_url(acme, "export")).content.decode()
    assert "You cannot download it" in page
    response = console.post(act_url(acme, "export"))
    assert response["Location"] == act_url(acme)
    assert messages_of(response) == ["An export of acme is under way."]
    export = Export.objects.get()
    assert (export.tenant_id, export.requested_by) == (acme.id, "staff@platform.test")
    assert published() == [("tenants.export_requested", "staff@platform.test")]

    again = console.post(act_url(acme, "export"))
    assert messages_of(again)[-1] == "An export is under way. Wait until it is finished."
    assert Export.objects.count() == 1


def test_the_page_lists_them_without_links(console: Client, acme: Tenant) -> None:
    assert "Nobody has exported this workspace." in console.get(act_url(acme)).content.decode()
    with tenant_context(acme):
        name = tenant_files.save("exports/a.zip", ContentFile(b"PK"))
    Export.objects.create(
        tenant=acme,
        status="ready",
        requested_by="alice@acme.test",
        file=name,
        size_bytes=2048,
        expires_at=timezone.now() + timedelta(days=7),
    )
    Export.objects.create(
        tenant=acme, status="failed", requested_by="alice@acme.test", error="<No room>"
    )
    Export.objects.create(
        tenant=acme, status="running", requested_by="bob@acme.test", tables_done=3, tables_total=12
    )
    html = console.get(act_url(acme)).content.decode()
    for text in ("alice@acme.test", "2.0\xa0KB", "&lt;No room&gt;", "Running, 25 %"):
        assert text in html
    assert "/files/" not in html
    assert name not in html


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_not_where_there_is_nothing(console: Client, acme: Tenant, status: str) -> None:
    Tenant.objects.filter(id=acme.id).update(status=status)
    response = console.post(act_url(acme, "export"))
    assert "is not possible" in messages_of(response)[0]
    assert not Export.objects.exists()
