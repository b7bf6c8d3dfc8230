"""The devices that a member takes push messages at."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.notifications import services
from apps.notifications.push import Answer, Result
from apps.notifications.push.sending import push_test
from apps.notifications.push.web import public_key
from apps.notifications.selectors_devices import push_devices_for, signed_in
from apps.portal.http import WorkspaceRequest, workspace_page

ICONS = {"web": "monitor", "android": "smartphone", "ios": "smartphone"}


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """Two statements."""
    devices = list(push_devices_for(request.actor))
    live = {one.id for one in signed_in(devices)}
    context = {
        "devices": [(one, ICONS[one.kind], one.id in live) for one in devices],
        "public_key": public_key(),
    }
    return render(request, "portal/push_devices/index.html", context)


@require_POST
@workspace_page
def remove(request: WorkspaceRequest, device_id: uuid.UUID) -> HttpResponse:
    services.push_device_remove(actor=request.actor, device_id=device_id)
    messages.success(request, "Nothing is sent there any more.")
    return redirect("push-devices")


@require_POST
@workspace_page
def test(request: WorkspaceRequest, device_id: uuid.UUID) -> HttpResponse:
    """Ask its push service now, which takes seconds at most, and say what it said."""
    answer = push_test(actor=request.actor, device_id=device_id, tenant=request.tenant)
    if answer.result is Result.TAKEN:
        messages.success(request, "A test is on its way: it shows within seconds.")
    else:
        messages.error(request, _words(answer))
    return redirect("push-devices")


def _words(answer: Answer) -> str:
    return {
        Result.GONE: "Its push service does not know it any more, so it is removed from the list.",
        Result.BUSY: "Its push service asks for a pause. Try again in a few minutes.",
        Result.AWAY: "Its push service cannot be reached. Try again in a few minutes.",
    }.get(answer.result, f"Its push service refused: {answer.detail}")
