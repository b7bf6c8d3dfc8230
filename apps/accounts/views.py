"""allauth's pages with their writes in one transaction: account, address and mail together."""

from typing import Any

from allauth.account import views
from allauth.account.internal.flows.email_verification import send_verification_email_at_login
from allauth.account.internal.stagekit import unstash_login
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts import limits
from apps.accounts.adapter import NEXT_SESSION_KEY
from apps.accounts.forms import SignupForm
from apps.accounts.keys import key_set
from apps.accounts.oidc.config import is_configured
from apps.accounts.oidc.sessions import sign_out_url
from apps.accounts.redirects import is_safe_path, leave_for
from apps.accounts.selectors import person_by_email


class SignupView(views.SignupView):
    """`?email=` fills the form in; `?next=` is where the person lands after confirming it."""

    def form_valid(self, form: SignupForm) -> HttpResponse:
        try:
            response = self._save(form)
        except (IntegrityError, ValidationError):
            if person_by_email(form.cleaned_data["email"]) is None:
                raise
            # Somebody took the address since the check: it is as if they had before.
            form.account_already_exists = True
            response = self._save(form)
        following = self.get_next_url()
        if is_safe_path(following):
            self.request.session[NEXT_SESSION_KEY] = following
        return response

    def _save(self, form: SignupForm) -> HttpResponse:
        with transaction.atomic():
            if not form.account_already_exists:
                # Attempts of a request that died must not keep back a new account's first mail.
                limits.clear(self.request, "confirm_email", key=form.cleaned_data["email"])
            return super().form_valid(form)


class LoginView(views.LoginView):
    """Sends the verification mail again to who has not followed it yet."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        name = settings.OIDC_NAME if is_configured() else ""
        return {**super().get_context_data(**kwargs), "provider_name": name}


class LogoutView(views.LogoutView):
    """Who signed in by an identity provider goes on to sign out there."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        onward = sign_out_url(self.request.session)
        response = super().post(*args, **kwargs)
        return leave_for(onward) if onward else response


class _SecretPath:
    """Mixin: the path ends with a token, which stays out of the access log."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        request.log_path = request.path.replace(kwargs["key"], "…")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class ConfirmEmailView(_SecretPath, views.ConfirmEmailView):
    @transaction.atomic
    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().post(*args, **kwargs)


@method_decorator(never_cache, name="dispatch")
class EmailVerificationSentView(views.EmailVerificationSentView):
    """Context `email`: the address that this browser signed up with, or None."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        login = unstash_login(self.request, peek=True)
        email = (login.user.email if login.user else login.email) if login else None
        return {**super().get_context_data(**kwargs), "email": email}


class PasswordChangeView(views.PasswordChangeView):
    """Ends every sign-in of the person, this browser's too: they sign in with the new password."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not request.user.has_usable_password():
            return redirect("account_reset_password")
        return super().dispatch(request, *args, **kwargs)

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        return super().form_valid(form)


class PasswordResetView(views.PasswordResetView):
    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        return super().form_valid(form)


class PasswordResetFromKeyView(_SecretPath, views.PasswordResetFromKeyView):
    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        return super().form_valid(form)


@require_POST
@never_cache
def resend_verification(request: HttpRequest) -> HttpResponse:
    """Send the verification mail again to the address that this browser signed up with.

    The answer is the same for a new account, for one that existed, and for a second click within
    allauth's cooldown (3 minutes), which sends nothing.
    """
    login = unstash_login(request, peek=True)
    if login is None:
        messages.info(request, _("Sign in, and we send you a new link to confirm your address."))
        return redirect("account_login")
    with transaction.atomic():
        sent = send_verification_email_at_login(request, login)
    if not sent:
        messages.info(request, _("The link is on its way. Look in your spam folder, too."))
    return redirect("account_email_verification_sent")


@require_GET
def jwks(_request: HttpRequest) -> HttpResponse:
    """Public keys of access tokens (RFC 7517). Clients may keep them for a minute."""
    return JsonResponse(key_set().jwks, headers={"Cache-Control": "public, max-age=60"})
