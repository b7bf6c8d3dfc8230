"""Views that carry a sign-in between the public host and a tenant's (`handoff` says how)."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts import handoff
from apps.accounts.browser_sessions import current_browser_session, parent_for_hand_over
from apps.accounts.enums import SsoRule
from apps.accounts.errors import MfaRequired
from apps.accounts.impersonation import KEY as IMPERSONATION
from apps.accounts.impersonation import Impersonation, current_impersonation
from apps.accounts.models import BrowserSession, Person
from apps.accounts.oidc.enforcement import Must, break_glass_note, is_met, provider_on, sso_must
from apps.accounts.oidc.sessions import KEY, is_workspace_session, sign_out_url
from apps.accounts.oidc.views_tenant import choice, start_url
from apps.accounts.proof import bind_proof, session_proof
from apps.accounts.redirects import leave_for, safe_path
from apps.accounts.selectors import is_member
from apps.accounts.sign_in_policy import require_satisfied, sign_in_policy_of
from apps.common.problems import problem_or_page
from apps.common.proofs import Proof
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

    Query: `state` (its hash goes into the ticket), `next` (path there), `host` (a custom domain), `fresh`
    (they prove again that it is them, if that is a while ago), `factor` (they prove a second factor). An old
    slug is good too; the browser has its state on the old host then, and gets another on the new one.
    """
    tenant = tenant_by_slug(slug)
    session = current_browser_session(request.session)
    # The session may have ended since the request began.
    if tenant is None or session is None or not is_member(session.person_id, tenant.id):
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
        query = {"next": path, "way": "other", **_wanted(request)}
        return leave_for(host_url(host, f"/sign-in/?{urlencode(query)}"))
    return _hand_over(request, tenant, session, {"state": state, "next": path, "host": host})


def _hand_over(
    request: HttpRequest, tenant: Tenant, session: BrowserSession, query: dict[str, str]
) -> HttpResponse:
    """With a ticket to the tenant's host; or to where the person gets what the tenant asks for besides."""
    proof = session_proof(request)
    person = session.person
    must = sso_must(tenant, person)
    if must is not None and must.rule == SsoRule.MUST:
        return redirect(start_url(must.provider_id, {**query, **_wanted(request)}))
    if missing := _missing(request, tenant, proof, must):
        onward = _onward(request, tenant.slug)
        return redirect(f"{reverse(missing)}?{urlencode({'next': onward})}")
    if must is not None:
        break_glass_note(person=person, tenant=tenant, must=must)
    ticket = handoff.issue(
        person_id=session.person_id,
        session_id=session.id,
        tenant=tenant,
        host=query["host"],
        state=query["state"],
        path=query["next"],
        proof=proof,
    )
    entry = urlencode({"ticket": ticket, "state": query["state"]})
    return leave_for(host_url(query["host"], f"/enter/?{entry}"))


@require_GET
@never_cache
def sign_in(request: PlatformRequest) -> HttpResponse:
    """Tenant host: give this browser a state and send it to the public host to sign in.

    Who is signed in goes on to `next`; but with `fresh` only if they proved lately that it is them, and only
    with a second factor where `factor` or the sign-in policy asks for one. Where the tenant has an identity
    provider, a page asks first; `way` is what was chosen there: sso, other.
    """
    path = safe_path(request.GET.get("next"))
    tenant = _tenant(request)
    provider = provider_on(tenant)
    if _is_enough(request, tenant):
        return redirect(path)
    # One state for all tabs of this browser, so that the last one opened does not break the others.
    state = handoff.state_of(request) or handoff.new_state()
    query = {"state": state, "next": path}
    host = host_name(request)
    if host != slug_host(tenant.slug):
        query["host"] = host
    query |= _wanted(request)
    response = redirect(public_url(f"/open/{tenant.slug}/?{urlencode(query)}"))
    way = request.GET.get("way") or ("sso" if is_workspace_session(request.session) else "")
    if provider is not None and way == "sso":
        response = redirect(start_url(provider.id, query))
    elif provider is not None and way != "other":
        return choice(request, tenant, provider.name, {"next": path, **_wanted(request)})
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
    if ticket is None or not _enter(request, ticket, tenant):
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
    response = redirect(ticket.path)
    response.delete_cookie(handoff.state_cookie_name(), samesite="Lax")
    return response


