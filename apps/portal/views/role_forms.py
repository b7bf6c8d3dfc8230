"""Making a custom role, as a copy of another too, and changing one."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.common.access import Permission, allows, authorize, permissions
from apps.common.actors import Actor
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.common.ids import parse_uuid
from apps.portal.forms.roles import RoleForm, RoleNameForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page
from apps.portal.permission_areas import by_area
from apps.roles.models import OWNER, Role
from apps.roles.permissions import MANAGE_ROLE
from apps.roles.selectors import included_roles, roles_for, with_includes
from apps.roles.services import role_create, role_update

NOT_HELD = "You do not hold it in the whole workspace yourself."
MORE_THAN_HELD = "It allows more than you hold in the whole workspace yourself."


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def create(request: WorkspaceRequest) -> HttpResponse:
    """`?copy=`: id of a role to begin with."""
    authorize(request.actor, MANAGE_ROLE)
    roles = list(with_includes(roles_for(request.actor)))
    copied = _copied(roles, request.GET.get("copy", ""))
    givable = _givable(request.actor)
    offered = [role for role in roles if not _why_not(request.actor, role)]
    form = RoleForm(
        request.POST or None,
        roles=offered,
        permissions=givable,
        initial=_initial_of_copy(copied, givable, offered) if copied else {},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            role = role_create(
                actor=request.actor,
                name=data["name"],
                description=data["description"],
                permission_codes=data["permissions"],
                includes=data["includes"],
            )
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"The role {role.name} is created. Give it to members now.")
            return redirect("role", role.id)
    context = {
        "form": form,
        "copied": copied,
        "lacks": bool(copied and copied.effective - {one.code for one in givable}),
        **_choices(request.actor, form, roles),
    }
    return render(request, "portal/roles/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def change(request: WorkspaceRequest, role_id: uuid.UUID) -> HttpResponse:
    authorize(request.actor, MANAGE_ROLE)
    roles = list(with_includes(roles_for(request.actor)))
    role = next((one for one in roles if one.id == role_id), None)
    if role is None:
        raise NotFound
    if role.is_system:
        return redirect("role", role_id)
    form = _change_form(request, role, roles)
    if request.method == "POST" and form.is_valid():
        try:
            role_update(actor=request.actor, role_id=role_id, **_changes(form, role))
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(
                request,
                f"The role {form.cleaned_data['name']} is changed, from the next request on.",
            )
            return redirect("role", role_id)
    context = {"form": form, "role": role}
    if isinstance(form, RoleForm):
        context |= _choices(request.actor, form, roles, role)
    return render(request, "portal/roles/form.html", context, status=422 if form.errors else 200)


def _change_form(
    request: WorkspaceRequest, role: Role, roles: list[Role]
) -> RoleForm | RoleNameForm:
    initial = {
        "name": role.name,
        "description": role.description,
        "version": role.updated_at.isoformat(),
    }
    if _why_not(request.actor, role):
        return RoleNameForm(request.POST or None, initial=initial)
    unknown = sorted(role.unknown)
    return RoleForm(
        request.POST or None,
        roles=[one for one in roles if not _why_not(request.actor, one, _above(role, roles))],
        permissions=_givable(request.actor),
        unknown=unknown,
        initial={
            **initial,
            "includes": [one.id for one in included_roles(role)],
            "permissions": [*role.own, *unknown],
        },
    )


def _changes(form: RoleForm | RoleNameForm, role: Role) -> dict[str, Any]:
    data = form.cleaned_data
    found = {name: data[name] for name in ("name", "description", "version")}
    if isinstance(form, RoleForm):
        chosen = frozenset(data["permissions"])
        found["permission_codes"] = chosen - role.unknown
        found["unknown_codes"] = chosen & role.unknown
        found["includes"] = data["includes"]
    return found


def _givable(actor: Actor) -> list[Permission]:
    return [one for one in permissions().values() if allows(actor, one.code)]


def _why_not(actor: Actor, role: Role, above: frozenset[uuid.UUID] = frozenset()) -> str:
    """Why the actor cannot include a role, or change it; empty: they can. above: what includes the other."""
    if role.code == OWNER and role.is_system:
        return "The owner role is held by itself."
    if role.id in above:
        return "It includes this role."
    return "" if all(allows(actor, code) for code in role.effective) else MORE_THAN_HELD


def _above(role: Role, roles: list[Role]) -> frozenset[uuid.UUID]:
    """The role, and those that include it, at any depth."""
    found, size = {role.id}, 0
    while len(found) > size:
        size = len(found)
        found |= {one.id for one in roles if found & {i.included_id for i in one.inclusions.all()}}
    return frozenset(found)


def _copied(roles: list[Role], text: str) -> Role | None:
    role_id = parse_uuid(text)
    return next((role for role in roles if role.id == role_id), None)


def _initial_of_copy(
    copied: Role, givable: list[Permission], offered: list[Role]
) -> dict[str, Any]:
    """As far as the actor may give it."""
    included = {one.id for one in included_roles(copied)}
    return {
        "name": f"{copied.name[:70]} (copy)",
        "description": copied.description,
        "includes": [role.id for role in offered if role.id in included],
        "permissions": [one.code for one in givable if one.code in copied.own],
    }


def _choices(
    actor: Actor, form: RoleForm, roles: list[Role], role: Role | None = None
) -> dict[str, Any]:
    """What can be chosen, and what cannot with the reason."""
    declared = permissions()
    chosen = set(form["permissions"].value() or ())
    included = {str(one) for one in form["includes"].value() or ()}
    areas = {
        area: [
            {
                "permission": one,
                "is_chosen": one.code in chosen,
                "brings": [declared[code].label for code in one.implies],
                "why_not": "" if allows(actor, one.code) else NOT_HELD,
            }
            for one in found
        ]
        for area, found in by_area(declared.values()).items()
    }
    others = [one for one in roles if role is None or one.id != role.id]
    above = _above(role, roles) if role else frozenset()
    return {
        "areas": areas,
        "unknown": [(code, code in chosen) for code in sorted(role.unknown)] if role else [],
        "roles": [
            {
                "role": one,
                "is_chosen": str(one.id) in included,
                "why_not": _why_not(actor, one, above),
            }
            for one in others
        ],
    }
