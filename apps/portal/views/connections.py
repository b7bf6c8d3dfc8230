"""Accounts of other providers that a person signs in with: the list, adding and taking away."""

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base import AuthProcess
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.social import social_account_disconnect, social_accounts_of
from apps.accounts.views_social import provider_of
from apps.common.errors import Conflict
from apps.portal.http import PageRequest, person_page


@require_safe
@person_page
def index(request: PageRequest) -> HttpResponse:
    providers = {p.id: p for p in get_adapter(request).list_providers(request)}
    accounts = list(social_accounts_of(request.user.id))
    is_last = len(accounts) == 1 and not request.user.has_usable_password()
    context = {
        "accounts": [
            (
                one,
                providers[one.provider].name if one.provider in providers else one.provider.title(),
            )
            for one in accounts
        ],
        "providers": sorted(providers.values(), key=lambda provider: provider.name),
        "is_last": is_last,
    }
    return render(request, "portal/connections.html", context)


@require_POST
@person_page
def connect(request: PageRequest, provider: str) -> HttpResponse:
    """To the provider, for who has lately proved who they are; the state names them for the way back."""
    found = provider_of(request, provider)
    request.actor.require_recent_proof()
    return found.redirect(
        request, process=AuthProcess.CONNECT, data={"person_id": str(request.user.id)}
    )


@require_POST
@person_page
def disconnect(request: PageRequest, account_id: int) -> HttpResponse:
    try:
        provider = social_account_disconnect(
            actor=request.actor, person_id=request.user.id, account_id=account_id
        )
    except Conflict as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(request, f"{provider.title()} no longer signs you in.")
    return redirect("socialaccount_connections")