@require_POST
@never_cache
def sign_out(request: PlatformRequest) -> HttpResponse:
    """Tenant host: end this host's session, then the public one, or signing in would undo it.

    Staff who act for a member go back to the console.
    """
    if current_impersonation(request.session) is not None:
        # Their own sign-in stays, and the member's.
        logout(request)
        tenant = reverse(
            "admin:tenants_tenant_change",
            args=[_tenant(request).pk],
            urlconf=settings.PUBLIC_URLCONF,
        )
        return redirect(public_url(tenant))
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


@transaction.atomic
def _enter(request: PlatformRequest, ticket: handoff.Ticket, tenant: Tenant) -> bool:
    """Sign the ticket's person in, unless they or the public session have gone meanwhile."""
    person = _member(ticket, tenant)
    if person is None:
        return False
    acting = Impersonation.restored(ticket.impersonation) if ticket.impersonation else None
    # Who comes by the tenant's own provider has no session on the public host.
    if ticket.session_id:
        signed_in_id = acting.impersonator.person_id if acting else person.id
        parent = parent_for_hand_over(signed_in_id, ticket.session_id)
        if parent is None:
            return False
        request.parent_session = parent  # type: ignore[attr-defined]
    request.impersonation = acting  # type: ignore[attr-defined]
    last_login = person.last_login
    login(request, person, backend=BACKEND)
    if acting is not None:
        request.session[IMPERSONATION] = acting.stored()
        # Which Django has just set: it is the person's own.
        Person.objects.filter(id=person.id).update(last_login=last_login)
    bind_proof(request.session, ticket.methods, ticket.proved_at)
    if ticket.provider is not None:
        request.session[KEY] = ticket.provider
    return True


def _member(ticket: handoff.Ticket, tenant: Tenant) -> Person | None:
    person = Person.objects.filter(id=ticket.person_id, is_active=True).first()
    return person if person is not None and is_member(person.id, tenant.id) else None


def _is_enough(request: HttpRequest, tenant: Tenant) -> bool:
    """Whether the person is signed in on the tenant's host by all that is asked."""
    person = request.user
    if not isinstance(person, Person):
        return False
    proof = session_proof(request)
    must = sso_must(tenant, person)
    if must is not None and not is_met(must.rule, proof.methods):
        return False
    return _missing(request, tenant, proof, must) is None


def _missing(request: HttpRequest, tenant: Tenant, proof: Proof, must: Must | None) -> str | None:
    """The name of the page where a session gets what it lacks for what is asked; None: it is enough.

    must: of who may come in without the tenant's provider, but only with a second factor.
    """
    is_wanted = (
        must is not None or "factor" in request.GET or sign_in_policy_of(tenant.id).require_mfa
    )
    try:
        require_satisfied(is_wanted, proof.methods)
    except MfaRequired:
        return "second_factor_required"
    is_stale = "fresh" in request.GET and not proof.is_recent(0)
    return "account_reauthenticate" if is_stale else None


def _wanted(request: HttpRequest) -> dict[str, str]:
    """What is wanted of the session, to be passed on."""
    return {name: "1" for name in ("fresh", "factor") if name in request.GET}


def _onward(request: HttpRequest, slug: str) -> str:
    """This address without the state, which would not last: the workspace's host makes another."""
    query = {name: request.GET[name] for name in ("next", "host") if name in request.GET}
    query |= _wanted(request)
    return f"{reverse('open_workspace', args=[slug])}?{urlencode(query)}"


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
