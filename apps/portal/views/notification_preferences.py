"""What a member is told of, by which channels, and when."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.common.access import allows
from apps.common.errors import InvalidInput
from apps.notifications.matrix import channel_label, channels_shown, preferences_matrix
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.notifications.selectors_choices import times_for
from apps.notifications.services import notification_preferences_set
from apps.notifications.services.preferences import Choice
from apps.portal.forms.notifications import TimesForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page

CHOICES = {"": None, "on": True, "off": False}


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """One form: each field of the matrix is named `subject:channel`, and is empty, on or off.

    Three statements.
    """
    form = TimesForm(request.POST or None, times=times_for(request.actor))
    if request.method == "POST" and form.is_valid():
        try:
            notification_preferences_set(
                actor=request.actor, choices=_choices(request.POST), times=form.times
            )
        except InvalidInput as error:
            add_errors(form, error)
        else:
            messages.success(request, "This is how you are told from now on.")
            return redirect("notification-preferences")
    channels = channels_shown()
    context = {
        "form": form,
        "lines": preferences_matrix(request.actor),
        "channels": [channel_label(one) for one in channels],
        "zone": request.user.time_zone,
        "can_manage": allows(request.actor, MANAGE_NOTIFICATIONS),
    }
    template = "portal/notifications/preferences.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _choices(data: QueryDict) -> list[Choice]:
    found = []
    for name, value in data.items():
        subject, colon, channel = name.partition(":")
        if colon and value in CHOICES:
            found.append(Choice(subject, channel, CHOICES[str(value)]))
    return found
