"""How allauth treats people whom another provider names.

It does the protocol (state, PKCE, tokens) and the sign-in; whom it lets in, and what is written, is decided
here. Nobody is let into an account that they did not open.
"""

from typing import Any, NoReturn

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.base.constants import AuthError
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts import social
from apps.accounts.enums import SocialRefusal
from apps.accounts.models import Person
from apps.accounts.selectors import person_actor
from apps.accounts.social import Identity
from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.common.outbound import Upstream
from apps.common.problems import problem_or_page

log = structlog.get_logger(__name__)

ACTOR = Actor.system("social-sign-in")
# Each request holds a thread that others wait for.
UPSTREAM = Upstream("social", total_s=5.0, at_once=2, wait_s=1.0, is_trusted=True, needs_tls=False)
NAME_MAX_LENGTH = 150
LABEL_MAX_LENGTH = 254


def identity_of(login: SocialLogin) -> Identity:
    account = login.account
    label = account.extra_data.get("label", "")
    return Identity(account.provider, account.uid, label, login.user.name or label)


class SocialAdapter(DefaultSocialAccountAdapter):
    def get_requests_session(self) -> Any:
        """By which allauth asks Google and GitHub."""
        return UPSTREAM.lasting_session()

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """From the settings alone: the database is not asked at each page with the buttons."""
        found = []
        for name, config in settings.SOCIALACCOUNT_PROVIDERS.items():
            if provider in (None, name):
                found += [SocialApp(provider=name, name=name, **app) for app in config["APPS"]]
        return [app for app in found if client_id in (None, app.client_id)]

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> Person:
        """Of what the provider says, a name and what to call the account are kept."""
        person: Any = sociallogin.user
        said = sociallogin.account.extra_data
        person.name = _printable(str(said.get("name") or ""), NAME_MAX_LENGTH)
        email = data.get("email") or next((a.email for a in sociallogin.email_addresses), "")
        label = data.get("username") or email
        sociallogin.account.extra_data = {"label": _printable(str(label), LABEL_MAX_LENGTH)}
        return person

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Connect, let the sign-in go on, or answer with why not."""
        # It is not stored, and is not to lie in the session either.
        sociallogin.token = None
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            self._connect(request, sociallogin)
        if not sociallogin.is_existing:
            self._require_new(request, sociallogin)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Person:
        """Write what `_require_new` has let through, unless somebody was quicker."""
        email = sociallogin.email_addresses[0].email
        try:
            account = social.person_register_social(
                actor=ACTOR, identity=identity_of(sociallogin), email=email
            )
        except (IntegrityError, ValidationError) as error:
            if social.person_with_address(email) is None:
                log.warning("accounts.social_person_invalid", error=str(error))
                self._fail(request, sociallogin.account.provider)
            self._exists(request, sociallogin, email)
        sociallogin.account, sociallogin.user = account, account.user
        return account.user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        if error == AuthError.CANCELLED:
            messages.info(request, _("You have not signed in with %s.") % provider.name)
            home = "socialaccount_connections" if request.user.is_authenticated else "account_login"
            raise ImmediateHttpResponse(redirect(home))
        log.warning(
            "accounts.social_sign_in_failed",
            provider=provider.id,
            error=type(exception).__name__ if exception else str(error),
        )
        # What comes without a state of ours was not asked for, by nobody knows whom: the log is enough.
        self._fail(request, provider.id, is_noted="state" in (extra_context or {}))

    def _connect(self, request: HttpRequest, login: SocialLogin) -> NoReturn:
        """For who began it, and no other who has signed in since in this browser."""
        person = request.user
        if not isinstance(person, Person) or (login.state.get("data") or {}).get(
            "person_id"
        ) != str(person.id):
            self._note(login, SocialRefusal.SESSION)
            messages.error(request, _("Somebody else has signed in since. Nothing was connected."))
            raise ImmediateHttpResponse(redirect("socialaccount_connections"))
        try:
            social.social_account_connect(
                actor=person_actor(person), person_id=person.id, identity=identity_of(login)
            )
        except (IntegrityError, PlatformError) as error:
            self._note(login, SocialRefusal.OTHERS, person)
            # The former: somebody else has connected it since the service looked.
            messages.error(request, str(getattr(error, "detail", social.CONNECTED_TO_ANOTHER)))
        else:
            name = login.account.get_provider(request).name
            messages.success(request, _("You can sign in with %s now.") % name)
        raise ImmediateHttpResponse(redirect("socialaccount_connections"))

    def _require_new(self, request: HttpRequest, login: SocialLogin) -> None:
        """A new account needs an address that the provider has verified, and that nobody has here."""
        verified = [a for a in login.email_addresses if a.verified is True]
        if not verified:
            self._note(login, SocialRefusal.UNVERIFIED)
            name = login.provider.name
            raise ImmediateHttpResponse(
                problem_or_page(
                    request,
                    403,
                    "email_unverified",
                    _("%s has not verified your e-mail address") % name,
                    _(
                        "Confirm your address there, then sign in again. Or sign up here without it."
                    ),
                )
            )
        # The primary one comes first.
        login.email_addresses = verified[:1]
        self._exists(request, login, verified[0].email, only_if_taken=True)

    def _exists(
        self, request: HttpRequest, login: SocialLogin, email: str, *, only_if_taken: bool = False
    ) -> None:
        """The provider has proved that the address is theirs: they may know that it has an account."""
        person = social.person_with_address(email)
        if person is None and only_if_taken:
            return
        self._note(login, SocialRefusal.EXISTS, person)
        context = {"provider": login.provider.name, "email": email}
        response = render(request, "account/social_account_exists.html", context, status=409)
        raise ImmediateHttpResponse(response)

    def _fail(self, request: HttpRequest, provider: str, *, is_noted: bool = True) -> NoReturn:
        if is_noted:
            social.social_sign_in_refuse(
                actor=ACTOR, provider=provider, reason=SocialRefusal.PROVIDER
            )
        raise ImmediateHttpResponse(sign_in_failed(request))

    def _note(
        self, login: SocialLogin, reason: SocialRefusal, person: Person | None = None
    ) -> None:
        social.social_sign_in_refuse(
            actor=ACTOR,
            provider=login.account.provider,
            reason=reason,
            person_id=person.id if person else None,
        )


def sign_in_failed(request: HttpRequest) -> Any:
    return problem_or_page(
        request,
        400,
        "social_sign_in_failed",
        _("The sign-in did not work"),
        _(
            "It takes one attempt, in one browser, within ten minutes. Go back to sign-in and try again."
        ),
    )


def _printable(text: str, length: int) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:length]
