"""API keys: the list, making them, and each key's text, which is shown once."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from apps.common.access import Permission, allows, permissions
from apps.common.actors import Actor
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.organizations.models import Organization
from apps.organizations.permissions import VIEW_MEMBER, VIEW_ORGANIZATION
from apps.organizations.selectors_tree import open_organizations_for
from apps.portal.forms.api_keys import KEEP, ApiKeyChangeForm, ApiKeyForm, ApiKeyRotateForm
from apps.portal.forms.workspace import ConfirmNameForm
from apps.portal.http import WorkspaceRequest, add_errors, may, require, step_up, workspace_page
from apps.portal.paging import paginate
from apps.portal.permission_areas import area_of
from apps.roles.enums import ApiKeyState as S
from apps.roles.models import ApiKey
from apps.roles.permissions import MANAGE_API_KEY, VIEW_ROLE
from apps.roles.places import place_of
from apps.roles.selectors_api_keys import api_key_for, api_keys_for, permissions_for_keys
from apps.roles.services import (
    NewApiKey,
    api_key_create,
    api_key_revoke,
    api_key_rotate,
    api_key_update,
)
from apps.tenants.permissions import VIEW_SETTINGS

TONES = {S.ACTIVE: "success", S.EXPIRING: "warning", S.EXPIRED: "danger", S.REVOKED: ""}
# What to call first with a new key, by what it allows.
TRY = (
    (VIEW_MEMBER, "members/"),
    (VIEW_ORGANIZATION, "organizations/"),
    (VIEW_ROLE, "roles/"),
    (VIEW_SETTINGS, "tenant/"),
)


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?ended`: those that work no longer."""
    require(request.actor, MANAGE_API_KEY)
    is_ended = "ended" in request.GET
    keys = api_keys_for(request.actor)
    ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=timezone.now())
    page = paginate(request, keys.filter(ended if is_ended else ~ended), newest_first=True)
    rows = [_row(key) for key in page.items]
    return render(
        request, "portal/api_keys/list.html", {"page": page, "rows": rows, "is_ended": is_ended}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
@sensitive_variables("made")
def create(request: WorkspaceRequest) -> HttpResponse:
    """The answer to the form has the key: it is kept nowhere, so it cannot be redirected to."""
    require(request.actor, MANAGE_API_KEY)
    places = _places(request.actor)
    grantable = _grantable(request.actor)
    form = ApiKeyForm(request.POST or None, permissions=grantable, organizations=places)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        data["permission_codes"] = data.pop("permissions")
        try:
            made = api_key_create(actor=request.actor, **data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            return _shown_once(request, made)
    context = {
        "form": form,
        "areas": _areas(grantable, form["permissions"].value() or []),
        "only_organization": places[0] if len(places) == 1 else None,
    }
    return render(request, "portal/api_keys/new.html", context, status=422 if form.errors else 200)


@require_safe
@workspace_page
def detail(request: WorkspaceRequest, api_key_id: uuid.UUID) -> HttpResponse:
    key = api_key_for(request.actor, api_key_id)
    declared = permissions()
    held = [declared[code] for code in sorted(key.held)]
    context = {
        **_row(key),
        "areas": _areas(held, key.permissions),
        "unknown": sorted(key.unknown),
        "is_open": key.revoked_at is None,
        "is_expired": key.state == S.EXPIRED,
    }
    return render(request, "portal/api_keys/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def change(request: WorkspaceRequest, api_key_id: uuid.UUID) -> HttpResponse:
    key = api_key_for(request.actor, api_key_id)
    if key.state in (S.REVOKED, S.EXPIRED):
        return redirect("api_key", api_key_id)
    # Also what somebody else gave it: the service says why that cannot stay.
    grantable = _grantable(request.actor, also=frozenset(key.given))
    unknown = sorted(key.unknown)
    form = ApiKeyChangeForm(
        request.POST or None,
        permissions=grantable,
        unknown=unknown,
        initial={
            "name": key.name,
            "permissions": [*key.given, *unknown],
            "networks": key.networks,
        },
    )
    form.keep_expiry()
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        data["permission_codes"] = data.pop("permissions")
        if data["expires_in_days"] == KEEP:
            del data["expires_in_days"]
        try:
            api_key_update(actor=request.actor, api_key_id=api_key_id, **data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{data['name']} is changed, from its next request on.")
            return redirect("api_key", api_key_id)
    context = {
        **_row(key),
        "form": form,
        "areas": _areas(grantable, form["permissions"].value() or [], agreed=key.permissions),
        "unknown": [(code, code in (form["permissions"].value() or ())) for code in unknown],
    }
    return render(
        request, "portal/api_keys/change.html", context, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
@sensitive_variables("made")
def rotate(request: WorkspaceRequest, api_key_id: uuid.UUID) -> HttpResponse:
    key = api_key_for(request.actor, api_key_id)
    if key.revoked_at is not None:
        return redirect("api_key", api_key_id)
    form = ApiKeyRotateForm(request.POST or None, initial={"replaces": key.hint})
    if request.method == "POST" and form.is_valid():
        try:
            made = api_key_rotate(actor=request.actor, api_key_id=api_key_id, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            return _shown_once(request, made, rotated=True)
    context = {**_row(key), "form": form}
    return render(
        request, "portal/api_keys/rotate.html", context, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def revoke(request: WorkspaceRequest, api_key_id: uuid.UUID) -> HttpResponse:
    key = api_key_for(request.actor, api_key_id)
    if key.revoked_at is not None:
        return redirect("api_key", api_key_id)
    form = ConfirmNameForm(request.POST or None, expected=key.name)
    if request.method == "POST" and form.is_valid():
        try:
            api_key_revoke(actor=request.actor, api_key_id=api_key_id)
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as error:
            messages.error(request, str(error.detail))
        else:
            messages.success(request, f"{key.name} is revoked.")
        return redirect("api_keys")
    context = {**_row(key), "form": form}
    return render(
        request, "portal/api_keys/revoke.html", context, status=422 if form.errors else 200
    )


def _shown_once(
    request: WorkspaceRequest, made: NewApiKey, *, rotated: bool = False
) -> HttpResponse:
    context = {
        "key": made.key,
        "text": made.text,
        "rotated": rotated,
        "try_path": next((path for code, path in TRY if code in made.key.held), ""),
        "api_url": request.tenant.url("/api/v1/"),
    }
    return render(request, "portal/api_keys/shown.html", context)


def _row(key: ApiKey) -> dict[str, Any]:
    place = place_of(key)
    return {
        "key": key,
        "state": key.state,
        "tone": TONES[key.state],
        "place": place,
        "is_whole": place is not None and place.is_root,
        "count": len(key.held),
    }


def _places(actor: Actor) -> list[Organization]:
    """Where the actor may make keys, in tree order. One statement."""
    if not may(actor, VIEW_ORGANIZATION):
        return []
    return [one for one in open_organizations_for(actor) if allows(actor, MANAGE_API_KEY, one)]


def _grantable(actor: Actor, *, also: frozenset[str] = frozenset()) -> list[Permission]:
    return [p for p in permissions_for_keys() if p.code in also or may(actor, p.code)]


def _areas(
    found: list[Permission], chosen: list[str], *, agreed: list[str] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """By heading. asks: whether ticking it has to be confirmed."""
    areas: dict[str, list[dict[str, Any]]] = {}
    for permission in found:
        asks = permission.dangerous and permission.code not in (agreed or ())
        areas.setdefault(area_of(permission), []).append(
            {"permission": permission, "is_chosen": permission.code in chosen, "asks": asks}
        )
    return areas
