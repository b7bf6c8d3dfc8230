"""Roles of a tenant, and the permissions that the product declares."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.common.access import Permission, of_system_role, permissions
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.pages import Cell, Table
from apps.console.tenant_acts_keys import has_schema
from apps.roles.models import Role
from apps.roles.selectors import included_roles, with_includes
from apps.roles.services import SYSTEM_ROLES
from apps.tenants.models import Tenant

SHOWN = 500


def roles_table(tenant: Tenant) -> Table:
    """All of them, the oldest first. Two statements, in the tenant."""
    rows: list[Sequence[Cell]] = []
    if has_schema(tenant):
        with tenant_context(tenant):
            counted = Role.objects.annotate(holder_count=Count("bindings__member", distinct=True))
            rows = [_row(role) for role in with_includes(counted).order_by("id")[:SHOWN]]
    return Table(
        "Roles",
        ("Name", "Code", "Kind", "Held by", "Includes", "Allows", "No longer known"),
        rows,
        empty="The tenant has no roles (yet).",
    )


def _row(role: Any) -> Sequence[Cell]:
    effective = role.effective
    is_whole = effective == permissions().keys()
    return (
        role.name,
        r.code(role.code),
        r.badge("System", "quiet") if role.is_system else r.badge("Custom", "info"),
        role.holder_count,
        ", ".join(one.name for one in included_roles(role)) or r.NONE,
        "Everything" if is_whole else ", ".join(sorted(effective)) or r.NONE,
        ", ".join(sorted(role.unknown)) or r.NONE,
    )


def permissions_table() -> Table:
    return Table(
        "Declared by the apps",
        ("Code", "Label", "Marks", "Implies", "System roles"),
        [_permission_row(one) for one in permissions().values()],
        empty="No app declares permissions.",
    )


def _permission_row(one: Permission) -> Sequence[Cell]:
    marks = [
        ("Dangerous", one.dangerous),
        ("At an organization", one.scoped),
        ("Reads only", one.is_read_only),
        ("For API keys", one.for_keys),
    ]
    held = [
        str(name)
        for code, (name, _description) in SYSTEM_ROLES.items()
        if one.code in of_system_role(code)
    ]
    return (
        r.code(one.code),
        str(one.label),
        ", ".join(mark for mark, applies in marks if applies) or r.NONE,
        ", ".join(one.implies) or r.NONE,
        ", ".join(held),
    )


def permissions_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """context: of the console's frame. No statement of its own."""
    lead = "What the product lets people do. Roles and API keys that hold codes of before: "
    return TemplateResponse(
        request,
        "console/detail.html",
        {
            **context,
            "title": "Permissions",
            "heading": "Permissions",
            "lead": f"{lead}manage.py permissions unknown",
            "badges": (),
            "sections": [permissions_table()],
            "acts": (),
        },
    )
