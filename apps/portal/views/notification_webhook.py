"""The workspace's webhook."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from apps.common.errors import InvalidInput, PlatformError
from apps.notifications import services
from apps.notifications.selectors_webhook import webhook_for
from apps.notifications.webhook import NotTaken
from apps.portal.forms.notifications import WebhookForm
from apps.portal.http import WorkspaceRequest, add_errors, step_up, workspace_page


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
@sensitive_variables("secret")
def index(request: WorkspaceRequest) -> HttpResponse:
    """The answer to the form of a new one has its secret: nobody can read it again."""
    target = webhook_for(request.actor)
    form = WebhookForm(request.POST if request.method == "POST" else None, target=target)
    if form.is_valid():
        try:
            found, secret = services.webhook_set(actor=request.actor, **form.cleaned_data)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            if secret:
                return _shown(request, secret)
            messages.success(request, "The webhook is saved." if found.is_on else "It is off.")
            return redirect("notification-webhook")
    context = {"form": form, "target": target}
    status = 422 if form.errors else 200
    return render(request, "portal/notifications/webhook.html", context, status=status)


@require_POST
@workspace_page
@step_up
@sensitive_variables("secret")
def rotate(request: WorkspaceRequest) -> HttpResponse:
    secret = services.webhook_rotate(actor=request.actor)
    return _shown(request, secret)


@require_POST
@workspace_page
def test(request: WorkspaceRequest) -> HttpResponse:
    try:
        status = services.webhook_test_send(actor=request.actor, tenant=request.tenant)
    except NotTaken as error:
        messages.error(request, f"The test was not taken. {error.detail}")
    except PlatformError as error:
        if error.status != 429:
            raise
        messages.error(request, str(error.detail))
    else:
        messages.success(request, f"The test was taken: it answered with the status {status}.")
    return redirect("notification-webhook")


@require_POST
@workspace_page
def remove(request: WorkspaceRequest) -> HttpResponse:
    services.webhook_remove(actor=request.actor)
    messages.success(request, "Nothing is posted there any more.")
    return redirect("notification-webhook")


def _shown(request: WorkspaceRequest, secret: str) -> HttpResponse:
    return render(request, "portal/notifications/webhook_secret.html", {"secret": secret})
