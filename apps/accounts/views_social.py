"""Signing in with an account of another provider, on the public host. Names of routes are allauth's."""

from typing import Any

import structlog
from allauth.account.views import ReauthenticateView as ReauthenticatePasswordView
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.github.views import oauth2_callback as github_callback
from allauth.socialaccount.providers.google.views import oauth2_callback as google_callback
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts import limits, social
from apps.accounts.enums import SocialRefusal
from apps.accounts.redirects import is_safe_path
from apps.accounts.social_adapter import ACTOR, sign_in_failed
from apps.common.errors import RateLimited
from apps.common.problems import problem_or_page

log = structlog.get_logger(__name__)


class ReauthenticateView(ReauthenticatePasswordView):
    """Who has neither a password nor a factor proves it is them by signing in with their provider again."""

    def _check_reauthentication_method_available(
        self, request: HttpRequest
    ) -> HttpResponseBase | None:
        try:
            return super()._check_reauthentication_method_available(request)
        except PermissionDenied:
            return render(request, "account/sign_in_again.html", self._onward(request))

    def _onward(self, request: HttpRequest) -> dict[str, Any]:
        following = request.GET.get("next") or request.POST.get("next")
        safe = following if is_safe_path(following) else ""
        field = format_html('<input type="hidden" name="next" value="{}">', safe) if safe else ""
        return {"redirect_field": field}


CALLBACKS = {"google": google_callback, "github": github_callback}


def provider_of(request: HttpRequest, name: str) -> Any:
    """A provider that is set up. Raises Http404."""
    try:
        return get_adapter(request).get_provider(request, name)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error


@require_POST
@never_cache
def social_login(request: HttpRequest, provider: str) -> HttpResponse:
    """Send the browser to the provider. Form: `next`, a path of this host.

    Not allauth's view, which also takes scopes and parameters for the provider from whoever asks.
    """
    found = provider_of(request, provider)
    try:
        limits.consume(request, "login")
    except RateLimited as error:
        return problem_or_page(
            request,
            error.status,
            error.code,
            str(error.title),
            str(error.detail),
            headers=error.headers,
        )
    following = request.POST.get("next")
    return found.redirect(
        request,
        process=AuthProcess.LOGIN,
        next_url=following if is_safe_path(following) else None,
    )


@require_GET
@never_cache
def social_callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Where the provider sends the browser back to. What it says is not trusted to have any form."""
    provider_of(request, provider)
    try:
        return CALLBACKS[provider](request)
    except (
        ArithmeticError,
        AttributeError,
        ImproperlyConfigured,
        LookupError,
        TypeError,
        ValueError,
    ):
        log.exception("accounts.social_answer_unreadable", provider=provider)
        social.social_sign_in_refuse(actor=ACTOR, provider=provider, reason=SocialRefusal.PROVIDER)
        return sign_in_failed(request)
