"""A rest from paying: how long, what happens, and going on earlier."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.billing.selectors import subscription_for, version_for_new_tenants
from apps.billing.services import subscription_pause, subscription_resume
from apps.billing.services.pausing import MOST_MONTHS, pause_ends_at, pause_problem, resume_preview
from apps.common.errors import Conflict
from apps.portal.http import WorkspaceRequest, step_up, workspace_page
from apps.portal.views.subscription import asking


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def pause(request: WorkspaceRequest) -> HttpResponse:
    def ask() -> HttpResponse:
        if request.method == "POST":
            months = request.POST.get("months", "")
            row = subscription_pause(
                actor=request.actor,
                tenant=request.tenant,
                months=int(months) if months.isdecimal() else 0,
            )
            until = date_format(row.resumes_at, "j F Y") if row and row.resumes_at else ""
            messages.success(request, _("The subscription is paused until %s.") % until)
            return redirect("plan")
        row = subscription_for(request.actor)
        problem = pause_problem(row) if row else _("There is no subscription.")
        if row is None or problem:
            raise Conflict(problem, code="cannot_pause")
        choices = [(months, pause_ends_at(row, months)) for months in range(1, MOST_MONTHS + 1)]
        context = {"row": row, "choices": choices, "default": version_for_new_tenants()}
        return render(request, "portal/plan/pause.html", context)

    return asking(request, "plan", ask)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def resume(request: WorkspaceRequest) -> HttpResponse:
    def ask() -> HttpResponse:
        if request.method == "POST":
            subscription_resume(actor=request.actor, tenant=request.tenant)
            messages.success(request, _("The subscription goes on."))
            return redirect("plan")
        due = resume_preview(actor=request.actor, tenant=request.tenant)
        context = {"row": subscription_for(request.actor), "due": due}
        return render(request, "portal/plan/resume.html", context)

    return asking(request, "plan", ask)
