"""A workspace's first page, and what is reachable from anywhere in it."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.onboarding.selectors import checklists_for
from apps.organizations import permissions as p
from apps.organizations.selectors import members_for, organizations_for
from apps.portal.http import WorkspaceRequest, may, workspace_page
from apps.portal.selectors import dashboard_figures, members_with_roles, workspaces_in
from apps.portal.shell import Shell
from apps.tenants.permissions import EXPORT_DATA, MANAGE_DOMAINS, VIEW_SETTINGS

NEWEST = 5
FOUND = 6


@require_safe
@workspace_page
def dashboard(request: WorkspaceRequest) -> HttpResponse:
    figures = dashboard_figures(request.actor)
    newest = []
    if figures.members is not None:
        newest = list(members_with_roles(request.actor).order_by("-id")[:NEWEST])
    hour = timezone.localtime().hour
    context = {
        "greeting": "Good morning"
        if 4 <= hour < 12
        else "Good afternoon"
        if hour < 18
        else "Good evening",
        "figures": figures,
        "newest": newest,
        "checklists": [one for one in checklists_for(request.actor) if one.is_shown],
        "can_invite": may(request.actor, p.INVITE_MEMBER),
    }
    return render(request, "portal/dashboard.html", context)


@require_safe
@workspace_page
def switcher(request: WorkspaceRequest) -> HttpResponse:
    """The workspaces in the menu on top of the sidebar, fetched when it opens."""
    found = [
        tenant for tenant in workspaces_in(request, request.tenant, request.user) if tenant.is_ready
    ]
    return render(request, "portal/_switcher.html", {"workspaces": found})


@require_safe
@workspace_page
def palette(request: WorkspaceRequest) -> HttpResponse:
    """Pages and workspaces, and with `?q=` (2 characters or more) members and organizations."""
    query = request.GET.get("q", "").strip()[:100]
    results: list[dict[str, str]] = []
    if len(query) < 2:
        shell = Shell(request)
        results += [_result(link.label, "Page", link.url) for link in shell.nav]
        results.append(_result("Setup", "Page", reverse("onboarding")))
        if may(request.actor, p.INVITE_MEMBER):
            results.append(_result("Invite a colleague", "Action", reverse("invite")))
        if may(request.actor, VIEW_SETTINGS):
            results.append(_result("Addresses and domains", "Page", reverse("addresses")))
        if may(request.actor, MANAGE_DOMAINS):
            results.append(_result("Change the address", "Action", reverse("address_change")))
        if may(request.actor, EXPORT_DATA):
            results.append(_result("Export everything", "Action", reverse("exports")))
        if request.actor.impersonator is None:
            results += [
                _result("Profile", "Page", shell.profile_url),
                _result("All workspaces", "Page", shell.workspaces_url),
                _result("Create a workspace", "Action", shell.workspace_new_url),
            ]
        others = [
            t
            for t in workspaces_in(request, request.tenant, request.user)
            if t.is_ready and t.id != request.tenant.id
        ]
        results += [_result(tenant.name, "Workspace", tenant.url()) for tenant in others]
    else:
        if may(request.actor, p.VIEW_MEMBER):
            members = members_for(request.actor).prefetch_related(None)
            named = members.filter(name__icontains=query) | members.filter(email__icontains=query)
            results += [
                _result(str(one), "Member", reverse("member", args=[one.id]))
                for one in named.order_by("name")[:FOUND]
            ]
        if may(request.actor, p.VIEW_ORGANIZATION):
            named_organizations = organizations_for(request.actor).filter(name__icontains=query)
            results += [
                _result(one.name, "Organization", reverse("organization", args=[one.id]))
                for one in named_organizations[:FOUND]
            ]
    return JsonResponse({"results": results})


def _result(label: str, group: str, url: str) -> dict[str, str]:
    return {"label": label, "group": group, "url": url}
