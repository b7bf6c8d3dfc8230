"""`manage.py tenants export`, `clone`, and what `delete` and `show` say of a deletion."""

import io
import json
import stat
import zipfile
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.accounts.models import Person
from apps.accounts.selectors import is_member
from apps.common.files import tenant_files
from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.tenants import purging
from apps.tenants.exports import jobs
from apps.tenants.models import Export, Tenant
from apps.tenants.services import export_request
from tests.conftest import SYSTEM
from tests.tenants.tables import ROWS

pytestmark = pytest.mark.django_db


def tenants(*arguments: str) -> str:
    out = io.StringIO()
    call_command("tenants", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_export_makes_it_here(acme: Tenant) -> None:
    printed = tenants("export", "acme")
    export = Export.objects.get()
    assert (export.status, export.requested_by) == ("ready", "Platform staff")
    assert f"file               {export.file}\n" in printed
    assert f"sha256             {export.sha256}\n" in printed
    with tenant_context(acme):
        assert tenant_files.exists(export.file)


def test_export_puts_a_copy_where_it_is_told(acme: Tenant, tmp_path: Path) -> None:
    target = tmp_path / "acme.zip"
    found = json.loads(tenants("export", "acme", "--output", str(target), "--json"))
    export = Export.objects.get()
    assert found == {
        "id": str(export.id),
        "status": "ready",
        "file": export.file,
        "output": str(target),
        "size_bytes": target.stat().st_size,
        "sha256": export.sha256,
        "expires_at": export.expires_at.isoformat(),  # type: ignore[union-attr]
    }
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as archive:
        assert "dump.sql" in archive.namelist()
    # It is not written over.
    with pytest.raises(CommandError, match="exists already"):
        tenants("export", "acme", "--output", str(target))
    with pytest.raises(CommandError, match="There is no folder"):
        tenants("export", "acme", "--output", str(tmp_path / "none" / "acme.zip"))
    with pytest.raises(CommandError, match="File name too long"):
        tenants("export", "acme", "--output", str(tmp_path / ("x" * 300)))
    assert Export.objects.count() == 1


def test_export_that_cannot_be_copied_is_kept(
    acme: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", fail)
    with pytest.raises(
        CommandError, match=r"The archive is kept, but not copied: .* No space left"
    ):
        tenants("export", "acme", "--output", str(tmp_path / "acme.zip"))
    assert Export.objects.get().status == "ready"


def test_export_of_a_suspended_tenant(acme: Tenant) -> None:
    Tenant.objects.filter(id=acme.id).update(status="suspended")
    tenants("export", "acme")
    assert Export.objects.get().status == "ready"


def test_export_says_what_is_wrong(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="There is no tenant nobody"):
        tenants("export", "nobody")
    export_request(actor=SYSTEM, tenant_id=acme.id)
    with pytest.raises(CommandError, match="An export is under way"):
        tenants("export", "acme")
    Export.objects.all().delete()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "_finish", fail)
    with pytest.raises(CommandError, match=r"The export failed\. There was no room"):
        tenants("export", "acme")
    Tenant.objects.filter(id=acme.id).update(status="failed")
    with pytest.raises(CommandError, match="There is nothing to export"):
        tenants("export", "acme")


def test_export_watches_a_worker_that_was_quicker(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event reaches a worker at once: it may have claimed the export before the command does."""
    from apps.console.tenant_commands import copies

    real, calls = copies.export_run, []

    def slow(export_id: object, show: object) -> bool:
        calls.append(export_id)
        return False if len(calls) < 3 else real(export_id, show)  # type: ignore[arg-type]

    monkeypatch.setattr(copies, "export_run", slow)
    monkeypatch.setattr(copies, "POLL_S", 0)
    tenants("export", "acme")
    assert len(calls) == 3
    assert Export.objects.get().status == "ready"


def test_clone_with_its_defaults(acme: Tenant, alice: Person) -> None:
    found = json.loads(tenants("clone", "acme", "acme-trial", "--json"))
    clone = Tenant.objects.get(slug="acme-trial")
    assert (found["id"], found["status"]) == (str(clone.id), "pending")
    assert (clone.name, clone.owner_person_id, clone.cloned_from_id) == (
        "Acme sandbox",
        alice.id,
        acme.id,
    )


def test_clone_for_somebody_and_at_once(acme: Tenant, charlie: Person) -> None:
    arguments = ["--name", "Trial", "--owner-email", "charlie@globex.test", "--wait"]
    printed = tenants("clone", "acme", "acme-trial", *arguments)
    clone = Tenant.objects.get(slug="acme-trial")
    assert "status             ready\n" in printed
    assert "copy_of            acme\n" in printed
    assert (clone.name, clone.status) == ("Trial", "ready")
    assert is_member(charlie.id, clone.id)


def test_clone_says_what_is_wrong(acme: Tenant, alice: Person) -> None:
    with pytest.raises(CommandError, match="There is no account with nobody"):
        tenants("clone", "acme", "acme-trial", "--owner-email", "nobody@acme.test")
    with pytest.raises(CommandError, match="This address is taken"):
        tenants("clone", "acme", "globex")
    Tenant.objects.filter(id=acme.id).update(owner_person_id=uuid7())
    with pytest.raises(CommandError, match="There is no account who owns acme"):
        tenants("clone", "acme", "acme-trial")
    Tenant.objects.filter(id=acme.id).update(status="suspended")
    with pytest.raises(CommandError, match="Only a ready workspace can be copied"):
        tenants("clone", "acme", "acme-trial", "--owner-email", "alice@acme.test")
    assert Tenant.objects.count() == 2


def test_delete_dry_run_says_exactly_what_would_go(acme: Tenant) -> None:
    with tenant_context(acme):
        tenant_files.save("a.txt", ContentFile(b"12345"))
    before = list(Tenant.objects.order_by("id").values())
    found = json.loads(tenants("delete", "acme", "--dry-run", "--json"))
    assert found == {
        "slug": "acme",
        "grace_days": 30,
        "files": 1,
        "file_bytes": 5,
        "tables": {
            "audit_entry": 0,
            "credits_account": 7,
            **ROWS,
            "django_migrations": 24,
            "organizations_directoryuser": 0,
            "organizations_group": 0,
            "organizations_groupmembership": 0,
            "organizations_invitation": 0,
            "organizations_joinrequest": 0,
            "organizations_member": 2,
            "organizations_organization": 1,
            "organizations_organizationsetting": 0,
            "organizations_placement": 0,
            "organizations_providergrouprole": 0,
            "organizations_rolebinding": 2,
            "roles_apikey": 0,
            "roles_role": 5,
            "roles_roleinclusion": 0,
        },
        "schema": acme.schema_name,
        "role": acme.schema_name,
        "agenda": 0,
        "survey_answers": 0,
        "feature_uses": 0,
        "feature_days": 0,
        "kept_answers": 0,
        "usage_records": 0,
        "usage_counters": 0,
        "auto_top_up": 0,
        "credit_purchases": 0,
        "entitlement_overrides": 0,
        "tenant_add_ons": 0,
        "tenant_plan": 0,
        "subscription": 0,
        "memberships": 2,
        "refresh_tokens": 0,
        "token_sessions": 0,
        "browser_sessions": 0,
        "sign_in_policy": 0,
        "email_domains": 0,
        "scim_tokens": 0,
        "external_identities": 0,
        "provider_organizations": 0,
        "identity_providers": 0,
        "events": 10,
        "stripe_events": 0,
        "dead_tasks": 0,
        "billing_customer": 0,
        "history": 3,
        "audit_checkpoints": 0,
        "audit_segments": 0,
        "domains": ["acme.localhost"],
        "exports": 0,
    }
    printed = tenants("delete", "acme", "--dry-run", "--grace-days", "0")
    assert "These would be deleted for good at the next sweep:" in printed
    assert f"  {'memberships':<40} 2\n" in printed
    assert f"  {'domains':<40} acme.localhost\n" in printed
    assert f"  {'rows of organizations_member':<40} 2\n" in printed
    assert list(Tenant.objects.order_by("id").values()) == before


def test_show_says_how_far_a_deletion_is(acme: Tenant) -> None:
    assert "deletion" not in json.loads(tenants("show", "acme", "--json"))
    Tenant.objects.filter(id=acme.id).update(status="deleting", delete_after=timezone.now())
    purging._advance(acme.id)
    purging._advance(acme.id)
    found = json.loads(tenants("show", "acme", "--json"))
    assert found["deletion"]["Exports under way"] == "done"
    assert found["deletion"]["Files"] == "active"
    printed = tenants("show", "acme")
    assert (
        "deletion           Exports under way (done), Files (active), Tables (waiting)" in printed
    )
    with pytest.raises(CommandError, match="The deletion has begun"):
        tenants("resume", "acme")
