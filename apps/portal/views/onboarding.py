"""Setting up, step by step: a page that leads through the checklists, and comes back from each page."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.redirects import safe_path
from apps.common.cookies import cookie_set
from apps.common.errors import Conflict
from apps.common.urls import public_url
from apps.onboarding import services
from apps.onboarding.declarations import step_by_key
from apps.onboarding.selectors import Checklist, Item, checklists_for, step_for
from apps.portal.http import PageRequest, WorkspaceRequest, person_page, workspace_page
from apps.portal.setup import SETUP_S, setup_cookie
from apps.tenants.slugs import SLUG

ACTS: dict[str, Callable[..., None]] = {
    "complete": services.step_complete,
    "skip": services.step_skip,
    "reopen": services.step_reopen,
}
DONE = {
    "complete": "Done: {title}.",
    "skip": "Skipped: {title}. You can take it up again.",
    "reopen": "Taken up again: {title}.",
}


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?step=workflow.step` shows that one, else what comes next. No statement while remembered."""
    found = checklists_for(request.actor)
    context = {
        "checklists": found,
        "chosen": _chosen(found, request.GET.get("step", "")),
        "total": sum(one.total for one in found),
        "done": sum(one.done for one in found),
    }
    response = render(request, "portal/onboarding/index.html", context)
    response.delete_cookie(setup_cookie(), samesite="Lax")
    return response


def _chosen(found: list[Checklist], key: str) -> Item | None:
    items = [item for one in found for item in one.items]
    chosen = next((item for item in items if item.key == key), None)
    return chosen or next((item for item in items if item.is_next), None)


@require_safe
@workspace_page
def go(request: WorkspaceRequest, step: str) -> HttpResponse:
    """To the page where a step is done, from which there is a way back."""
    _checklist, item = step_for(request.actor, step)
    if item.step.is_public:
        where = reverse("setup", args=[request.tenant.slug, step], urlconf=settings.PUBLIC_URLCONF)
        return redirect(public_url(where))
    return _with_way_back(redirect(item.url), request.tenant.slug, step)


@require_safe
@person_page
def public_go(request: PageRequest, slug: str, step: str) -> HttpResponse:
    """The same on the public site, which has cookies of its own. slug: of the workspace to come back to."""
    found = step_by_key(step)
    if found is None or not found[1].is_public or not SLUG.fullmatch(slug):
        raise Http404
    return _with_way_back(redirect(found[1].url_name), slug, step)


def _with_way_back(response: HttpResponse, slug: str, step: str) -> HttpResponse:
    cookie_set(response, setup_cookie(), f"{slug}|{step}", max_age_s=SETUP_S)
    return response


@require_POST
@workspace_page
def decide(request: WorkspaceRequest, step: str, act: str) -> HttpResponse:
    """act: complete, skip or reopen. `next`: where to go on, a path of this site."""
    if act not in ACTS:
        raise Http404
    try:
        ACTS[act](actor=request.actor, key=step)
    except Conflict as error:
        messages.error(request, str(error.detail))
    else:
        found = step_by_key(step)
        title = str(found[1].title).lower() if found else ""
        messages.success(request, DONE[act].format(title=title))
    return redirect(_following(request, reverse("onboarding")))


@require_POST
@workspace_page
def dismiss(request: WorkspaceRequest, workflow: str) -> HttpResponse:
    services.checklist_dismiss(actor=request.actor, workflow=workflow)
    messages.success(request, "It is not shown here any more. The palette still finds “Setup”.")
    return redirect(_following(request, reverse("dashboard")))


@require_POST
@workspace_page
def restore(request: WorkspaceRequest, workflow: str) -> HttpResponse:
    services.checklist_restore(actor=request.actor, workflow=workflow)
    messages.success(request, "It is on the dashboard again.")
    return redirect(_following(request, reverse("onboarding")))


def _following(request: HttpRequest, otherwise: str) -> str:
    following = request.POST.get("next", "")
    return safe_path(following) if following else otherwise
