"""The registry: what follows from declarations, and the checks that refuse wrong ones."""

from typing import Any

import pytest

from apps.common.access import (
    Permission,
    expand,
    of_system_role,
    permissions,
    register_permissions,
)
from apps.roles.checks import check_permissions
from tests.roles.registry import declared, permission

VIEWS = {
    "organizations.view_group",
    "organizations.view_member",
    "organizations.view_organization",
    "roles.view_role",
    "tenants.view_settings",
}
EVERYTHING = VIEWS | {"audit.view_entries", "billing.view_billing", "credits.view_credits"}


def found(*added: Permission) -> list[tuple[str, Any]]:
    with declared(*added):
        return [(str(one.id), one.obj) for one in check_permissions()]


def test_what_is_declared_is_sound() -> None:
    assert check_permissions() == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"code": "Notes.view_note"}, "E002"),
        ({"code": "notes.note"}, "E002"),
        ({"code": "notes"}, "E002"),
        ({"code": "notes.view_Note"}, "E002"),
        ({"code": "notes.view__note"}, "E002"),
        ({"code": "notes.view_" + "x" * 80}, "E002"),
        ({"label": " "}, "E003"),
        ({"label": "x" * 61}, "E003"),
        ({"description": ""}, "E003"),
        ({"system_roles": ("admin", "janitor")}, "E004"),
        ({"system_roles": ("owner",)}, "E004"),
        ({"system_roles": ("auditor",)}, "E004"),
        ({"implies": ("notes.no_such",)}, "E005"),
        ({"implies": ("notes.write_note",)}, "E006"),
        ({"scoped": True, "implies": ("tenants.view_settings",)}, "E007"),
        ({"implies": ("organizations.remove_member",)}, "E008"),
        ({"code": "notes.view_note", "implies": ("organizations.invite_member",)}, "E009"),
        ({"dangerous": True, "implies": ("tenants.export_data",)}, "E010"),
    ],
)
def test_wrong_declarations_are_refused(fields: dict[str, Any], expected: str) -> None:
    whole = {"code": "notes.write_note", "label": "Write", "description": "Writes.", **fields}
    assert found(Permission(**whole)) == [(f"roles.{expected}", whole["code"])]


def test_longer_circles_are_found_and_end() -> None:
    circle = [
        permission("notes.write_note", implies=("notes.print_note",)),
        permission("notes.print_note", implies=("notes.bind_note",)),
        permission("notes.bind_note", implies=("notes.write_note",)),
    ]
    assert found(*circle) == [
        ("roles.E006", "notes.bind_note"),
        ("roles.E006", "notes.print_note"),
        ("roles.E006", "notes.write_note"),
    ]
    with declared(*circle):
        assert expand(["notes.print_note"]) == {one.code for one in circle}


def test_the_first_of_two_declarations_stands() -> None:
    with declared(permission("notes.write_note", dangerous=True)):
        register_permissions([permission("notes.write_note", dangerous=True)])
        assert check_permissions() == []
        register_permissions([permission("notes.write_note")])
        assert [(one.id, one.obj) for one in check_permissions()] == [
            ("roles.E001", "notes.write_note")
        ]
        assert permissions()["notes.write_note"].dangerous is True
    assert "notes.write_note" not in permissions()


def test_implications_reach_other_apps_and_further() -> None:
    assert expand(["organizations.invite_member"]) == {
        "organizations.invite_member",
        "organizations.view_organization",
    }
    chain = (
        permission("notes.write_note", scoped=True, implies=("notes.view_note",)),
        permission("notes.view_note", scoped=True, implies=("organizations.view_member",)),
    )
    with declared(*chain):
        assert expand(["notes.write_note", "notes.no_such"]) == {
            "notes.write_note",
            "notes.view_note",
            "organizations.view_member",
        }
    assert expand(["notes.write_note"]) == frozenset()


def test_the_auditor_sees_everything_and_changes_nothing() -> None:
    assert of_system_role("auditor") == EVERYTHING
    with declared(permission("notes.view_note", system_roles=()), permission("notes.viewer_note")):
        assert of_system_role("auditor") == {*EVERYTHING, "notes.view_note"}
        assert of_system_role("owner") == permissions().keys()
    assert of_system_role("auditor") == EVERYTHING


def test_what_the_other_system_roles_hold() -> None:
    assert of_system_role("billing_admin") == VIEWS - {"organizations.view_group"} | {
        "billing.manage_billing",
        "billing.view_billing",
        "credits.buy_credits",
        "credits.manage_budgets",
        "credits.spend_credits",
        "credits.view_credits",
    }
    assert of_system_role("member") == VIEWS - {
        "organizations.view_group",
        "tenants.view_settings",
    } | {"credits.spend_credits"}
    assert permissions().keys() - of_system_role("admin") == {
        "accounts.manage_identity_provider",
        "billing.manage_billing",
        "credits.buy_credits",
        "tenants.export_data",
    }
    assert of_system_role("janitor") == frozenset()
