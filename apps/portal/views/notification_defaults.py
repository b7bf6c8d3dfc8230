"""What the workspace says people are told of: for who chose nothing, or for everybody."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.common.access import authorize
from apps.notifications.matrix import channel_label, channels_shown, defaults_matrix
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.notifications.services import notification_defaults_set
from apps.notifications.services.defaults import Default
from apps.portal.http import WorkspaceRequest, workspace_page

# On, and whether for everybody.
CHOICES: dict[str, tuple[bool | None, bool]] = {
    "": (None, False),
    "on": (True, False),
    "off": (False, False),
    "locked_on": (True, True),
    "locked_off": (False, True),
}


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """Each field is named `subject:channel`. One statement."""
    authorize(request.actor, MANAGE_NOTIFICATIONS)
    if request.method == "POST":
        notification_defaults_set(actor=request.actor, defaults=_defaults(request.POST))
        messages.success(request, "This holds for what comes from now on.")
        return redirect("notification-defaults")
    context = {
        "lines": defaults_matrix(),
        "channels": [channel_label(one) for one in channels_shown()],
    }
    return render(request, "portal/notifications/defaults.html", context)


def _defaults(data: QueryDict) -> list[Default]:
    found = []
    for name, value in data.items():
        subject, colon, channel = name.partition(":")
        if colon and value in CHOICES:
            found.append(Default(subject, channel, *CHOICES[str(value)]))
    return found
