"""Signals of Django and allauth: the one place that sees every sign-in, whatever view it came through."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts.factors import recovery_code_note_use
from apps.accounts.handoff import bind_session
from apps.accounts.middleware import is_tenant_host
from apps.accounts.selectors import person_actor
from apps.common.requests import host_name


@receiver(user_logged_in, dispatch_uid="accounts.bind_session")
def bind_session_to_host(request: HttpRequest, **_kwargs: Any) -> None:
    """A session is good on the host where it began."""
    tenant = getattr(request, "tenant", None) if is_tenant_host(request) else None
    bind_session(request.session, tenant, host_name(request) if tenant else "")


@receiver(authenticator_used, dispatch_uid="accounts.recovery_code_used")
def note_recovery_code(user: Any, authenticator: Authenticator, **_kwargs: Any) -> None:
    """A page took a recovery code, which leaves one less: the person is told."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        recovery_code_note_use(actor=person_actor(user), person_id=user.pk)
