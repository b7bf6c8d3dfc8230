"""Sign-in by a tenant's own provider, on the public host, which keeps nobody signed in by it.

What comes of it is a hand-off ticket for the tenant's host: a session there, and nowhere else.
"""

import time
import uuid
from urllib.parse import urlencode

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.accounts import handoff
from apps.accounts.enums import SignInMethod
from apps.accounts.errors import ProviderRefused
from apps.accounts.oidc import flow
from apps.accounts.oidc.client import SignedIn
from apps.accounts.oidc.config import Provider, provider_by_id
from apps.accounts.oidc.pages import refused
from apps.accounts.oidc.sessions import note
from apps.accounts.oidc.tenant_providers import provider_test_note
from apps.accounts.oidc.tenant_sign_in import tenant_sign_in
from apps.accounts.oidc.verification import refuse
from apps.accounts.redirects import leave_for, safe_path
from apps.common.errors import PlatformError
from apps.common.ids import parse_uuid
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context
from apps.common.urls import host_url, public_url, slug_host
from apps.tenants.http import PlatformRequest
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_host, tenant_by_id

log = structlog.get_logger(__name__)

SETTINGS_PATH = "/settings/sign-in/provider/"


def start_url(provider_id: uuid.UUID, query: dict[str, str]) -> str:
    """Where a tenant's host sends a browser that has its state. query: state, next, host."""
    return public_url(f"/oidc/{provider_id}/start/?{urlencode(query)}")


@require_GET
@never_cache
def start(request: HttpRequest, provider_id: uuid.UUID) -> HttpResponse:
    """Go to a tenant's provider. Query: as `open_workspace`; the state is that of the tenant's host.

    `fresh`: they prove there again who they are.
    """
    try:
        provider, tenant = _known(provider_id)
        host = request.GET.get("host") or slug_host(tenant.slug)
        state = request.GET.get("state", "")
        if not _is_host_of(tenant, host) or not handoff.STATE.fullmatch(state):
            raise refuse(
                "state_unknown", "This sign-in was not begun on the workspace’s own address."
            )
    except PlatformError as error:
        return refused(request, error)
    path = safe_path(request.GET.get("next"))
    errand = flow.Errand(
        "enter",
        str(provider.id),
        path,
        state,
        host,
        fresh_since=time.time() if "fresh" in request.GET else 0.0,
    )
    return flow.leave(request, provider, errand)


@require_GET
@never_cache
def test(request: HttpRequest) -> HttpResponse:
    """Go to a tenant's provider to see what it says of the one who connects it."""
    try:
        data = handoff.redeem_test(request.GET.get("ticket", ""))
        if data is None:
            raise refuse("state_unknown", "This test was begun too long ago. Begin it again.")
        provider, _tenant = _known(uuid.UUID(data["provider_id"]), is_test=True)
    except PlatformError as error:
        return refused(request, error)
    errand = flow.Errand("test", str(provider.id), host=data["host"], person_id=data["person_id"])
    return flow.leave(request, provider, errand)


def enter(
    request: HttpRequest, provider: Provider, errand: flow.Errand, signed_in: SignedIn
) -> HttpResponse:
    """Hand the person over to the tenant's host. The public host's own session stays what it was."""
    _provider, tenant = _known(provider.id)
    if not _is_host_of(tenant, errand.host):
        raise refuse("state_unknown")
    person = tenant_sign_in(tenant=tenant, provider=provider, signed_in=signed_in)
    ticket = handoff.issue(
        person_id=person.id,
        session_id=None,
        tenant=tenant,
        host=errand.host,
        state=errand.state,
        path=errand.path,
        proof=Proof(frozenset({SignInMethod.SSO}), signed_in.proved_at),
        provider=note(provider, signed_in),
    )
    query = urlencode({"ticket": ticket, "state": errand.state})
    return leave_for(host_url(errand.host, f"/enter/?{query}"))


def finish_test(
    request: HttpRequest, provider: Provider, errand: flow.Errand, signed_in: SignedIn
) -> HttpResponse:
    """Keep what the provider said, and go back to the settings. Nobody is signed in."""
    return _note_test(provider, errand, signed_in)


def test_failed(
    request: HttpRequest, provider: Provider, errand: flow.Errand, error: PlatformError
) -> HttpResponse:
    if provider.tenant_id is None:
        return refused(request, error)
    return _note_test(provider, errand, None, f"{error.detail} ({error.code})")


def _note_test(
    provider: Provider, errand: flow.Errand, signed_in: SignedIn | None, error: str = ""
) -> HttpResponse:
    _provider, tenant = _known(provider.id, is_test=True)
    person_id = parse_uuid(errand.person_id)
    if person_id is None or not _is_host_of(tenant, errand.host):
        raise refuse("state_unknown")
    with tenant_context(tenant):
        provider_test_note(provider=provider, person_id=person_id, signed_in=signed_in, error=error)
    return leave_for(host_url(errand.host, SETTINGS_PATH))


def choice(
    request: PlatformRequest, tenant: Tenant, provider_name: str, query: dict[str, str]
) -> HttpResponse:
    """Tenant host: by the workspace's provider, or in another way."""
    context = {
        "tenant": tenant,
        "provider_name": provider_name,
        "sso_query": urlencode({**query, "way": "sso"}),
        "other_query": urlencode({**query, "way": "other"}),
    }
    return render(request, "account/workspace_sign_in.html", context)


def _known(provider_id: uuid.UUID, *, is_test: bool = False) -> tuple[Provider, Tenant]:
    """A tenant's provider that takes sign-ins, or tests, and its open tenant. Raises ProviderRefused."""
    provider = provider_by_id(provider_id)
    tenant = tenant_by_id(provider.tenant_id) if provider and provider.tenant_id else None
    if provider is None or tenant is None or not (provider.is_on or is_test):
        raise ProviderRefused(_("This identity provider is not connected."), code="provider_gone")
    if not tenant.is_ready or tenant.unavailable:
        raise ProviderRefused(_("This workspace is closed now."), code="workspace_closed")
    return provider, tenant


def _is_host_of(tenant: Tenant, host: str) -> bool:
    if host == slug_host(tenant.slug):
        return True
    found = tenant_by_host(host) if "\0" not in host else None
    return found is not None and found.id == tenant.id and not tenant.is_alias(host)
