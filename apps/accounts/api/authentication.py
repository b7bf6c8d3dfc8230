"""Who calls the API: a bearer token, or the session of the host's own pages."""

import time
from typing import Any

import jwt
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from apps.accounts import epochs, keys, tokens
from apps.accounts.authorizations import (
    MAX_AGE_S,
    TokenAuthorization,
    authorization_of,
    external_authorization_of,
    page_authorization_of,
)
from apps.accounts.errors import MfaCodeRequired, TokenInvalid, TokenRevoked, WorkspaceSession
from apps.accounts.middleware import bearer_token
from apps.accounts.models import Person
from apps.accounts.oidc.external import ExternalClaims, external_claims, external_is_ended
from apps.accounts.oidc.sessions import is_workspace_session
from apps.accounts.proof import session_proof
from apps.accounts.selectors import is_member
from apps.accounts.tokens import AccessClaims
from apps.common.errors import ImpersonationRefused, NotFound
from apps.common.gate import notes_of
from apps.common.proofs import Proof


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`. One round trip to Redis; no statement when warm.

    `request.auth` is the token's AccessClaims; ExternalClaims for a token of the platform's provider, which
    costs a round trip more. Raises TokenExpired, TokenInvalid, TokenRevoked, and NotFound for a tenant
    that the token is not for or the person is no member of, exactly as for a tenant that does not exist.
    Of the provider's tokens also IdentityUnknown, MfaCodeRequired, ProviderUnavailable.
    """

    def authenticate(self, request: Request) -> tuple[Person, AccessClaims | ExternalClaims] | None:
        http_request = request._request
        token = bearer_token(http_request)
        if token is None:
            return None
        external = external_claims(token)
        if external is not None:
            return _external_person(http_request, external), external
        notes = notes_of(http_request.META)
        try:
            claims = tokens.verify(token)
        except TokenInvalid as error:
            if notes and isinstance(error.__cause__, jwt.InvalidSignatureError):
                notes.is_refused = True
            raise
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
        if notes:
            notes.person_id, notes.epochs = claims.person_id, tuple(authorization.epochs)
            notes.good_until_s = min(
                claims.expires_at_s,
                authorization.expires_at.timestamp(),
                time.time() + authorization.read_at_s + MAX_AGE_S - time.monotonic(),
            )
            if tenant is not None and not authorization.is_member:
                notes.tenant, notes.is_refused = tenant.ref, True
        _require_member(authorization, tenant)
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
    identity provider speaks for the person in that tenant only: WorkspaceSession elsewhere. So does one of
    staff who act for a member: ImpersonationRefused.
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
        proof = session_proof(http_request)
        if not (
            getattr(view, "needs_tenant", False)
            or request.method in getattr(view, "open_to_workspace_sessions", ())
        ):
            if proof.impersonator is not None:
                raise ImpersonationRefused
            if is_workspace_session(http_request.session):
                raise WorkspaceSession
        _accept(http_request, person, proof)
        if tenant is not None:
            http_request.authorization = page_authorization_of(
                person_id=person.pk, proof=proof, tenant_id=tenant.id
            )
        return person, None

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401 where nobody is signed in."""
        return 'Cookie realm="pages"'


def _external_person(request: Any, claims: ExternalClaims) -> Person:
    tenant = getattr(request, "tenant", None)
    authorization = external_authorization_of(claims, tenant_id=tenant.id if tenant else None)
    person = authorization.person()
    since = person.provider_tokens_since
    if (since and claims.issued_at < since.timestamp()) or external_is_ended(claims):
        raise TokenRevoked
    if authorization.needs_factor:
        raise MfaCodeRequired(
            _(
                "Your account has a second factor, and the provider's token does not show it. Sign in with "
                "`auth/token/` and `mfa_code`."
            )
        )
    _require_member(authorization, tenant)
    request.authorization = authorization
    _accept(request, person, authorization.proof)
    return person


def _require_member(authorization: TokenAuthorization, tenant: Any) -> None:
    """In the tenant, by a sign-in that is good in it."""
    if tenant is not None and (
        not authorization.is_member or authorization.session_tenant_id not in (None, tenant.id)
    ):
        raise NotFound


def _accept(request: Any, person: Any, proof: Proof) -> None:
    request.log_person_id = str(person.pk)
    request.proof = proof
    if getattr(request, "tenant_missing", False):
        raise NotFound
