"""A person's workspaces on the public host: the list, a new one, and watching it being prepared."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from apps.accounts.redirects import leave_for
from apps.common.errors import Conflict, InvalidInput, PlatformError
from apps.common.urls import slug_host
from apps.organizations.selectors_joining import join_offers
from apps.organizations.services import tenant_join
from apps.portal.forms.public import WorkspaceForm
from apps.portal.http import PageRequest, add_errors, person_page
from apps.portal.selectors import workspaces_of
from apps.tenants.enums import TenantStatus as S
from apps.tenants.models import Tenant
from apps.tenants.provisioning import progress
from apps.tenants.selectors import tenant_by_slug, tenant_for
from apps.tenants.services import tenant_create
from apps.tenants.slugs import slug_validate


@require_safe
@person_page
def index(request: PageRequest) -> HttpResponse:
    found = list(workspaces_of(request.user))
    context = {"workspaces": found, "offers": join_offers(request.user)}
    return render(request, "portal/workspaces/list.html", context)


@require_POST
@person_page
def join(request: PageRequest, tenant_id: uuid.UUID) -> HttpResponse:
    """Join by the domain of one's address: on to the workspace, or back with a request that waits."""
    try:
        joining = tenant_join(person=request.user, tenant_id=tenant_id)
    except Conflict as error:
        messages.error(request, str(error.detail))
        return redirect("workspaces")
    if joining.member is not None:
        return leave_for(joining.tenant.url())
    messages.success(request, f"Your request to join {joining.tenant.name} is on its way.")
    return redirect("workspaces")


@require_http_methods(["GET", "HEAD", "POST"])
@person_page
def create(request: PageRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            tenant = tenant_create(
                actor=request.actor,
                name=form.cleaned_data["name"],
                slug=form.cleaned_data["slug"],
                owner_person_id=request.user.id,
            )
        except PlatformError as error:
            add_errors(form, error)
        else:
            return redirect("workspace", tenant.id)
    status = 422 if form.errors else 200
    return render(request, "portal/workspaces/new.html", {"form": form}, status=status)


@require_safe
@person_page
def slug_check(request: PageRequest) -> HttpResponse:
    """Whether an address can be had, while it is typed. Only a hint: tenant_create decides."""
    context = slug_status(request.GET.get("slug", ""))
    return render(request, "portal/workspaces/_slug.html", context)


def slug_status(typed: str, own: Tenant | None = None) -> dict[str, str]:
    """Context of _slug.html. own: the workspace that looks for another address; its old ones are free."""
    wanted = typed.strip().lower()
    problem, host = "", ""
    if wanted:
        try:
            slug = slug_validate(wanted)
            host = slug_host(slug)
            holder = tenant_by_slug(slug)
            if own is not None and slug == own.slug:
                problem = f"{host} is the present address."
            elif holder is not None and holder != own:
                problem = f"{host} is taken. Try another."
        except InvalidInput as error:
            problem = str(error.detail)
    return {"host": host, "problem": problem}


@require_safe
@person_page
def detail(request: PageRequest, tenant_id: uuid.UUID) -> HttpResponse:
    """Progress of a workspace that the person asked for; once ready, the workspace itself.

    htmx asks again and again with `?seen=`; while nothing changed the answer is empty.
    """
    tenant = tenant_for(request.actor, tenant_id)
    if tenant.is_ready:
        url = tenant.url()
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    found = progress(tenant)
    seen = f"{found.done}-{tenant.status}"
    if request.htmx and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    context = {
        "tenant": tenant,
        "progress": found,
        "seen": seen,
        "failed": tenant.status == S.FAILED,
        "waiting": tenant.status in (S.PENDING, S.PROVISIONING),
        "host": slug_host(tenant.slug),
    }
    template = (
        "portal/workspaces/_progress.html" if request.htmx else "portal/workspaces/detail.html"
    )
    return render(request, template, context)
