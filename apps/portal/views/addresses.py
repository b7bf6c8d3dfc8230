"""Where the workspace is found: its address, and domains of its own."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from apps.common.access import allows, authorize
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.common.requests import host_name
from apps.common.urls import host_url, slug_host
from apps.portal.forms.addresses import AddressForm, DomainForm
from apps.portal.forms.workspace import ConfirmNameForm
from apps.portal.http import WorkspaceRequest, add_errors, step_up, workspace_page
from apps.portal.views.workspaces import slug_status
from apps.tenants.enums import DomainState
from apps.tenants.models import Domain
from apps.tenants.permissions import MANAGE_DOMAINS, VIEW_SETTINGS
from apps.tenants.selectors_domains import domain_for, domains_for
from apps.tenants.services import (
    domain_add,
    domain_check,
    domain_make_primary,
    domain_remove,
    tenant_readdress,
)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """The list; POST claims a domain. `?from=` is the slug of before, when the address was just changed."""
    authorize(request.actor, VIEW_SETTINGS)
    form = DomainForm(request.POST or None)
    if request.method == "POST":
        authorize(request.actor, MANAGE_DOMAINS)
        if form.is_valid():
            try:
                domain = domain_add(
                    actor=request.actor,
                    tenant_id=request.tenant.id,
                    domain=form.cleaned_data["domain"],
                )
            except PlatformError as error:
                add_errors(form, error)
            else:
                return redirect("address", domain.id)
    domains = sorted(
        domains_for(request.actor), key=lambda one: (not one.is_current_subdomain, one.is_alias)
    )
    moved_from = slug_host(request.GET.get("from", ""))
    context = {
        "form": form,
        "domains": domains,
        "has_own": any(not one.is_subdomain for one in domains),
        "moved_from": moved_from
        if any(d.domain == moved_from and d.is_alias for d in domains)
        else "",
        **_context(request),
    }
    return render(
        request, "portal/addresses/list.html", context, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def change(request: WorkspaceRequest) -> HttpResponse:
    """Another subdomain. Afterwards the browser goes on at the new one, if it was at the old."""
    authorize(request.actor, MANAGE_DOMAINS)
    form = AddressForm(request.POST or None)
    old = request.tenant.slug
    if request.method == "POST" and form.is_valid():
        try:
            tenant = tenant_readdress(
                actor=request.actor,
                tenant_id=request.tenant.id,
                slug=form.cleaned_data["slug"],
            )
        except PlatformError as error:
            add_errors(form, error)
        else:
            if host_name(request) == slug_host(old) and tenant.slug != old:
                # Messages stay with the old host; the new one is told by the address.
                path = f"{reverse('addresses')}?{urlencode({'from': old})}"
                return redirect(host_url(slug_host(tenant.slug), path))
            messages.success(request, f"The address is {slug_host(tenant.slug)}.")
            return redirect("addresses")
    return render(
        request,
        "portal/addresses/change.html",
        {"form": form, **_context(request)},
        status=422 if form.errors else 200,
    )


@require_safe
@workspace_page
def slug(request: WorkspaceRequest) -> HttpResponse:
    """Whether an address can be had, while it is typed. Only a hint: tenant_readdress decides."""
    authorize(request.actor, MANAGE_DOMAINS)
    context = slug_status(request.GET.get("slug", ""), own=request.tenant)
    return render(request, "portal/workspaces/_slug.html", context)


@require_safe
@workspace_page
def detail(request: WorkspaceRequest, domain_id: uuid.UUID) -> HttpResponse:
    domain = domain_for(request.actor, domain_id)
    return render(request, "portal/addresses/detail.html", _about(request, domain))


@require_POST
@workspace_page
def check(request: WorkspaceRequest, domain_id: uuid.UUID) -> HttpResponse:
    """Look for the record now. htmx gets the result's part of the page, and a new page when that changed."""
    before = domain_for(request.actor, domain_id)
    problem = ""
    try:
        domain = domain_check(actor=request.actor, domain_id=domain_id)
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        problem = str(error.detail)
        domain = domain_for(request.actor, domain_id)
    is_found = not problem and not domain.check_error
    if request.htmx and domain.state == before.state and not is_found:
        context = {**_about(request, domain), "problem": problem}
        return render(request, "portal/addresses/_result.html", context)
    if is_found:
        words = "is verified" if before.verified_at is None else "still has its record"
        messages.success(request, f"{domain} {words}.")
    else:
        messages.error(request, problem or domain.check_error)
    return HttpResponseClientRefresh() if request.htmx else redirect("address", domain_id)


@require_POST
@workspace_page
def make_primary(request: WorkspaceRequest, domain_id: uuid.UUID) -> HttpResponse:
    try:
        domain = domain_make_primary(actor=request.actor, domain_id=domain_id)
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(request, f"Links lead to {domain} from now on.")
    return redirect("address", domain_id)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def remove(request: WorkspaceRequest, domain_id: uuid.UUID) -> HttpResponse:
    authorize(request.actor, MANAGE_DOMAINS)
    domain = domain_for(request.actor, domain_id)
    name = domain.domain
    form = ConfirmNameForm(request.POST or None, expected=name)
    if request.method == "POST" and form.is_valid():
        try:
            domain_remove(actor=request.actor, domain_id=domain_id)
        except PlatformError as error:
            add_errors(form, error)
        else:
            if host_name(request) == name:
                return redirect(host_url(slug_host(request.tenant.slug), reverse("addresses")))
            messages.success(request, f"{name} is removed.")
            return redirect("addresses")
    context = {**_about(request, domain), "form": form}
    return render(
        request, "portal/addresses/remove.html", context, status=422 if form.errors else 200
    )


def _about(request: WorkspaceRequest, domain: Domain) -> dict[str, Any]:
    return {
        "domain": domain,
        "is_waiting": domain.state == DomainState.WAITING,
        "is_missing": domain.state == DomainState.PROOF_MISSING,
        **_context(request),
    }


def _context(request: WorkspaceRequest) -> dict[str, Any]:
    return {
        "can_manage": allows(request.actor, MANAGE_DOMAINS),
        "subdomain": slug_host(request.tenant.slug),
        "primary": request.tenant.host,
        "base_domain": settings.BASE_DOMAIN,
    }
