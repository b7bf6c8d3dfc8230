"""How allauth behaves here: mails go through the outbox, redirects stay on the host."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from apps.accounts import emails, services
from apps.accounts.models import Person
from apps.accounts.redirects import is_safe_path
from apps.accounts.selectors import person_actor
from apps.common.actors import Actor

NEXT_SESSION_KEY = "accounts_next_after_verification"


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "Too many failed attempts to sign in. Wait five minutes, or reset your password."
        ),
        "email_password_mismatch": _("The e-mail address and the password do not match."),
        "email_taken": _("Somebody has an account with this address."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("This is not your password."),
        "unknown_email": _("No account has this address."),
    }

    def is_safe_url(self, url: str | None) -> bool:
        return is_safe_path(url)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Publish that the mail is owed, in the caller's transaction; the worker builds links."""
        emails.require_known(template_prefix)
        person: Person | None = context.get("user")
        services.email_request(
            actor=person_actor(person) if person else Actor.system("accounts"),
            template=template_prefix,
            email=email,
            person_id=person.id if person else None,
        )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Person,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        super().send_notification_mail(
            template_prefix, user, {**(context or {}), "user": user}, email
        )

    def set_password(self, user: Person, password: str) -> None:
        """Through the service, so that every other sign-in ends with the old password."""
        person = services.person_set_password(
            actor=person_actor(user), person_id=user.id, password=password
        )
        user.password = person.password

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        """Confirmed in another browser, or too late to be signed in by it: sign in, then go on."""
        request: HttpRequest = self.request
        following = request.session.pop(NEXT_SESSION_KEY, None)
        if request.user.is_authenticated:
            return following if is_safe_path(following) else self.get_login_redirect_url(request)
        login = resolve_url("account_login")
        return f"{login}?{urlencode({'next': following})}" if is_safe_path(following) else login

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # By account alone: the default adds the Host header, which would give attempts per host.
        return str(credentials.get("email", "")).strip().lower()
