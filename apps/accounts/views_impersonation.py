"""The way of staff from the console into a workspace, as a member (`impersonation` says what it is)."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.accounts import handoff
from apps.accounts.browser_sessions import current_browser_session
from apps.accounts.errors import MfaRequired
from apps.accounts.impersonation import permit_of, require_allowed
from apps.accounts.models import Person
from apps.accounts.proof import session_proof
from apps.accounts.redirects import leave_for
from apps.accounts.sign_in_policy import require_satisfied, sign_in_policy_of
from apps.common.errors import PlatformError
from apps.common.problems import problem_or_page
from apps.common.proofs import Proof
from apps.common.urls import host_url, public_url
from apps.tenants.http import PlatformRequest
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id


@require_GET
@never_cache
@login_required
def support(request: HttpRequest) -> HttpResponse:
    """Public host: with a permit to the workspace's host for a state, and back there with a ticket.

    Query: `permit`, `state`. Who signed in a while ago, or without the second factor that the workspace asks
    for, proves it first.
    """
    token = request.GET.get("permit", "")
    staff = request.user
    permit = permit_of(token, staff) if isinstance(staff, Person) else None
    session = current_browser_session(request.session)
    tenant = tenant_by_id(permit.tenant_id) if permit else None
    if permit is None or tenant is None or session is None:
        return _refused(request)
    try:
        require_allowed(tenant, permit.person_id)
    except PlatformError as error:
        return problem_or_page(
            request, error.status, error.code, str(error.title), str(error.detail)
        )
    host = tenant.host
    state = request.GET.get("state", "")
    if handoff.STATE.fullmatch(state) is None:
        return leave_for(host_url(host, f"/support/?{urlencode({'permit': token})}"))
    proof = session_proof(request)
    if missing := _missing(tenant, proof):
        return redirect(f"{reverse(missing)}?{urlencode({'next': request.get_full_path()})}")
    if not handoff.take_permit(token):
        return _refused(request)
    ticket = handoff.issue(
        person_id=permit.person_id,
        session_id=session.id,
        tenant=tenant,
        host=host,
        state=state,
        path="/",
        proof=proof,
        impersonation=permit.impersonation(session.person).stored(),
    )
    return leave_for(host_url(host, f"/enter/?{urlencode({'ticket': ticket, 'state': state})}"))


@require_GET
@never_cache
def support_state(request: PlatformRequest) -> HttpResponse:
    """Tenant host: give this browser a state, and send it back for the ticket."""
    state = handoff.state_of(request) or handoff.new_state()
    query = urlencode({"permit": request.GET.get("permit", ""), "state": state})
    response = redirect(public_url(f"/support/?{query}"))
    handoff.set_state(response, state)
    return response


def _missing(tenant: Tenant, proof: Proof) -> str | None:
    """The name of the page where staff prove what is asked of them; None: they have."""
    try:
        require_satisfied(sign_in_policy_of(tenant.id).require_mfa, proof.methods)
    except MfaRequired:
        return "second_factor_required"
    return None if proof.is_recent() else "account_reauthenticate"


def _refused(request: HttpRequest) -> HttpResponse:
    return problem_or_page(
        request,
        404,
        "not_found",
        _("This permission is used up"),
        _("It is good once, for ten minutes, for the member of staff who asked for it. Ask again."),
    )
