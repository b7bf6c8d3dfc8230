"""`manage.py permissions`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.common.access import Permission, permissions
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.roles.models import ApiKey, Role
from apps.roles.unknown import BATCH
from tests.api.client import statements
from tests.conftest import World
from tests.console.conftest import tenant_rows
from tests.roles.registry import declared
from tests.roles.support import make_key

pytestmark = pytest.mark.django_db
GONE = Permission("notes.write_note", "Write", "Writes.")


def run(*args: str) -> str:
    out = StringIO()
    call_command("permissions", *args, stdout=out)
    return out.getvalue()


def run_json(*args: str) -> Any:
    return json.loads(run(*args, "--json"))


def test_list(world: World) -> None:
    found = run_json("list")
    assert [one["code"] for one in found] == list(permissions())
    assert found[list(permissions()).index("organizations.invite_member")] == {
        "code": "organizations.invite_member",
        "app": "organizations",
        "label": "Invite members",
        "description": "Invite people by e-mail, see, resend and revoke invitations.",
        "scoped": True,
        "dangerous": False,
        "read_only": False,
        "for_keys": True,
        "implies": ["organizations.view_organization"],
        "system_roles": ["owner", "admin"],
    }
    assert {one["app"] for one in run_json("list", "--app", "roles")} == {"roles"}
    text = run("list", "--app", "roles")
    assert "roles.manage_role" in text
    assert "(dangerous; implies roles.view_role)" in text
    with pytest.raises(CommandError, match="No app notes"):
        run("list", "--app", "notes")


def test_unknown_in_all_tenants(world: World) -> None:
    assert "declared permissions only" in run("unknown")
    for tenant in (world.acme, world.globex):
        with tenant_context(tenant):
            Role.objects.create(
                code="writer",
                name=f"Writer of {tenant.slug}",
                permissions=["notes.write_note", "roles.view_role"],
            )
    with tenant_context(world.acme):
        key = make_key(actor_for(world.alice)).key
        ApiKey.objects.filter(id=key.id).update(permissions=["notes.write_note"])
        revoked = make_key(actor_for(world.alice), "Old").key
        ApiKey.objects.filter(id=revoked.id).update(
            permissions=["notes.write_note"], revoked_at=revoked.created_at
        )
    assert [
        (one["tenant"], one["kind"], one["name"], one["code"]) for one in run_json("unknown")
    ] == [
        ("acme", "role", "Writer of acme", "notes.write_note"),
        ("acme", "api_key", "Import", "notes.write_note"),
        ("globex", "role", "Writer of globex", "notes.write_note"),
    ]
    assert run_json("unknown", "--tenant", "globex")[0]["name"] == "Writer of globex"
    assert "Writer of acme" in run("unknown")
    with declared(GONE):
        assert run_json("unknown") == []
    with pytest.raises(CommandError, match="no tenant nobody"):
        run("unknown", "--tenant", "nobody")


def test_statements_do_not_grow_with_tenants(world: World) -> None:
    """Tenants without a schema are passed over."""
    tenant_rows(BATCH, world.alice)
    with statements(5):
        assert run_json("unknown") == []
