"""A member's own inbox."""

import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.redirects import safe_path
from apps.notifications import services
from apps.notifications.models import InboxItem
from apps.notifications.presenting import category_choices, kinds_of, lines_of
from apps.notifications.selectors import inbox_for, inbox_matching
from apps.portal.http import WorkspaceRequest, workspace_page
from apps.portal.paging import paginate

VIEWS = ("", "unread", "archived")
ACTS: dict[str, Callable[..., InboxItem]] = {
    "read": services.inbox_item_read,
    "unread": services.inbox_item_unread,
    "archive": services.inbox_item_archive,
    "restore": services.inbox_item_restore,
}


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?show=` unread or archived, `?category=`. Two statements."""
    show = request.GET.get("show", "")
    show = show if show in VIEWS else ""
    category = request.GET.get("category", "")
    category = category if category in dict(category_choices()) else ""
    items = inbox_matching(
        inbox_for(request.actor, is_archived=show == "archived"),
        is_unread=True if show == "unread" else None,
        kinds=kinds_of(category) if category else None,
    )
    page = paginate(request, items, newest_first=True)
    lines = lines_of(page.items, request.tenant, request.user.language)
    context = {
        "page": page,
        "lines": lines,
        "show": show,
        "category": category,
        "categories": category_choices(),
        "newest": lines[0].created_at if lines else None,
        "here": request.get_full_path(),
    }
    template = (
        "portal/notifications/_list.html" if request.htmx else "portal/notifications/index.html"
    )
    return render(request, template, context)


@require_safe
@workspace_page
def bell(request: WorkspaceRequest) -> HttpResponse:
    """The link to the inbox with its count, to be put into a page that is open."""
    return render(request, "portal/notifications/_bell.html", {"place": request.GET.get("place")})


@require_POST
@workspace_page
def follow(request: WorkspaceRequest, item_id: uuid.UUID) -> HttpResponse:
    """Mark it as read, and go where it leads."""
    item = services.inbox_item_read(actor=request.actor, item_id=item_id)
    line = lines_of([item], request.tenant, request.user.language)[0]
    parts = urlsplit(line.content.url)
    return redirect(f"{parts.path}?{parts.query}" if parts.query else parts.path)


@require_POST
@workspace_page
def act(request: WorkspaceRequest, item_id: uuid.UUID, name: str) -> HttpResponse:
    """name: of ACTS, by the address."""
    ACTS[name](actor=request.actor, item_id=item_id)
    return _back(request)


@require_POST
@workspace_page
def read_all(request: WorkspaceRequest) -> HttpResponse:
    """All that the person had before them: `until` is the newest of it."""
    until = parse_datetime(request.POST.get("until", ""))
    services.inbox_read_all(actor=request.actor, until=until)
    return _back(request)


def _back(request: WorkspaceRequest) -> HttpResponse:
    """To the list as it was."""
    path = safe_path(request.POST.get("back", ""))
    inbox = reverse("notifications")
    return redirect(path if path.startswith(inbox) else inbox)
