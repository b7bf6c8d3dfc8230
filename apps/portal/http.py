"""What every page view shares: who acts, and errors that leave as a page."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from apps.accounts.authorizations import page_authorization_of
from apps.accounts.errors import MfaRequired, SsoRequired
from apps.accounts.models import Person
from apps.accounts.proof import session_proof
from apps.accounts.redirects import safe_path
from apps.accounts.selectors import person_actor
from apps.billing.permissions import VIEW_BILLING
from apps.common.access import allows, authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.entitlements import EntitlementExceeded
from apps.common.errors import PlatformError, ReauthenticationRequired
from apps.common.problems import problem_or_page, wants_problem
from apps.organizations.actors import actor_for
from apps.tenants.http import PlatformRequest
from apps.tenants.models import Tenant

P = ParamSpec("P")


class PageRequest(PlatformRequest):
    """A request that passed one of the gates below."""

    user: Person
    actor: Actor
    htmx: Any


class WorkspaceRequest(PageRequest):
    tenant: Tenant  # never None behind the gate


R = TypeVar("R", bound=PageRequest)
PersonView: TypeAlias = Callable[Concatenate[PageRequest, P], HttpResponse]
WorkspaceView: TypeAlias = Callable[Concatenate[WorkspaceRequest, P], HttpResponse]


def person_page(view: PersonView[P]) -> PersonView[P]:
    """A page on the public host for whoever is signed in."""

    @never_cache
    @wraps(view)
    def wrapper(request: PageRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        request.actor = replace(person_actor(request.user), proof=session_proof(request))
        try:
            with timezone.override(request.user.time_zone):
                return view(request, *args, **kwargs)
        except ReauthenticationRequired as error:
            return to_step_up(request, error)
        except PlatformError as error:
            return error_page(request, error)

    return cast(PersonView[P], wrapper)


def workspace_page(view: WorkspaceView[P]) -> WorkspaceView[P]:
    """A page of a workspace, for its active members; to anybody else the workspace is a 404."""

    @never_cache
    @wraps(view)
    def wrapper(request: WorkspaceRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.tenant is None:
            raise Http404
        if not request.user.is_authenticated:
            return to_sign_in(request)
        try:
            request.actor = _actor_of(request)
            with timezone.override(request.user.time_zone):
                return view(request, *args, **kwargs)
        except (MfaRequired, ReauthenticationRequired, SsoRequired) as error:
            return to_step_up(request, error)
        except PlatformError as error:
            return error_page(request, error)

    return cast(WorkspaceView[P], wrapper)


def _actor_of(request: WorkspaceRequest) -> Actor:
    """As actor_for; no statement while what this process remembers is good. Raises as it does."""
    authorization = page_authorization_of(
        person_id=request.user.id, proof=session_proof(request), tenant_id=request.tenant.id
    )
    if authorization.actor is None:
        authorization.actor = actor_for(request.user, authorization.proof)
    return authorization.actor


def to_sign_in(request: PageRequest) -> HttpResponse:
    sign_in = redirect_to_login(request.get_full_path(), resolve_url("account_login"))
    return HttpResponseClientRedirect(sign_in.url) if request.htmx else sign_in


def step_up(view: Callable[Concatenate[R, P], HttpResponse]) -> Any:
    """Below a gate, for sensitive pages: who opens it has proved lately that it is them.

    Others do so first, and come back. Sending its form may come FORM_S later; services ask again.
    """

    @wraps(view)
    def wrapper(request: R, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        proof = request.actor.proof
        if request.method in ("GET", "HEAD") and proof is not None:
            proof.require_recent(0)
        request.actor.require_recent_proof()
        return view(request, *args, **kwargs)

    return wrapper


def to_step_up(request: PageRequest, error: PlatformError) -> HttpResponse:
    """Where a person proves what `error` says is missing, and comes back from.

    A page's form is not sent again: they come back to the page that it is on.
    """
    if wants_problem(request):
        return error_page(request, error)
    following = request.get_full_path()
    if request.method not in ("GET", "HEAD"):
        referrer = urlsplit(request.headers.get("Referer", ""))
        following = safe_path(
            f"{referrer.path}?{referrer.query}" if referrer.query else referrer.path
        )
        messages.info(
            request, "Nothing is changed yet: confirm that it is you, then send it again."
        )
    query = {"next": following}
    if request.tenant is None:
        url = resolve_url("account_reauthenticate")
    else:
        url = resolve_url("account_login")
        query |= {"fresh": "1"} if isinstance(error, ReauthenticationRequired) else {}
    url = f"{url}?{urlencode(query)}"
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def require(actor: Actor, permission: str) -> None:
    """For pages about many things: held at one organization at least. Raises PermissionDenied."""
    if paths_allowed(actor, permission) == []:
        authorize(actor, permission)


def may(actor: Actor, permission: str) -> bool:
    """Whether to show something at all: held at one organization at least."""
    return paths_allowed(actor, permission) != []


def error_page(request: PageRequest, error: PlatformError) -> HttpResponse:
    """Inside the workspace's frame for its members, else on a page of its own."""
    fields = {"title": str(error.title), "detail": str(error.detail)}
    if hasattr(request, "actor") and request.tenant is not None and not wants_problem(request):
        return render(
            request,
            "errors/workspace_message.html",
            {**fields, "status": error.status, "upgrade_url": _upgrade_url(request.actor, error)},
            status=error.status,
        )
    return problem_or_page(
        request,
        error.status,
        error.code,
        headers=error.headers,
        context={"user": request.user},
        **fields,
    )


def _upgrade_url(actor: Actor, error: PlatformError) -> str:
    """Where somebody who sees the bill finds a plan that includes what was refused; else empty."""
    is_refused = isinstance(error, EntitlementExceeded)
    return reverse("plans") if is_refused and allows(actor, VIEW_BILLING) else ""


def add_errors(form: BaseForm, error: PlatformError | ValidationError) -> None:
    """Put what a service refused beside the field it is about, or on top of the form."""
    if isinstance(error, ValidationError):
        found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        pairs = [(attr, message) for attr, messages in found.items() for message in messages]
    else:
        pairs = [(e.attr or "", str(e.detail)) for e in error.errors] or [("", str(error.detail))]
    for attr, message in pairs:
        form.add_error(attr if attr in form.fields else None, message)
