"""allauth's pages that ask for a second factor, or a passkey: signing in, and proving again who one is."""

import json
from typing import Any

from allauth.mfa.base import views as base_views
from allauth.mfa.webauthn import views as webauthn_views
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from apps.accounts.factors import factors_of


class _Ask:
    """Mixin: what the page's script gives to the browser's authenticator, and which ways there are."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        options = context.pop("js_data", {}).get("request_options")
        return {**context, "options": json.dumps(options) if options else ""}


class AuthenticateView(_Ask, base_views.AuthenticateView):
    """After the password: a code, a recovery code or a passkey."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        found = factors_of(self.stage.login.user.pk)
        if not found.passkeys:
            context["options"] = ""
        return {**context, "factors": found}

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        return super().form_valid(form)


@method_decorator(never_cache, name="dispatch")
class PasskeyLoginView(webauthn_views.LoginWebAuthnView):
    """GET by script: a challenge. POST: its answer, which signs in without a password."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        return super().form_valid(form)


@method_decorator(never_cache, name="dispatch")
class ReauthenticateView(_Ask, base_views.ReauthenticateView):
    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        return super().form_valid(form)


@method_decorator(never_cache, name="dispatch")
class ReauthenticatePasskeyView(_Ask, webauthn_views.ReauthenticateWebAuthnView):
    def form_invalid(self, form: Any) -> HttpResponse:
        """Ask again, with another challenge."""
        for error in form.errors.get("credential", []):
            messages.error(self.request, error)
        return HttpResponseRedirect(self.request.get_full_path())
