"""Who calls the API: a bearer token, or the session of the host's own pages."""

from typing import Any

from django.db.models import Exists, OuterRef
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from apps.accounts import tokens
from apps.accounts.errors import TokenInvalid, TokenRevoked
from apps.accounts.middleware import bearer_token
from apps.accounts.models import Person, TenantMembership, TokenSession
from apps.accounts.proof import session_proof
from apps.accounts.selectors import is_member
from apps.accounts.tokens import AccessClaims
from apps.common.errors import NotFound
from apps.common.proofs import Proof


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`. One statement.

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
        session = (
            TokenSession.objects.select_related("person")
            .annotate(is_member=Exists(_membership(tenant.id if tenant else None)))
            .filter(id=claims.session_id)
            .first()
        )
        if session is None or session.revoked_at is not None or not session.person.is_active:
            raise TokenRevoked
        if session.person_id != claims.person_id or session.tenant_id != claims.tenant_id:
            raise TokenInvalid
        if tenant is not None and (
            not session.is_member or claims.tenant_id not in (None, tenant.id)
        ):
            raise NotFound
        proved_at = session.proved_at.timestamp() if session.proved_at else 0.0
        _accept(http_request, session.person, Proof(frozenset(session.methods), proved_at))
        return session.person, claims

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class CookieAuthentication(SessionAuthentication):
    """The session cookie of the host's own pages, with the CSRF token that Django's forms send.

    HostSessionMiddleware has refused sessions of other hosts by now.
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
        _accept(http_request, person, session_proof(http_request))
        return person, None

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401 where nobody is signed in."""
        return 'Cookie realm="pages"'


def _membership(tenant_id: Any) -> Any:
    return TenantMembership.objects.filter(person_id=OuterRef("person_id"), tenant_id=tenant_id)


def _accept(request: Any, person: Any, proof: Proof) -> None:
    request.log_person_id = str(person.pk)
    request.proof = proof
    if getattr(request, "tenant_missing", False):
        raise NotFound
