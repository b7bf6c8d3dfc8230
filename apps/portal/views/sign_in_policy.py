"""How people have to sign in to the workspace: a page of sections, each with its own forms and addresses."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.methods import has_second_factor
from apps.accounts.permissions import MANAGE_SIGN_IN_POLICY
from apps.accounts.sign_in_policy import sign_in_policy_for, sign_in_policy_update
from apps.common.access import allows, authorize
from apps.common.errors import InvalidInput, PermissionDenied, PlatformError
from apps.portal.http import WorkspaceRequest, step_up, workspace_page
from apps.portal.sections import Section
from apps.portal.views import identity_provider
from apps.tenants.permissions import VIEW_SETTINGS


def _second_factor(request: WorkspaceRequest) -> Section:
    context = {
        "policy": sign_in_policy_for(request.actor),
        "has_second_factor": has_second_factor(request.actor.methods),
        "enter_url": f"{resolve_url('account_login')}?{urlencode({'next': request.path, 'factor': '1'})}",
    }
    return Section("portal/sign_in/_second_factor.html", context)


def _support(request: WorkspaceRequest) -> Section:
    return Section("portal/sign_in/_support.html", {"policy": sign_in_policy_for(request.actor)})


# In the order of the page; None: nothing for this reader.
SECTIONS: list[Callable[[WorkspaceRequest], Section | None]] = [
    _second_factor,
    identity_provider.section,
    _support,
]


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    authorize(request.actor, VIEW_SETTINGS)
    context = {
        "sections": list(filter(None, (section(request) for section in SECTIONS))),
        "can_manage": allows(request.actor, MANAGE_SIGN_IN_POLICY),
    }
    return render(request, "portal/sign_in/policy.html", context)


@require_POST
@workspace_page
@step_up
def second_factor(request: WorkspaceRequest) -> HttpResponse:
    """`require` is `yes` or `no`."""
    authorize(request.actor, MANAGE_SIGN_IN_POLICY)
    wanted = request.POST.get("require", "")
    if wanted not in ("yes", "no"):
        raise InvalidInput.field("require", "Choose yes or no.")
    try:
        policy = sign_in_policy_update(actor=request.actor, require_mfa=wanted == "yes")
    except PermissionDenied:
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        now = "Everybody needs" if policy.require_mfa else "Nobody needs"
        messages.success(request, f"{now} a second factor, from the next request on.")
    return redirect("sign_in_policy")


@require_POST
@workspace_page
@step_up
def support(request: WorkspaceRequest) -> HttpResponse:
    """`allow` is `yes` or `no`."""
    authorize(request.actor, MANAGE_SIGN_IN_POLICY)
    wanted = request.POST.get("allow", "")
    if wanted not in ("yes", "no"):
        raise InvalidInput.field("allow", "Choose yes or no.")
    policy = sign_in_policy_update(actor=request.actor, allow_support=wanted == "yes")
    now = "can" if policy.allow_support else "can no longer"
    messages.success(request, f"Platform support {now} act for members.")
    return redirect("sign_in_policy")
