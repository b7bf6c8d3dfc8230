"""Django's sign-in signal: the one place that sees every sign-in, whatever view it came through."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts.handoff import bind_session
from apps.accounts.middleware import is_tenant_host
from apps.common.requests import host_name


@receiver(user_logged_in, dispatch_uid="accounts.bind_session")
def bind_session_to_host(request: HttpRequest, **_kwargs: Any) -> None:
    """A session is good on the host where it began."""
    tenant = getattr(request, "tenant", None) if is_tenant_host(request) else None
    bind_session(request.session, tenant, host_name(request) if tenant else "")
