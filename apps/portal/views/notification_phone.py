"""A member's number for text messages, and where the links in those lead."""

from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.entitlements import EntitlementExceeded
from apps.common.errors import Conflict, InvalidInput, NotFound, RateLimited
from apps.messaging.senders import sms_is_configured
from apps.notifications import services
from apps.notifications.presenting import lines_of
from apps.notifications.selectors import inbox_item_of_delivery
from apps.notifications.services.phone import phone_of
from apps.notifications.sms_text import short_token_read
from apps.portal.forms.notifications import PhoneCodeForm, PhoneForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """A number, then its code. `?another=1`: another number than the one that waits for its code."""
    phone = phone_of(request.actor)
    is_waiting = phone is not None and phone.verified_at is None and "another" not in request.GET
    posted = request.POST if request.method == "POST" else None
    number = PhoneForm(posted if posted and "number" in posted else None)
    code = PhoneCodeForm(posted if posted and "code" in posted else None)
    form = code if code.is_bound else number
    if form.is_bound and form.is_valid():
        try:
            if form is code:
                services.phone_verify(actor=request.actor, code=form.cleaned_data["code"])
                messages.success(request, "The number is yours.")
            else:
                services.phone_code_send(
                    actor=request.actor,
                    tenant=request.tenant,
                    number=form.cleaned_data["number"],
                    language=request.user.language,
                )
                messages.success(request, "A code is on its way.")
        except (InvalidInput, Conflict, RateLimited, EntitlementExceeded) as error:
            add_errors(form, error)
        else:
            return redirect("notification-phone")
    context = {
        "phone": phone,
        "is_waiting": is_waiting,
        "is_configured": sms_is_configured(),
        "number_form": number,
        "code_form": code,
    }
    status = 422 if number.errors or code.errors else 200
    return render(request, "portal/notifications/phone.html", context, status=status)


@require_POST
@workspace_page
def remove(request: WorkspaceRequest) -> HttpResponse:
    services.phone_remove(actor=request.actor)
    messages.success(request, "Your number is forgotten.")
    return redirect("notification-phone")


@require_safe
@workspace_page
def short(request: WorkspaceRequest, token: str) -> HttpResponse:
    """To what a text message was about, for who got it; to the inbox if it is not there any more."""
    delivery_id = short_token_read(token)
    if delivery_id is None:
        raise NotFound
    item = inbox_item_of_delivery(request.actor, delivery_id)
    if item is None:
        return redirect("notifications")
    line = lines_of([item], request.tenant, request.user.language)[0]
    parts = urlsplit(line.content.url)
    return redirect(f"{parts.path}?{parts.query}" if parts.query else parts.path)
