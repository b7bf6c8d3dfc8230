"""Signing out: at the provider when somebody signs out here, and here when they did so there."""

import hashlib
import time
from typing import Any

import jwt
import structlog
from django.contrib import messages
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.errors import ProviderRefused
from apps.accounts.oidc.config import Provider, providers_by_client
from apps.accounts.oidc.identities import sign_out_note
from apps.accounts.oidc.sessions import end_by_provider
from apps.accounts.oidc.verification import LOGOUT_EVENT, MAX_TOKEN_BYTES, refuse, signed_claims

log = structlog.get_logger(__name__)

# Media types (section 2.4); providers of before it was set send none, or JWT.
TYPES = ("", "jwt", "logout+jwt", "application/logout+jwt")
# A token without `exp` is old after this, one with it at the latest then. As long its id is remembered.
MAX_AGE_S = 600
MAX_PROVIDERS = 20


@require_GET
@never_cache
def signed_out(request: HttpRequest) -> HttpResponse:
    """Where a provider sends the browser back to after signing out there. Signs nobody out itself."""
    if not request.user.is_authenticated:
        messages.success(request, _("You have signed out."))
    return redirect("account_login")


@csrf_exempt
@require_POST
@never_cache
def backchannel(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Back-Channel Logout 1.0, section 2.5 to 2.8. Answers 200, or 400 for a bad token."""
    token = request.POST.get("logout_token", "")
    try:
        provider, claims = _verify(token)
    except ProviderRefused as error:
        log.warning("accounts.logout_token_refused", reason=error.code)
        body = {"error": "invalid_request", "error_description": error.code}
        return JsonResponse(body, status=400, headers={"Cache-Control": "no-store"})
    subject, sid = claims.get("sub", ""), claims.get("sid", "")
    end_by_provider(provider.id, subject=subject, sid=sid)
    sign_out_note(provider=provider, subject=subject)
    return HttpResponse(status=200, headers={"Cache-Control": "no-store"})


def _verify(token: str) -> tuple[Provider, dict[str, Any]]:
    """The provider whose key verifies the token, and what it says. Raises ProviderRefused."""
    if not 0 < len(token) <= MAX_TOKEN_BYTES:
        raise refuse("token_malformed")
    try:
        # Only to know whose keys to take.
        said = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise refuse("token_malformed") from error
    issuer, audience = said.get("iss"), said.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not isinstance(issuer, str) or len(audiences) != 1 or not isinstance(audiences[0], str):
        raise refuse("audience_wrong")
    refusal: ProviderRefused = refuse("issuer_wrong")
    if "\0" in issuer or "\0" in audiences[0]:
        raise refusal
    for provider in providers_by_client(issuer, audiences[0])[:MAX_PROVIDERS]:
        try:
            claims = signed_claims(
                provider,
                token,
                audience=provider.client_id,
                types=TYPES,
                required=("iss", "aud", "iat", "jti", "events"),
            )
        except ProviderRefused as error:
            refusal = error
            continue
        _check(provider, claims)
        return provider, claims
    raise refusal


def _check(provider: Provider, claims: dict[str, Any]) -> None:
    """Section 2.6, steps 5 to 8. Raises ProviderRefused."""
    events = claims["events"]
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise refuse("event_missing")
    if "nonce" in claims:
        # It is an ID token.
        raise refuse("token_type_wrong")
    sid = claims.get("sid")
    if sid is not None and (not isinstance(sid, str) or not 0 < len(sid) <= 255):
        raise refuse("sid_wrong")
    if sid is None and not claims.get("sub"):
        raise refuse("subject_wrong")
    if not isinstance(claims["iat"], int | float) or claims["iat"] < time.time() - MAX_AGE_S:
        raise refuse("token_old")
    jti = claims["jti"]
    digest = hashlib.sha256(f"{provider.id} {jti}".encode()).hexdigest()
    if not jti or not caches["global"].add(f"oidc-logout-jti:{digest}", 1, 2 * MAX_AGE_S):
        raise refuse("token_replayed")
