"""A person's own page on the public host."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.oidc.config import is_configured
from apps.accounts.oidc.identities import identities_of
from apps.accounts.selectors import token_session_for, token_sessions_of
from apps.accounts.services import person_update
from apps.accounts.token_sessions import token_session_revoke
from apps.common.database import system_connection
from apps.common.errors import PlatformError
from apps.portal.devices import device_name
from apps.portal.forms.public import ProfileForm
from apps.portal.http import PageRequest, add_errors, person_page

SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@person_page
def profile(request: PageRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            person_update(
                actor=request.actor,
                person_id=request.user.id,
                name=form.cleaned_data["name"],
                time_zone=form.cleaned_data["time_zone"],
            )
        except (PlatformError, ValidationError) as error:
            add_errors(form, error)
        else:
            messages.success(request, "Your profile is saved.")
            return redirect("profile")
    with system_connection():
        found = list(token_sessions_of(request.user).order_by("-last_used_at", "-id")[: SHOWN + 1])
    context = {
        "form": form,
        "sign_ins": [(one, device_name(one.user_agent)) for one in found[:SHOWN]],
        "is_cut": len(found) > SHOWN,
        "shown": SHOWN,
        "identities": identities_of(request.user.id),
        "provider_name": settings.OIDC_NAME if is_configured() else "",
    }
    status = 422 if form.errors else 200
    return render(request, "portal/profile.html", context, status=status)


@require_POST
@person_page
def sign_in_revoke(request: PageRequest, session_id: uuid.UUID) -> HttpResponse:
    """End one of the person's own sign-ins by API; again and again is as good as once."""
    session = token_session_for(request.actor, session_id)
    token_session_revoke(actor=request.actor, session=session)
    messages.success(request, f"{device_name(session.user_agent)} is signed out.")
    return redirect("profile")
