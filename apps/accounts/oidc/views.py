"""Sign-in by a provider, on the public host: the way there, and the way back."""

import time
import uuid
from dataclasses import asdict
from typing import Any

import structlog
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.errors import ProviderRefused
from apps.accounts.models import Person
from apps.accounts.oidc import flow, views_tenant
from apps.accounts.oidc.client import SignedIn, exchange
from apps.accounts.oidc.config import Provider, provider_by_id
from apps.accounts.oidc.external import METHOD
from apps.accounts.oidc.identities import (
    identity_link,
    identity_sign_in,
    identity_unlink,
    refusal_note,
)
from apps.accounts.oidc.organizations import workspace_path
from apps.accounts.oidc.pages import refused
from apps.accounts.oidc.platform import platform_provider
from apps.accounts.oidc.sessions import remember
from apps.accounts.oidc.views_tenant import test_failed
from apps.accounts.redirects import safe_path
from apps.accounts.selectors import person_actor
from apps.common.errors import PlatformError
from apps.common.ids import parse_uuid
from apps.common.urls import host_url

log = structlog.get_logger(__name__)

# In the session: who signed in at the provider, and has yet to sign in to the account with their address.
PENDING, PENDING_S = "oidc_pending", 900


@require_GET
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """Go to the platform's provider. `?next=`: where to go afterwards."""
    path = safe_path(request.GET.get("next"), "")
    if request.user.is_authenticated:
        return redirect(path or "workspaces")
    try:
        provider = platform_provider()
    except ProviderRefused as error:
        return refused(request, error)
    return flow.leave(request, provider, flow.Errand("sign_in", str(provider.id), path))


@require_POST
@never_cache
@login_required
def connect(request: HttpRequest) -> HttpResponse:
    """Connect the platform's provider with the account that is signed in."""
    try:
        provider = platform_provider()
    except ProviderRefused as error:
        return refused(request, error)
    errand = flow.Errand("link", str(provider.id), person_id=str(request.user.pk))
    return flow.leave(request, provider, errand)


@require_POST
@login_required
def disconnect(request: HttpRequest, identity_id: uuid.UUID) -> HttpResponse:
    try:
        identity_unlink(actor=person_actor(_person(request)), identity_id=identity_id)
    except PlatformError as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(request, _("It is disconnected."))
    return redirect("profile")


@require_GET
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """Where every provider answers (RFC 6749, section 4.1.2). The state is looked at before anything else."""
    try:
        returned = flow.come_back(request)
    except ProviderRefused as error:
        log.info("accounts.provider_state_refused")
        return refused(request, error)
    provider, errand = returned.provider, returned.errand
    try:
        flow.check_answer(request, provider)
        signed_in = exchange(
            request, provider, nonce=returned.nonce, code_verifier=returned.code_verifier
        )
        flow.check_fresh(errand, signed_in.proved_at)
        return FINISH[errand.intent](request, provider, errand, signed_in)
    except PlatformError as error:
        log.warning("accounts.provider_refused", provider_id=str(provider.id), reason=error.code)
        refusal_note(provider=provider, reason=error.code)
        if errand.intent == "test":
            return test_failed(request, provider, errand, error)
        back = host_url(errand.host, "/sign-in/") if errand.host else ""
        return refused(request, error, back)


def _sign_in(
    request: HttpRequest, provider: Provider, errand: flow.Errand, signed_in: SignedIn
) -> HttpResponse:
    person = identity_sign_in(provider=provider, signed_in=signed_in)
    if person is None:
        request.session[PENDING] = {
            **asdict(signed_in),
            "provider_id": str(provider.id),
            "at": time.time(),
        }
        return redirect("oidc_link")
    path = errand.path or workspace_path(provider, signed_in.org_code, person)
    remember(request, provider, signed_in)
    record_authentication(
        request, person, method=METHOD, provider=str(provider.id), uid=signed_in.subject
    )
    # With allauth's own steps: a second factor that the person has set up is asked for here, too.
    login = Login(
        user=person, redirect_url=path or resolve_url("workspaces"), email_verification="none"
    )
    return perform_login(request, login)


def _link(
    request: HttpRequest, provider: Provider, errand: flow.Errand, signed_in: SignedIn
) -> HttpResponse:
    person = request.user
    if not isinstance(person, Person) or str(person.id) != errand.person_id:
        raise ProviderRefused(code="state_unknown")
    identity_link(actor=person_actor(person), provider=provider, signed_in=signed_in)
    messages.success(request, _("%s is connected.") % provider.name)
    return redirect("profile")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def link(request: HttpRequest) -> HttpResponse:
    """Somebody has an account with the address: they sign in to it, and confirm here."""
    pending = _pending(request)
    if pending is None:
        return redirect("workspaces" if request.user.is_authenticated else "account_login")
    provider, signed_in = pending
    person = request.user
    if isinstance(person, Person) and request.method == "POST" and person.email == signed_in.email:
        del request.session[PENDING]
        try:
            identity_link(actor=person_actor(person), provider=provider, signed_in=signed_in)
        except PlatformError as error:
            return refused(request, error)
        messages.success(request, _("%s is connected.") % provider.name)
        return redirect(workspace_path(provider, signed_in.org_code, person) or "workspaces")
    context = {"provider": provider, "email": signed_in.email}
    return render(request, "account/oidc_link.html", context)


def _pending(request: HttpRequest) -> tuple[Provider, SignedIn] | None:
    stored: dict[str, Any] = dict(request.session.get(PENDING) or {})
    if time.time() - stored.pop("at", 0.0) > PENDING_S:
        request.session.pop(PENDING, None)
        return None
    provider_id = parse_uuid(stored.pop("provider_id"))
    provider = provider_by_id(provider_id) if provider_id else None
    if provider is None:
        return None
    return provider, SignedIn(**{**stored, "groups": tuple(stored["groups"])})


def _person(request: HttpRequest) -> Person:
    person = request.user
    assert isinstance(person, Person)  # noqa: S101 - login_required
    return person


FINISH = {
    "sign_in": _sign_in,
    "link": _link,
    "enter": views_tenant.enter,
    "test": views_tenant.finish_test,
}
