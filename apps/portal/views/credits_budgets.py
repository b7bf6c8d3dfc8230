"""Budgets: the tree with what each organization may spend, and one of them."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.common.access import authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.errors import NotFound, PermissionDenied, PlatformError
from apps.credits.amounts import credits_format
from apps.credits.enums import BudgetPeriod
from apps.credits.permissions import MANAGE_BUDGETS, VIEW_CREDITS
from apps.credits.selectors_budgets import (
    BudgetLine,
    budget_line,
    budget_lines,
    organizations_to_budget,
    organizations_to_transfer,
)
from apps.credits.services import budget_close, budget_set, budget_transfer
from apps.organizations.models import Organization
from apps.organizations.selectors import top_paths
from apps.portal.forms.credits_budgets import BudgetForm, TransferForm
from apps.portal.forms.workspace import organization_choices
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page
from apps.portal.paging import Page, paginate

PATH = re.compile(r"[0-9A-Z]{4,255}")
NEAR_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the tree, in words that say all that the bar says. level: from 0."""

    line: BudgetLine
    level: int = 0

    @property
    def is_root(self) -> bool:
        return self.line.organization.is_root()

    @property
    def period(self) -> str:
        """Since when it counts what is used."""
        budget = self.line.budget
        if budget is None or budget.period == BudgetPeriod.MONTH:
            return _("this month")
        if budget.period == BudgetPeriod.QUARTER:
            return _("this quarter")
        return _("since %(day)s") % {"day": date_format(budget.period_start, "j M Y")}

    @property
    def used(self) -> str:
        used = credits_format(self.line.used_microcredits)
        if self.line.budget is None:
            return _("%(used)s used %(period)s") % {"used": used, "period": self.period}
        return _("%(used)s of %(allocated)s used %(period)s") % {
            "used": used,
            "allocated": credits_format(self.line.budget.allocated_microcredits),
            "period": self.period,
        }

    @property
    def source(self) -> str:
        """What it is, or would be, allocated from; and what it spends from without a budget."""
        if self.line.source is not None:
            return self.line.source.name
        return _("the wallet") if self.line.is_from_wallet else _("the organization above")

    @property
    def source_title(self) -> str:
        """The same where a line begins with it."""
        return self.source[0].upper() + self.source[1:] if not self.line.source else self.source

    @property
    def is_short(self) -> bool:
        """There was not enough for all of it."""
        budget = self.line.budget
        return budget is not None and budget.allocated_microcredits < budget.amount_microcredits

    @property
    def is_used_up(self) -> bool:
        budget = self.line.budget
        left = self.line.left_microcredits or self.line.left_below_microcredits
        return budget is not None and not left and self.line.percent == 100

    @property
    def tone(self) -> str:
        if self.line.budget is None or self.line.percent < NEAR_PERCENT:
            return "accent"
        return "danger" if self.line.percent == 100 and self.line.budget.is_hard else "warning"


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?q=` looks for organizations by name, `?budgeted=1` shows those with a budget. Three statements."""
    actor = request.actor
    query = request.GET.get("q", "").strip()[:100]
    is_budgeted = request.GET.get("budgeted") == "1"
    found = organizations_to_budget(actor, q=query, only_budgeted=is_budgeted)
    page = paginate(request, found, key="path", parse=_path)
    rows = [
        Row(line, 0 if query else _level(actor, line.organization))
        for line in budget_lines(actor, page.items)
    ]
    is_filtered = bool(query or is_budgeted)
    context = {
        "page": page,
        "rows": rows,
        "query": query,
        "is_budgeted": is_budgeted,
        "is_filtered": is_filtered,
        "is_alone": not is_filtered and _is_alone(page),
    }
    return render(request, "portal/credits/budgets.html", context)


def _path(text: str) -> str | None:
    return text if PATH.fullmatch(text) else None


def _is_alone(page: Page[Organization]) -> bool:
    """There is the workspace itself, and nothing below it."""
    return len(page.items) == 1 and page.items[0].is_root() and not page.next_url


def _level(actor: Actor, organization: Organization) -> int:
    """From 0, below the topmost that the actor sees."""
    tops = top_paths(paths_allowed(actor, VIEW_CREDITS) or [organization.path[:4]])
    top = next(one for one in tops if organization.path.startswith(one))
    return (len(organization.path) - len(top)) // Organization.steplen


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def detail(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    """One organization's budget. What goes back when it is lowered is shown before it does."""
    line = budget_line(request.actor, organization_id)
    if request.method == "POST" and not line.can_manage:
        authorize(request.actor, MANAGE_BUDGETS)
    form = BudgetForm(request.POST or None, budget=line.budget)
    goes_back = 0
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        goes_back = line.goes_back(sent["amount"])
        if not goes_back or sent["confirmed"]:
            try:
                budget_set(
                    actor=request.actor,
                    organization_id=organization_id,
                    amount_microcredits=sent["amount"],
                    period=sent["period"],
                    is_hard=sent["kind"] == "hard",
                )
            except (NotFound, PermissionDenied):
                raise
            except PlatformError as error:
                add_errors(form, error)
                goes_back = 0
            else:
                messages.success(request, f"The budget of {line.organization} is set.")
                return redirect("credits-budgets")
    context = {
        "row": Row(line),
        "organization": line.organization,
        "form": form,
        "goes_back": goes_back,
        "sent": form.cleaned_data if goes_back else None,
        "can_transfer": _can_transfer(request.actor, line),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/credits/budget.html", context, status=status)


def _can_transfer(actor: Actor, line: BudgetLine) -> bool:
    has_account = line.budget is not None or line.organization.is_root()
    paths = paths_allowed(actor, MANAGE_BUDGETS)
    return has_account and (paths is None or line.organization.path.startswith(tuple(paths)))


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def close(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    line = budget_line(request.actor, organization_id)
    if not line.can_manage:
        authorize(request.actor, MANAGE_BUDGETS)
    if line.budget is None:
        raise NotFound
    if request.method == "POST":
        budget_close(actor=request.actor, organization_id=organization_id)
        messages.success(request, f"The budget of {line.organization} is closed.")
        return redirect("credits-budgets")
    context = {"row": Row(line), "organization": line.organization}
    return render(request, "portal/credits/budget_close.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def transfer(request: WorkspaceRequest, organization_id: uuid.UUID) -> HttpResponse:
    """From the organization's budget, or the wallet, to another's."""
    line = budget_line(request.actor, organization_id)
    if not _can_transfer(request.actor, line):
        authorize(request.actor, MANAGE_BUDGETS, line.organization)
        raise NotFound
    places = organizations_to_transfer(request.actor).exclude(id=organization_id)
    form = TransferForm(request.POST or None, places=organization_choices(places))
    if request.method == "POST" and form.is_valid():
        sent: dict[str, Any] = form.cleaned_data
        try:
            budget_transfer(
                actor=request.actor,
                from_organization_id=organization_id,
                to_organization_id=sent["to_organization_id"],
                amount_microcredits=sent["amount"],
                idempotency_key=f"portal:{sent['key']}",
            )
        except (NotFound, PermissionDenied):
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{credits_format(sent['amount'])} credits are transferred.")
            return redirect("credits-budgets")
    context = {"row": Row(line), "organization": line.organization, "form": form}
    status = 422 if form.errors else 200
    return render(request, "portal/credits/budget_transfer.html", context, status=status)
