"""What each member may spend in a period."""

import uuid

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.access import authorize
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.credits.permissions import MANAGE_BUDGETS
from apps.credits.selectors_budgets import cap_line, cap_lines, members_capped, members_in_view
from apps.credits.services import spending_cap_remove, spending_cap_set
from apps.portal.forms.credits_budgets import SpendingCapForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page
from apps.portal.paging import paginate


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?q=` narrows the list by name or address, `?capped=1` to those who have a cap. Two statements."""
    query = request.GET.get("q", "").strip()[:100]
    is_capped = request.GET.get("capped") == "1"
    members = members_capped(request.actor) if is_capped else members_in_view(request.actor)
    if query:
        members = members.filter(Q(name__icontains=query) | Q(email__icontains=query))
    page = paginate(request, members)
    context = {
        "page": page,
        "lines": cap_lines(request.actor, page.items),
        "query": query,
        "is_capped": is_capped,
        "is_filtered": bool(query or is_capped),
    }
    return render(request, "portal/credits/spending_caps.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def detail(request: WorkspaceRequest, member_id: uuid.UUID) -> HttpResponse:
    line = cap_line(request.actor, member_id)
    authorize(request.actor, MANAGE_BUDGETS, line.member.organization)
    form = SpendingCapForm(request.POST or None, cap=line.cap)
    if request.method == "POST" and form.is_valid():
        try:
            spending_cap_set(
                actor=request.actor,
                member_id=member_id,
                amount_microcredits=form.cleaned_data["amount"],
                period=form.cleaned_data["period"],
            )
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"The spending cap of {line.member} is set.")
            return redirect("credits-spending-caps")
    context = {"line": line, "form": form}
    status = 422 if form.errors else 200
    return render(request, "portal/credits/spending_cap.html", context, status=status)


@require_POST
@workspace_page
def remove(request: WorkspaceRequest, member_id: uuid.UUID) -> HttpResponse:
    spending_cap_remove(actor=request.actor, member_id=member_id)
    messages.success(request, "The spending cap is gone.")
    return redirect("credits-spending-caps")
