"""The workspace's identity provider: connect it, test it, turn it on, enforce it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.enums import ProviderState as S
from apps.accounts.models import EmailDomain, IdentityProvider
from apps.accounts.oidc.config import redirect_uri
from apps.accounts.oidc.tenant_providers import (
    provider_connect,
    provider_for,
    provider_remove,
    provider_test_url,
    provider_update,
)
from apps.accounts.permissions import MANAGE_IDENTITY_PROVIDER
from apps.common.access import authorize
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.common.requests import host_name
from apps.common.urls import public_url
from apps.organizations.selectors import (
    organizations_for,
    owners_of_tenant,
    provider_group_roles_for,
)
from apps.organizations.services.provider_groups import (
    provider_group_role_create,
    provider_group_role_delete,
)
from apps.portal.forms.identity_provider import (
    BreakGlassForm,
    ConnectForm,
    GroupRoleForm,
    JoiningForm,
)
from apps.portal.forms.workspace import ConfirmNameForm
from apps.portal.http import WorkspaceRequest, add_errors, step_up, workspace_page
from apps.portal.sections import Section
from apps.roles.models import OWNER, Role

STATES = {"on": S.ON, "off": S.TESTED, "enforce": S.ENFORCED, "relax": S.ON}
DONE = {
    "on": "People can sign in by it.",
    "off": "It is turned off.",
    "enforce": "Members with an address in your domains sign in by it only.",
    "relax": "Members can sign in in other ways again.",
}


def section(request: WorkspaceRequest) -> Section | None:
    """The card on the page of sign-in; None for who may not manage it."""
    try:
        provider = provider_for(request.actor)
    except PermissionDenied:
        return None
    return Section("portal/sign_in/_identity_provider.html", {"provider": provider})


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    provider = provider_for(request.actor)
    if provider is None:
        return redirect("identity_provider_connect")
    return _page(request, provider)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def connect(request: WorkspaceRequest) -> HttpResponse:
    """Connect one, or change the connection."""
    provider = provider_for(request.actor)
    form = ConnectForm(request.POST or None, provider=provider)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        try:
            provider_connect(
                actor=request.actor,
                name=data["name"],
                discovery_url_given=data["discovery_url"],
                client_id=data["client_id"],
                client_secret=data["client_secret"] or None,
                groups_claim=data["groups_claim"],
            )
        except PermissionDenied:
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, "It is connected. Test it before you turn it on.")
            return redirect("identity_provider")
    context = {
        "form": form,
        "provider": provider,
        "redirect_uri": redirect_uri(),
        "backchannel_uri": public_url("/oidc/backchannel-logout/"),
        "signed_out_uri": public_url("/oidc/signed-out/"),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/identity_provider/connect.html", context, status=status)


@require_POST
@workspace_page
def test(request: WorkspaceRequest) -> HttpResponse:
    """Sign in at the provider and see what it says. By way of the public host, which it answers."""
    return redirect(provider_test_url(actor=request.actor, host=host_name(request)))


@require_POST
@workspace_page
@step_up
def switch(request: WorkspaceRequest, change: str) -> HttpResponse:
    """change: on, off, enforce, relax."""
    if change not in STATES:
        raise NotFound
    return _done(request, DONE[change], state=STATES[change])


@require_POST
@workspace_page
@step_up
def joining(request: WorkspaceRequest) -> HttpResponse:
    provider = _provider(request)
    form = JoiningForm(request.POST, roles=_roles(request))
    if not form.is_valid():
        return _page(request, provider, joining_form=form, status=422)
    return _done(request, "Saved.", default_role_id=form.cleaned_data["default_role_id"])


@require_POST
@workspace_page
@step_up
def break_glass(request: WorkspaceRequest) -> HttpResponse:
    provider = _provider(request)
    form = BreakGlassForm(request.POST, owners=list(owners_of_tenant()))
    if not form.is_valid():
        return _page(request, provider, break_glass_form=form, status=422)
    return _done(request, "Saved.", break_glass_ids=form.cleaned_data["break_glass_ids"])


@require_POST
@workspace_page
@step_up
def group_add(request: WorkspaceRequest) -> HttpResponse:
    provider = _provider(request)
    form = _group_form(request, request.POST)
    if form.is_valid():
        try:
            provider_group_role_create(actor=request.actor, **form.cleaned_data)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, "It takes effect when people sign in the next time.")
            return redirect("identity_provider")
    return _page(request, provider, group_form=form, status=422)


@require_POST
@workspace_page
def group_remove(request: WorkspaceRequest, group_role_id: uuid.UUID) -> HttpResponse:
    provider_group_role_delete(actor=request.actor, group_role_id=group_role_id)
    messages.success(request, "The group gives this role no longer. Who holds it keeps it.")
    return redirect("identity_provider")


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def remove(request: WorkspaceRequest) -> HttpResponse:
    provider = _provider(request)
    form = ConfirmNameForm(request.POST or None, expected=provider.name)
    if request.method == "POST" and form.is_valid():
        provider_remove(actor=request.actor)
        messages.success(request, f"{provider.name} is disconnected.")
        return redirect("sign_in_policy")
    context = {"form": form, "provider": provider}
    status = 422 if form.errors else 200
    return render(request, "portal/identity_provider/remove.html", context, status=status)


def _provider(request: WorkspaceRequest) -> IdentityProvider:
    provider = provider_for(request.actor)
    if provider is None:
        raise NotFound
    return provider


def _done(request: WorkspaceRequest, message: str, **changes: Any) -> HttpResponse:
    try:
        provider_update(actor=request.actor, **changes)
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(request, message)
    return redirect("identity_provider")


def _roles(request: WorkspaceRequest) -> list[Role]:
    authorize(request.actor, MANAGE_IDENTITY_PROVIDER)
    return list(Role.objects.exclude(code=OWNER))


def _group_form(request: WorkspaceRequest, data: Any = None) -> GroupRoleForm:
    return GroupRoleForm(
        data,
        roles=_roles(request),
        organizations=list(organizations_for(request.actor)),
        prefix="group",
    )


def _page(
    request: WorkspaceRequest, provider: IdentityProvider, status: int = 200, **forms: Any
) -> HttpResponse:
    domains = EmailDomain.objects.filter(tenant_id=request.tenant.id, verified_at__isnull=False)
    owners = list(owners_of_tenant())
    named = {one.person_id for one in owners} & set(provider.break_glass_ids)
    context = {
        "provider": provider,
        "domains": [str(domain) for domain in domains.order_by("domain")],
        "is_tested": provider.state != S.DRAFT,
        "has_break_glass": bool(named),
        "group_roles": list(provider_group_roles_for(request.actor)),
        "joining_form": JoiningForm(
            roles=_roles(request), initial={"default_role_id": provider.default_role_id}
        ),
        "break_glass_form": BreakGlassForm(
            owners=owners, initial={"break_glass_ids": [str(one) for one in named]}
        ),
        "group_form": _group_form(request),
        "backchannel_uri": public_url("/oidc/backchannel-logout/"),
        "redirect_uri": redirect_uri(),
        **forms,
    }
    return render(request, "portal/identity_provider/index.html", context, status=status)
