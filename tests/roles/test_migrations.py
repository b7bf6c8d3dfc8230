"""What the release that brings the auditor does to tenants that there are."""

import importlib
import uuid

import pytest
from django.db import connection

from apps.common.access import of_system_role
from apps.common.actors import Actor
from apps.roles.models import Role
from apps.roles.services import system_roles_ensure
from apps.tenants.schemas import TEMPLATE
from tests.conftest import World

pytestmark = pytest.mark.django_db
MIGRATION = importlib.import_module("apps.roles.migrations.0004_more_system_roles")


def run() -> None:
    with connection.cursor() as cursor:
        for statement in (MIGRATION.FREE_CODES, MIGRATION.INSERT):
            cursor.execute(statement)


def told() -> list[tuple[str, str, str, bool]]:
    found = Role.objects.filter(is_system=True).order_by("code")
    return list(found.values_list("code", "name", "description", "is_system"))


def test_tenants_get_what_new_ones_have(owner: Actor) -> None:
    wanted = told()
    Role.objects.filter(code__in=["auditor", "billing_admin"]).delete()
    custom = Role.objects.create(code="auditor", name="Auditor", permissions=["roles.view_role"])
    run()
    run()
    system_roles_ensure()
    assert told() == wanted
    custom.refresh_from_db()
    assert (custom.name, custom.permissions, custom.is_system) == (
        "Auditor",
        ["roles.view_role"],
        False,
    )
    assert custom.code == f"auditor-{custom.code[-8:]}"
    made = Role.objects.get(code="auditor")
    assert (made.id.version, made.id.variant) == (7, uuid.RFC_4122)
    assert made.id > custom.id
    assert (made.permissions, made.inherited_permissions, made.inherited_system_roles) == (
        [],
        [],
        [],
    )
    assert made.effective == of_system_role("auditor")
    assert (made.created_at, made.updated_at) == (made.updated_at, made.created_at)


def test_a_schema_without_roles_gets_none(world: World) -> None:
    """The template's rows are copied with their ids."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{TEMPLATE}".roles_role')
        assert cursor.fetchone() == (0,)
