"""Who calls the API: a bearer token, or the session of the host's own pages."""

from typing import Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from apps.accounts import epochs, keys, tokens
from apps.accounts.authorizations import authorization_of
from apps.accounts.errors import TokenInvalid, TokenRevoked, WorkspaceSession
from apps.accounts.middleware import bearer_token
from apps.accounts.models import Person
from apps.accounts.oidc.sessions import is_workspace_session
from apps.accounts.proof import session_proof
from apps.accounts.selectors import is_member
from apps.accounts.tokens import AccessClaims
from apps.common.errors import NotFound
from apps.common.proofs import Proof


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`. One round trip to Redis; no statement when warm.

    `request.auth` is the token's AccessClaims. Raises TokenExpired, TokenInvalid, TokenRevoked, and
    NotFound for a tenant that the token is not for or the person is no member of, exactly as for a
    tenant that does not exist.
    """

    def authenticate(self, request: Request) -> tuple[Person, AccessClaims] | None:
        http_request = request._request
        token = bearer_token(http_request)
        if token is None:
            return None
        claims = tokens.verify(token)
        tenant = getattr(http_request, "tenant", None)
        authorization = authorization_of(
            session_id=claims.session_id,
            person_id=claims.person_id,
            tenant_id=tenant.id if tenant else None,
        )
        keys_epoch = authorization.epochs.get(epochs.SIGNING_KEYS)
        if keys_epoch is not None and not keys.are_current(keys_epoch):
            # A key was revoked since; if it was this token's, that is said now.
            tokens.verify(token)
        if authorization.session_tenant_id != claims.tenant_id:
            raise TokenInvalid
        if tenant is not None and (
            not authorization.is_member or claims.tenant_id not in (None, tenant.id)
        ):
            raise NotFound
        person = authorization.person()
        if claims.epoch != person.epoch:
            raise TokenRevoked
        http_request.authorization = authorization  # type: ignore[attr-defined]
        _accept(http_request, person, authorization.proof)
        return person, claims

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class CookieAuthentication(SessionAuthentication):
    """The session cookie of the host's own pages, with the CSRF token that Django's forms send.

    HostSessionMiddleware has refused sessions of other hosts by now. One that began by a tenant's own
    identity provider speaks for the person in that tenant only: WorkspaceSession elsewhere.
    """

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        http_request: Any = request._request
        person = found[0]
        tenant = getattr(http_request, "tenant", None)
        if getattr(http_request, "tenant_by_header", None) and (
            tenant is None or not is_member(person.pk, tenant.id)
        ):
            raise NotFound
        view = (request.parser_context or {}).get("view")
        if is_workspace_session(http_request.session) and not (
            getattr(view, "needs_tenant", False)
            or request.method in getattr(view, "open_to_workspace_sessions", ())
        ):
            raise WorkspaceSession
        _accept(http_request, person, session_proof(http_request))
        return person, None

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401 where nobody is signed in."""
        return 'Cookie realm="pages"'


def _accept(request: Any, person: Any, proof: Proof) -> None:
    request.log_person_id = str(person.pk)
    request.proof = proof
    if getattr(request, "tenant_missing", False):
        raise NotFound
