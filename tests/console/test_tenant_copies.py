"""Exports in the console, which staff ask for and cannot have; and copies to sandboxes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.files import tenant_files
from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.tenants.models import Export, Tenant
from apps.tenants.purging import purge_steps
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
    assert (export.tenant_id, export.requested_by) == (acme.id, "Platform staff")
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


CLONE = {"name": "Trial", "slug": "acme-trial", "owner_email": "Charlie@globex.test"}


def test_staff_copy_to_a_sandbox(
    console: Client, acme: Tenant, charlie: Person, published: Published
) -> None:
    page = console.get(act_url(acme, "clone"))
    assert "Nobody but its owner gets in." in page.content.decode()
    assert page.context["form"].initial == {"name": "Acme sandbox", "slug": "acme-sandbox"}
    response = console.post(act_url(acme, "clone"), CLONE)
    assert messages_of(response) == ["A sandbox copy of acme is being provisioned."]
    clone = Tenant.objects.get(slug="acme-trial")
    assert (clone.name, clone.cloned_from_id, clone.owner_person_id, clone.status) == (
        "Trial",
        acme.id,
        charlie.id,
        "pending",
    )
    assert published() == [("tenants.tenant_requested", "staff@platform.test")]
    assert "Sandbox copy of acme" in console.get(act_url(clone)).content.decode()
    assert act_url(acme) in console.get(act_url(clone)).content.decode()
    assert act_url(clone) in console.get(act_url(acme)).content.decode()
    Tenant.objects.filter(id=clone.id).update(cloned_from_id=uuid7())
    assert "A tenant that is gone" in console.get(act_url(clone)).content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "globex"}, "slug"),
        ({"slug": "a--b"}, "slug"),
        ({"owner_email": "nobody@acme.test"}, "owner_email"),
        ({"owner_email": ""}, "owner_email"),
        ({"name": " "}, "name"),
    ],
)
def test_bad_input_is_shown_beside_its_field(
    console: Client, acme: Tenant, published: Published, changes: dict[str, str], field: str
) -> None:
    response = console.post(act_url(acme, "clone"), {**CLONE, **changes})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert (Tenant.objects.count(), published()) == (2, [])


def test_a_source_that_is_not_current(
    console: Client, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.tenants import cloning

    monkeypatch.setattr(cloning, "schemas_outdated", lambda names: names)
    response = console.post(act_url(acme, "clone"), CLONE)
    assert messages_of(response) == [
        "acme lacks migrations of this release. Run manage.py migrate_tenants first."
    ]
    assert Tenant.objects.count() == 2


def test_a_deletion_that_has_begun_shows_its_steps(console: Client, acme: Tenant) -> None:
    assert "Deletion" not in console.get(act_url(acme)).content.decode()
    Tenant.objects.filter(id=acme.id).update(
        status="deleting", purge_started_at=timezone.now(), steps_done=["purge:exports_stop"]
    )
    response = console.get(act_url(acme))
    steps = next(s for s in response.context["sections"] if s.title == "Deletion")
    assert steps.steps[:3] == [
        ("Exports under way", "done"),
        ("Files", "active"),
        ("Tables", "waiting"),
    ]
    assert steps.note == f"1 of {len(purge_steps())} steps done. There is no way back."
    assert response.context["acts"] == []
    refused = console.post(act_url(acme, "keep"), {"reason": "x"})
    assert "is not possible" in messages_of(refused)[0]
    Tenant.objects.filter(id=acme.id).update(attempts=2, next_attempt_at=timezone.now())
    failed = console.get(act_url(acme))
    steps = next(s for s in failed.context["sections"] if s.title == "Deletion")
    assert steps.steps[1] == ("Files", "failed")
    assert dict(steps.rows)["Failed attempts"] == 2
