"""What the platform keeps about somebody: to download, and to have erased."""

from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.own_data import person_data_export
from apps.common.api.renderers import to_json
from apps.common.errors import PlatformError, ReauthenticationRequired
from apps.organizations.services import owned_alone, person_erase
from apps.portal.forms.own_data import EraseAccountForm
from apps.portal.http import PageRequest, add_errors, person_page, step_up


@require_safe
@person_page
def index(request: PageRequest) -> HttpResponse:
    return render(request, "portal/own_data/index.html", {})


@require_POST
@person_page
def download(request: PageRequest) -> HttpResponse:
    """A POST, because a copy leaves a trace."""
    return HttpResponse(
        to_json(person_data_export(person=request.user)),
        content_type="application/json",
        headers={
            "Content-Disposition": 'attachment; filename="my-data.json"',
            "Cache-Control": "no-store",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@person_page
@step_up
def erase(request: PageRequest) -> HttpResponse:
    form = EraseAccountForm(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            person_erase(actor=request.actor, person_id=request.user.id)
        except ReauthenticationRequired:
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            logout(request)
            return redirect("account_erased")
    status = 422 if form.errors else 200
    context = {"form": form, "owned": owned_alone(request.user)}
    return render(request, "portal/own_data/erase.html", context, status=status)


@require_safe
def erased(request: PageRequest) -> HttpResponse:
    return render(request, "portal/own_data/erased.html", {})
