"""The permission matrix: roles beside each other, and custom ones changed in one form."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.common.access import Permission, allows, authorize, permissions
from apps.common.actors import Actor
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.common.ids import parse_uuid
from apps.portal.forms.roles import version_read
from apps.portal.http import WorkspaceRequest, workspace_page
from apps.portal.permission_areas import by_area
from apps.roles.models import OWNER, Role
from apps.roles.permissions import MANAGE_ROLE
from apps.roles.selectors import roles_for, with_includes
from apps.roles.services import RoleChange, roles_update

# How many roles fit beside each other; a form's fields are bounded, too.
COLUMNS = 8


@dataclass(slots=True)
class Column:
    """A role of the matrix.

    boxes: what it has itself, as the form says. was: as the page showed it. locked: why it cannot be changed
    here; empty: it can.
    """

    role: Role
    version: str
    effective: frozenset[str]
    boxes: frozenset[str]
    locked: str
    was: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_open(self) -> bool:
        return not self.locked

    @property
    def shown(self) -> str:
        return " ".join(sorted(self.was))


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def matrix(request: WorkspaceRequest) -> HttpResponse:
    """`?role=`, several times: the roles to show. What is posted changes all the roles, or none."""
    roles = list(with_includes(roles_for(request.actor)))
    asked = {parse_uuid(text) for text in request.GET.getlist("role")}
    shown = [role for role in roles if role.id in asked][:COLUMNS] or _everyday(roles)
    can_manage = allows(request.actor, MANAGE_ROLE)
    columns = [_column(request.actor, role, can_manage) for role in _sorted(shown)]
    status, error = 200, ""
    if request.method == "POST":
        authorize(request.actor, MANAGE_ROLE)
        try:
            changed = _save(request.actor, columns, request.POST)
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as refused:
            status, error = refused.status, str(refused.detail)
        else:
            _tell(request, changed)
            return redirect(request.get_full_path())
    context = {
        "columns": columns,
        "areas": _areas(request.actor, columns),
        "roles": [{"role": role, "is_shown": role in shown} for role in _sorted(roles)],
        "is_partial": len(shown) < len(roles),
        "most": COLUMNS,
        "error": error,
        "can_save": any(column.is_open for column in columns),
    }
    return render(request, "portal/roles/matrix.html", context, status=status)


def _everyday(roles: list[Role]) -> list[Role]:
    """All, or where they are too many the custom ones, the newest last."""
    if len(roles) <= COLUMNS:
        return roles
    return [role for role in roles if not role.is_system][:COLUMNS]


def _sorted(roles: list[Role]) -> list[Role]:
    """What can be changed first: on a phone, that is what one sees. System roles by how much they allow."""
    return sorted(
        roles,
        key=lambda one: (
            one.is_system,
            one.code != OWNER,
            -len(one.effective) if one.is_system else 0,
            one.name,
        ),
    )


def _column(actor: Actor, role: Role, can_manage: bool) -> Column:
    effective = role.effective
    if role.is_system:
        locked = "System role"
    elif not can_manage:
        locked = "Not yours to change"
    elif not all(allows(actor, code) for code in effective):
        locked = "Allows more than you hold"
    else:
        locked = ""
    own = role.own
    return Column(role, role.updated_at.isoformat(), effective, own, locked, own)


def _areas(actor: Actor, columns: list[Column]) -> dict[str, list[dict[str, Any]]]:
    def row(permission: Permission) -> dict[str, Any]:
        code = permission.code
        return {
            "permission": permission,
            "can_give": allows(actor, code),
            "cells": [
                {
                    "column": column,
                    "is_own": code in column.boxes,
                    "is_held": code in column.effective,
                    "comes_along": code in column.effective and code not in column.was,
                }
                for column in columns
            ],
        }

    return {
        area: [row(one) for one in found] for area, found in by_area(permissions().values()).items()
    }


def _save(actor: Actor, columns: list[Column], posted: QueryDict) -> list[Role]:
    """Change the roles whose boxes differ from what the page showed. The columns show what was posted."""
    givable = {code for code in permissions() if allows(actor, code)}
    changes: dict[uuid.UUID, RoleChange] = {}
    for column in columns:
        role = column.role
        if column.locked or f"version-{role.id}" not in posted:
            continue
        was = frozenset(posted.get(f"was-{role.id}", "").split()) & permissions().keys()
        boxes = frozenset(posted.getlist(f"role-{role.id}")) & givable
        # Boxes that cannot be ticked are not sent: what they stand for stays.
        boxes |= was - givable
        column.boxes = boxes
        if boxes != was:
            column.was = was
            version = version_read(posted.get(f"version-{role.id}", "")) or datetime.min.replace(
                tzinfo=role.updated_at.tzinfo
            )
            changes[role.id] = RoleChange(version, boxes)
    return roles_update(actor=actor, changes=changes)


def _tell(request: WorkspaceRequest, changed: list[Role]) -> None:
    if changed:
        names = ", ".join(role.name for role in changed)
        messages.success(request, f"Changed: {names}. It holds from the next request on.")
    else:
        messages.info(request, "Nothing was changed.")
