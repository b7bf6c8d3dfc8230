"""What was sent to whom, and why or why not."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.common.errors import Conflict
from apps.common.notifying import notification_type, notification_types
from apps.notifications.enums import ChannelName, DeliveryState
from apps.notifications.presenting import lines_of
from apps.notifications.selectors import inbox_item_for
from apps.notifications.selectors_log import (
    LogFilter,
    deliveries_for,
    notification_for,
    notifications_for,
    own_deliveries_for,
    reader_for,
)
from apps.notifications.services import delivery_retry
from apps.portal.http import WorkspaceRequest, workspace_page
from apps.portal.paging import paginate

# Whom nothing is sent to.
NOBODY = uuid.UUID(int=0)


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """`?type=`, `?member=` (id or address), `?channel=`, `?state=`. Two statements, three with a member."""
    wanted, filters = _filters(request)
    page = paginate(request, notifications_for(request.actor, wanted), newest_first=True)
    context = {
        "page": page,
        "rows": [(one, _label(one.kind)) for one in page.items],
        **filters,
    }
    return render(request, "portal/notifications/log.html", context)


@require_safe
@workspace_page
def detail(request: WorkspaceRequest, notification_id: uuid.UUID) -> HttpResponse:
    """Two statements, three with a member."""
    wanted, filters = _filters(request)
    notification = notification_for(request.actor, notification_id)
    rows = deliveries_for(request.actor, wanted, notification_id)
    context = {
        "notification": notification,
        "label": _label(notification.kind),
        "page": paginate(request, rows, newest_first=True),
        **filters,
    }
    return render(request, "portal/notifications/log_entry.html", context)


@require_POST
@workspace_page
def retry(request: WorkspaceRequest, delivery_id: uuid.UUID) -> HttpResponse:
    try:
        delivery = delivery_retry(actor=request.actor, delivery_id=delivery_id)
    except Conflict as error:
        messages.error(request, str(error.detail))
        return redirect("notification-log")
    messages.success(request, "It is sent again in a moment.")
    return redirect("notification-log-entry", delivery.notification_id)


@require_safe
@workspace_page
def own(request: WorkspaceRequest, item_id: uuid.UUID) -> HttpResponse:
    """How the reader was told of one notification, and why. Three statements."""
    item = inbox_item_for(request.actor, item_id)
    context = {
        "line": lines_of([item], request.tenant, request.user.language)[0],
        "deliveries": own_deliveries_for(request.actor, item),
    }
    return render(request, "portal/notifications/trace.html", context)


def _filters(request: WorkspaceRequest) -> tuple[LogFilter, dict[str, object]]:
    """What is asked for, and what the form shows. What is none of the choices is left out."""
    given = {name: request.GET.get(name, "") for name in ("type", "channel", "state")}
    named = request.GET.get("member", "").strip()[:254]
    member = reader_for(request.actor, named) if named else None
    wanted = LogFilter(
        kind=given["type"] if given["type"] in notification_types() else "",
        member_id=(member.id if member else NOBODY) if named else None,
        channel=given["channel"] if given["channel"] in ChannelName.values else "",
        state=given["state"] if given["state"] in DeliveryState.values else "",
    )
    return wanted, {
        "wanted": wanted,
        "named": member.email if member else named,
        "is_filtered": wanted != LogFilter(),
        "kinds": [(code, kind.label) for code, kind in notification_types().items()],
        "channels": ChannelName.choices,
        "states": DeliveryState.choices,
    }


def _label(code: str) -> str:
    kind = notification_type(code)
    return str(kind.label) if kind else code
