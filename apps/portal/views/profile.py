"""A person's own page on the public host."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.accounts.oidc.config import is_configured
from apps.accounts.oidc.identities import identities_of
from apps.accounts.services import person_update
from apps.common.errors import PlatformError
from apps.portal.forms.public import ProfileForm
from apps.portal.http import PageRequest, add_errors, person_page


@require_http_methods(["GET", "HEAD", "POST"])
@person_page
def profile(request: PageRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            person_update(
                actor=request.actor,
                person_id=request.user.id,
                **form.cleaned_data,
            )
        except (PlatformError, ValidationError) as error:
            add_errors(form, error)
        else:
            messages.success(request, "Your profile is saved.")
            return redirect("profile")
    context = {
        "form": form,
        "identities": identities_of(request.user.id),
        "provider_name": settings.OIDC_NAME if is_configured() else "",
    }
    status = 422 if form.errors else 200
    return render(request, "portal/profile.html", context, status=status)
