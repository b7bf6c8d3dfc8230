"""E-mail domains of the workspace: prove them, and say who may join by them."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from apps.accounts.email_domains import (
    PROOF_GRACE,
    email_domain_add,
    email_domain_check,
    email_domain_remove,
    email_domain_set_join_mode,
)
from apps.accounts.enums import JoinMode
from apps.accounts.models import EmailDomain
from apps.accounts.permissions import MANAGE_EMAIL_DOMAINS
from apps.accounts.selectors_email_domains import email_domain_for, email_domains_for
from apps.common.access import allows, authorize
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.portal.forms.email_domains import EmailDomainForm, JoinModeForm
from apps.portal.forms.workspace import ConfirmNameForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page
from apps.tenants.enums import DomainState
from apps.tenants.permissions import VIEW_SETTINGS


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """The list; POST claims a domain."""
    authorize(request.actor, VIEW_SETTINGS)
    form = EmailDomainForm(request.POST or None)
    if request.method == "POST":
        authorize(request.actor, MANAGE_EMAIL_DOMAINS)
        if form.is_valid():
            try:
                domain = email_domain_add(
                    actor=request.actor,
                    tenant_id=request.tenant.id,
                    domain=form.cleaned_data["domain"],
                )
            except PlatformError as error:
                add_errors(form, error)
            else:
                return redirect("email_domain", domain.id)
    context = {
        "form": form,
        "domains": list(email_domains_for(request.actor)),
        "can_manage": allows(request.actor, MANAGE_EMAIL_DOMAINS),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/email_domains/list.html", context, status=status)


@require_safe
@workspace_page
def detail(request: WorkspaceRequest, email_domain_id: uuid.UUID) -> HttpResponse:
    domain = email_domain_for(request.actor, email_domain_id)
    form = JoinModeForm(initial={"join_mode": domain.join_mode})
    context = {**_about(request, domain), "form": form}
    return render(request, "portal/email_domains/detail.html", context)


@require_POST
@workspace_page
def check(request: WorkspaceRequest, email_domain_id: uuid.UUID) -> HttpResponse:
    """Look for the record now. htmx gets the result's part of the page, and a new page when that changed."""
    before = email_domain_for(request.actor, email_domain_id)
    problem = ""
    try:
        domain = email_domain_check(actor=request.actor, email_domain_id=email_domain_id)
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        problem = str(error.detail)
        domain = email_domain_for(request.actor, email_domain_id)
    is_found = not problem and not domain.check_error
    if request.htmx and domain.state == before.state and not is_found:
        context = {**_about(request, domain), "problem": problem}
        return render(request, "portal/addresses/_result.html", context)
    if is_found:
        words = "is verified" if before.verified_at is None else "still has its record"
        messages.success(request, f"{domain} {words}.")
    else:
        messages.error(request, problem or domain.check_error)
    if request.htmx:
        return HttpResponseClientRefresh()
    return redirect("email_domain", email_domain_id)


@require_POST
@workspace_page
def join_mode(request: WorkspaceRequest, email_domain_id: uuid.UUID) -> HttpResponse:
    """Who may join by the domain."""
    domain = email_domain_for(request.actor, email_domain_id)
    authorize(request.actor, MANAGE_EMAIL_DOMAINS)
    form = JoinModeForm(request.POST)
    if not form.is_valid():
        context = {**_about(request, domain), "form": form}
        return render(request, "portal/email_domains/detail.html", context, status=422)
    try:
        email_domain_set_join_mode(
            actor=request.actor,
            email_domain_id=domain.id,
            join_mode=JoinMode(form.cleaned_data["join_mode"]),
        )
    except (NotFound, PermissionDenied):
        raise
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(request, f"Saved who may join with an address at {domain}.")
    return redirect("email_domain", domain.id)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def remove(request: WorkspaceRequest, email_domain_id: uuid.UUID) -> HttpResponse:
    authorize(request.actor, MANAGE_EMAIL_DOMAINS)
    domain = email_domain_for(request.actor, email_domain_id)
    form = ConfirmNameForm(request.POST or None, expected=domain.domain)
    if request.method == "POST" and form.is_valid():
        try:
            email_domain_remove(actor=request.actor, email_domain_id=email_domain_id)
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{domain} is removed.")
            return redirect("email_domains")
    context = {**_about(request, domain), "form": form}
    status = 422 if form.errors else 200
    return render(request, "portal/email_domains/remove.html", context, status=status)


def _about(request: WorkspaceRequest, domain: EmailDomain) -> dict[str, Any]:
    since = domain.proof_missing_since
    return {
        "domain": domain,
        "is_waiting": domain.state == DomainState.WAITING,
        "is_missing": domain.state == DomainState.PROOF_MISSING,
        "withdrawn_at": since + PROOF_GRACE if since else None,
        "can_manage": allows(request.actor, MANAGE_EMAIL_DOMAINS),
    }
