"""What is done to one organization besides renaming, moving and deleting: order, archive, settings."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from apps.common.access import authorize
from apps.common.errors import InvalidInput, NotFound, PermissionDenied, PlatformError
from apps.organizations import permissions as p
from apps.organizations.selectors import organization_for
from apps.organizations.selectors_settings import settings_for
from apps.organizations.selectors_tree import organization_trail, place_among_siblings
from apps.organizations.services import (
    organization_archive,
    organization_reorder,
    organization_restore,
    setting_reset,
    setting_set,
)
from apps.portal.forms.organizations import SettingForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page

STEPS = {"up": -1, "down": 1}


@require_POST
@workspace_page
def reorder(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    """One step up or down among its siblings; back to their parent's page."""
    organization = organization_for(request.actor, organization_id)
    step = STEPS.get(request.POST.get("direction", ""))
    if step is None:
        raise InvalidInput.field("direction", "Choose up or down.")
    _act(
        request,
        lambda: organization_reorder(
            actor=request.actor,
            organization_id=organization.id,
            position=max(1, place_among_siblings(organization) + step),
        ),
        "",
    )
    back = organization_trail(request.actor, organization.id)[-2:]
    return redirect(f"{reverse('organization', args=[back[0].id])}#below-{organization.id}")


@require_POST
@workspace_page
def archive(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    organization = organization_for(request.actor, organization_id)
    _act(
        request,
        lambda: organization_archive(actor=request.actor, organization_id=organization.id),
        f"{organization} is archived, with all below it.",
    )
    return redirect("organization", organization.id)


@require_POST
@workspace_page
def restore(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    organization = organization_for(request.actor, organization_id)
    _act(
        request,
        lambda: organization_restore(actor=request.actor, organization_id=organization.id),
        f"{organization} is back, with what was archived with it.",
    )
    return redirect("organization", organization.id)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def setting(request: WorkspaceRequest, organization_id: uuid.UUID, code: str) -> HttpResponse:
    """A value of its own; or, by the other button, what is inherited again."""
    trail = organization_trail(request.actor, organization_id)
    organization = trail[-1]
    authorize(request.actor, p.MANAGE_SETTINGS, organization)
    found = settings_for(request.actor, organization)
    effective = next((one for one in found if one.setting.code == code), None)
    if effective is None:
        raise NotFound
    at: dict[str, Any] = {
        "actor": request.actor,
        "organization_id": organization.id,
        "code": code,
    }
    is_reset = request.method == "POST" and "reset" in request.POST
    form = SettingForm(
        request.POST if request.method == "POST" and not is_reset else None, effective=effective
    )
    if is_reset or form.is_valid():
        try:
            if is_reset:
                setting_reset(**at)
            else:
                setting_set(**at, value=form.cleaned_data["value"])
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, "The setting is changed, here and below.")
            return redirect(f"{reverse('organization', args=[organization.id])}#settings")
    context = {
        "organization": organization,
        "trail": trail,
        "effective": effective,
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "portal/organizations/setting.html", context, status=status)


def _act(request: WorkspaceRequest, act: Callable[[], object], done: str) -> None:
    """Carry it out, and say what came of it. Raises NotFound, PermissionDenied."""
    try:
        act()
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        if done:
            messages.success(request, done)
