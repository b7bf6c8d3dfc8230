"""Signals of Django and allauth: they see every sign-in and its end, whatever view it came through."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts.browser_sessions import browser_session_begin, browser_session_end
from apps.accounts.factors import recovery_code_note_use
from apps.accounts.handoff import bind_session
from apps.accounts.impersonation import current_impersonation
from apps.accounts.middleware import is_tenant_host
from apps.accounts.models import Person
from apps.accounts.selectors import person_actor
from apps.common.requests import host_name


@receiver(user_logged_in, dispatch_uid="accounts.session_begin")
def session_begin(request: HttpRequest, user: Person, **_kwargs: Any) -> None:
    """A session is good on the host where it began."""
    tenant = getattr(request, "tenant", None) if is_tenant_host(request) else None
    host = host_name(request) if tenant else ""
    bind_session(request.session, tenant, host)
    browser_session_begin(
        request=request, person=user, tenant_id=tenant.id if tenant else None, host=host
    )


@receiver(user_logged_out, dispatch_uid="accounts.session_end")
def session_end(request: HttpRequest, user: Person | None, **_kwargs: Any) -> None:
    if user is not None:
        acting = current_impersonation(request.session)
        actor = acting.actor if acting else person_actor(user)
        browser_session_end(actor=actor, session_key=request.session.session_key)


@receiver(authenticator_used, dispatch_uid="accounts.recovery_code_used")
def note_recovery_code(user: Any, authenticator: Authenticator, **_kwargs: Any) -> None:
    """A page took a recovery code, which leaves one less: the person is told."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        recovery_code_note_use(actor=person_actor(user), person_id=user.pk)
