"""Views that carry a sign-in between the public host and a tenant's (`handoff` says how)."""

from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts import handoff
from apps.accounts.models import Person
from apps.accounts.oidc.enforcement import break_glass_note, provider_on, sso_must
from apps.accounts.oidc.sessions import KEY, sign_out_url
from apps.accounts.oidc.views_tenant import choice, start_url
from apps.accounts.redirects import leave_for, safe_path
from apps.accounts.selectors import is_member
from apps.common.problems import problem_or_page
from apps.common.requests import host_name
from apps.common.urls import host_url, public_url, slug_host
from apps.tenants.http import PlatformRequest
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_host, tenant_by_slug

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@require_GET
@never_cache
@login_required
def open_workspace(request: HttpRequest, slug: str) -> HttpResponse:
    """Public host: send a member on to the tenant's host, with a ticket if that asked for one.

    Query: `state` (its hash goes into the ticket), `next` (path there), `host` (a custom domain). An old
    slug is good too; the browser has its state on the old host then, and gets another on the new one.
    """
    tenant = tenant_by_slug(slug)
    person = request.user
    if tenant is None or not isinstance(person, Person) or not is_member(person.id, tenant.id):
        return _no_workspace(request)
    asking = request.GET.get("host") or slug_host(slug)
    host = _host(tenant, asking)
    if host is None:
        return _no_workspace(request)
    path = safe_path(request.GET.get("next"))
    state = request.GET.get("state", "")
    is_asked = host == asking and handoff.STATE.fullmatch(state) is not None
    if not is_asked and not request.GET.get("host"):
        host = tenant.host
    if not tenant.is_ready:
        return leave_for(host_url(host))
    if not is_asked:
        return leave_for(host_url(host, f"/sign-in/?{urlencode({'next': path, 'way': 'other'})}"))
    elsewhere = _by_provider(request, tenant, person, {"state": state, "next": path, "host": host})
    if elsewhere is not None:
        return elsewhere
    ticket = handoff.issue(person_id=person.id, tenant=tenant, host=host, state=state, path=path)
    return leave_for(host_url(host, f"/enter/?{urlencode({'ticket': ticket, 'state': state})}"))


@require_GET
@never_cache
def sign_in(request: PlatformRequest) -> HttpResponse:
    """Tenant host: give this browser a state and send it to the public host to sign in.

    Where the tenant has an identity provider, a page asks first; `way` is what was chosen there: sso, other.
    """
    path = safe_path(request.GET.get("next"))
    if request.user.is_authenticated:
        return redirect(path)
    tenant = _tenant(request)
    # One state for all tabs of this browser, so that the last one opened does not break the others.
    state = handoff.state_of(request) or handoff.new_state()
    query = {"state": state, "next": path}
    host = host_name(request)
    if host != slug_host(tenant.slug):
        query["host"] = host
    response = redirect(public_url(f"/open/{tenant.slug}/?{urlencode(query)}"))
    way = request.GET.get("way")
    provider = provider_on(tenant) if way != "other" else None
    if provider is not None and way == "sso":
        response = redirect(start_url(provider.id, query))
    elif provider is not None:
        return choice(request, tenant, provider.name, {"next": path})
    handoff.set_state(response, state)
    return response


@require_GET
@never_cache
def enter(request: PlatformRequest) -> HttpResponse:
    """Tenant host: trade a ticket for a session, in the browser that asked for it only."""
    tenant = _tenant(request)
    state = handoff.state_of(request)
    ticket = None
    if state is not None and state == request.GET.get("state"):
        ticket = handoff.redeem(
            request.GET.get("ticket", ""), tenant=tenant, host=host_name(request), state=state
        )
    person = _member(ticket, tenant) if ticket else None
    if ticket is None or person is None:
        if request.user.is_authenticated:
            # Another tab was first.
            return redirect("/")
        return problem_or_page(
            request,
            400,
            "ticket_invalid",
            _("This sign-in link cannot be used"),
            _("It works once, for a minute, in the browser that asked for it. Sign in again."),
        )
    login(request, person, backend=BACKEND)
    if ticket.provider is not None:
        request.session[KEY] = ticket.provider
    response = redirect(ticket.path)
    response.delete_cookie(handoff.state_cookie_name(), samesite="Lax")
    return response


@require_POST
@never_cache
def sign_out(request: PlatformRequest) -> HttpResponse:
    """Tenant host: end this host's session, then the public one, or signing in would undo it."""
    person, onward = request.user, sign_out_url(request.session)
    logout(request)
    if not isinstance(person, Person):
        return redirect(public_url())
    ticket = handoff.issue_sign_out(person.id, onward)
    return redirect(public_url(f"/signed-out/?{urlencode({'ticket': ticket})}"))


@require_GET
@never_cache
def signed_out(request: HttpRequest) -> HttpResponse:
    """Public host: end the session of the person who signed out on a tenant's host.

    The one-time ticket proves that they did; without one this page signs nobody out. Who came by an
    identity provider goes on to sign out there.
    """
    proof = handoff.redeem_sign_out(request.GET.get("ticket", ""))
    onward = proof[1] if proof else ""
    if proof is not None and request.user.pk == proof[0]:
        onward = onward or sign_out_url(request.session)
        logout(request)
    if onward:
        return leave_for(onward)
    if not request.user.is_authenticated:
        messages.success(request, _("You have signed out."))
    return redirect("account_login")


def _tenant(request: PlatformRequest) -> Tenant:
    # These views are in the tenant's URL configuration only, which comes with a tenant.
    if request.tenant is None:
        raise RuntimeError("a tenant's view was reached without a tenant")
    return request.tenant


def _member(ticket: handoff.Ticket, tenant: Tenant) -> Person | None:
    person = Person.objects.filter(id=ticket.person_id, is_active=True).first()
    return person if person is not None and is_member(person.id, tenant.id) else None


def _by_provider(
    request: HttpRequest, tenant: Tenant, person: Person, query: dict[str, str]
) -> HttpResponse | None:
    """Where somebody goes who has to come in by the tenant's identity provider; None: they need not."""
    must = sso_must(tenant, person)
    if must is None:
        return None
    if not must.is_break_glass:
        return redirect(start_url(must.provider_id, query))
    if all(one["method"] != "mfa" for one in get_authentication_records(request, person)):
        return _needs_second_factor(request)
    break_glass_note(person=person, tenant=tenant, must=must)
    return None


def _needs_second_factor(request: HttpRequest) -> HttpResponse:
    return problem_or_page(
        request,
        403,
        "mfa_required",
        _("Sign in with your second factor"),
        _(
            "This workspace takes sign-ins by its identity provider only. You may come in without it, but "
            "only with a second factor: sign out, and sign in with yours."
        ),
    )


def _host(tenant: Tenant, wanted: str) -> str | None:
    """The host that is wanted, if it is the tenant's; for an old subdomain the present one."""
    if wanted == slug_host(tenant.slug):
        return wanted
    found = tenant_by_host(wanted) if "\0" not in wanted else None
    if found is None or found.id != tenant.id:
        return None
    return slug_host(tenant.slug) if tenant.is_alias(wanted) else wanted


def _no_workspace(request: HttpRequest) -> HttpResponse:
    return problem_or_page(
        request,
        404,
        "not_found",
        _("There is no such workspace"),
        _("It does not exist, or you are not a member of it. Ask its administrator to invite you."),
    )
