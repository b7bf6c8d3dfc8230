"""The page behind an invitation's link, on the public host."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.redirects import leave_for
from apps.common.errors import Gone, PermissionDenied, PlatformError
from apps.organizations.services import invitation_accept, invitation_open
from apps.portal.http import PageRequest, error_page

# `state` of the page by what stands in the way; the template has the words.
PROBLEMS = ("accepted", "revoked", "expired", "replaced", "void")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: PageRequest) -> HttpResponse:
    """GET shows who invites whom to what; POST accepts. The link's holder may know the offer."""
    token = request.POST.get("token") or request.GET.get("token", "")
    try:
        if request.method == "POST" and request.user.is_authenticated:
            tenant, _member = invitation_accept(person=request.user, token=token)
            return leave_for(tenant.url())
    except (Gone, PermissionDenied):
        # The page below says why.
        pass
    except PlatformError as error:
        return error_page(request, error)
    return _offer(request, token)


def _offer(request: PageRequest, token: str) -> HttpResponse:
    try:
        offer = invitation_open(token)
    except PlatformError as error:
        return error_page(request, error)
    email = offer.invitation.email
    here = f"{resolve_url('invitation_accept')}?{urlencode({'token': token})}"
    state = "offer"
    if offer.problem:
        state = offer.problem
    elif not request.user.is_authenticated:
        state = "signed_out"
    elif request.user.email.casefold() != email.casefold():
        state = "other_person"
    context = {
        "offer": offer,
        "state": state,
        "token": token,
        "here": here,
        "masked_email": mask(email),
        "sign_in_url": f"{resolve_url('account_login')}?{urlencode({'next': here})}",
        "sign_up_url": f"{resolve_url('account_signup')}?{urlencode({'next': here, 'email': email})}",
    }
    status = {"other_person": 403}.get(state, 410 if state in PROBLEMS else 200)
    return render(request, "portal/invitation_accept.html", context, status=status)


def mask(email: str) -> str:
    """`dana@acme.test` as `d•••@acme.test`: enough for its owner to know it, for others not."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}•••@{domain}"
