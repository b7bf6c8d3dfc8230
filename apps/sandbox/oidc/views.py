"""The protocol's endpoints: OpenID Connect Core, Discovery, RP-Initiated Logout 1.0, PKCE (RFC 7636)."""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from functools import wraps
from typing import Any
from urllib.parse import unquote, urlencode

import jwt
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.sandbox.oidc import logout, misbehaviour, state
from apps.sandbox.oidc.state import Client, Issuer, Someone

TOKEN_LIFETIME_S = 3600
SLOW_S, DRIPS = 20, 40


def base_url(request: HttpRequest, slug: str) -> str:
    """The issuer's identifier: where it is asked."""
    return request.build_absolute_uri(f"/sandbox/oidc/{slug}")


def _issuer(slug: str) -> Issuer:
    found = state.issuer(slug)
    if found is None:
        raise Http404
    return found


def endpoint(name: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """An endpoint that fails in the way its issuer is told to."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, slug: str) -> Any:
            found = _issuer(slug)
            for failure in misbehaviour.FAILURES:
                if f"{name}_{failure}" in found.misbehave:
                    return _fail(failure)
            return view(request, found)

        return answer

    return decorate


def _fail(failure: str) -> Any:
    if failure == "slow":
        time.sleep(SLOW_S)
    if failure == "drip":
        return StreamingHttpResponse(_drip(), content_type="application/json")
    bodies = {
        "500": HttpResponse("<h1>Oops</h1>", status=500),
        "404": HttpResponse("Not here", status=404),
        "oversize": HttpResponse(
            b'{"x": "' + b"x" * 3_000_000 + b'"}', content_type="application/json"
        ),
        "redirect": HttpResponse(
            status=302, headers={"Location": "http://169.254.169.254/latest/"}
        ),
        "html": HttpResponse("<!doctype html><title>Hello</title>"),
        "list": JsonResponse([1, 2], safe=False),
        "deep": HttpResponse(b"[" * 200_000, content_type="application/json"),
    }
    return bodies.get(failure, HttpResponse(b"", content_type="application/json"))


def _drip() -> Iterator[bytes]:
    for _ in range(DRIPS):
        yield b" "
        time.sleep(0.5)


@require_safe
@endpoint("discovery")
def discovery(request: HttpRequest, found: Issuer) -> HttpResponse:
    base = base_url(request, found.slug)
    wrong = found.misbehave
    return JsonResponse(
        {
            "issuer": "https://evil.example" if "discovery_other_issuer" in wrong else base,
            "authorization_endpoint": f"{base}/authorize/",
            "token_endpoint": f"{base}/token/",
            "userinfo_endpoint": f"{base}/userinfo/",
            "jwks_uri": "https://169.254.169.254/jwks"
            if "discovery_internal_jwks" in wrong
            else f"{base}/jwks/",
            "end_session_endpoint": f"{base}/end-session/",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "scopes_supported": ["openid", "email", "profile", "offline"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
        }
    )


@require_safe
@endpoint("jwks")
def jwks(_request: HttpRequest, found: Issuer) -> HttpResponse:
    return JsonResponse({"keys": [misbehaviour.public_jwk(k) for k in found.keys if k.published]})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: HttpRequest, slug: str) -> HttpResponse:
    """The page that asks who one is; POST (from it) answers the client with a code, or a refusal.

    A `misbehave` in query or form: names of misbehaviours, for this sign-in only.
    """
    found = _issuer(slug)
    asked = request.GET if request.method != "POST" else request.POST
    client = found.client(asked.get("client_id", ""))
    redirect_uri = asked.get("redirect_uri", "")
    if client is None or redirect_uri not in client.redirect_uris:
        return HttpResponse(
            "Unknown client_id, or a redirect_uri that is not registered.", status=400
        )
    problem = _problem(asked)
    back = {"state": asked.get("state", ""), "iss": base_url(request, slug)}
    if problem:
        return redirect(f"{redirect_uri}?{urlencode({**back, 'error': problem})}")
    if request.method != "POST":
        context = {
            "issuer": found,
            "asked": [(k, v) for k, v in asked.items() if k != "misbehave"],
            "choices": sorted(
                {*misbehaviour.CLAIMS, *misbehaviour.SIGNATURES, *misbehaviour.OTHERS}
            ),
            "misbehave": asked.get("misbehave", ""),
        }
        return render(request, "sandbox/oidc/authorize.html", context)
    wrong = [one for one in asked.get("misbehave", "").split() if one in misbehaviour.ALL]
    if "wrong_iss_parameter" in (*wrong, *found.misbehave):
        back["iss"] = "https://evil.example"
    person = found.person(asked.get("sub", ""))
    if person is None:
        refusal = {"error": "access_denied", "error_description": "The person said no."}
        return redirect(f"{redirect_uri}?{urlencode({**back, **refusal})}")
    sid = secrets.token_hex(16)
    state.store(
        "session", sid, {"sub": person.sub, "client_id": client.client_id}, state.SESSION_LIFETIME_S
    )
    grant = {
        "slug": slug,
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "code_challenge": asked["code_challenge"],
        "nonce": asked.get("nonce", ""),
        "sub": person.sub,
        "sid": sid,
        "misbehave": wrong,
        "used": False,
    }
    code = state.put("code", grant, state.CODE_LIFETIME_S)
    return redirect(f"{redirect_uri}?{urlencode({**back, 'code': code})}")


def _problem(asked: Any) -> str:
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in asked.get("scope", "").split():
        return "invalid_scope"
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        return "invalid_request"
    return ""


@csrf_exempt
@require_POST
@endpoint("token")
def token(request: HttpRequest, found: Issuer) -> HttpResponse:
    client = _client(request, found)
    if client is None:
        return _oauth_error("invalid_client", 401)
    if request.POST.get("grant_type") != "authorization_code":
        return _oauth_error("unsupported_grant_type")
    code = request.POST.get("code", "")
    grant = state.get("code", code) or {}
    wrong = {*grant.get("misbehave", ()), *found.misbehave}
    proof = hashlib.sha256(request.POST.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
    is_good = (
        grant.get("slug") == found.slug
        and grant["client_id"] == client.client_id
        and grant["redirect_uri"] == request.POST.get("redirect_uri")
        and constant_time_compare(grant["code_challenge"], challenge)
        and (not grant["used"] or "replays_codes" in wrong)
    )
    if not is_good or "token_invalid_grant" in wrong:
        return _oauth_error("invalid_grant")
    state.store("code", code, {**grant, "used": True}, state.CODE_LIFETIME_S)
    person = found.person(grant["sub"])
    if person is None:
        return _oauth_error("invalid_grant")
    base = base_url(request, found.slug)
    body = _tokens(base, found, client, grant, person, wrong)
    return JsonResponse(body, headers={"Cache-Control": "no-store"})


def _tokens(  # noqa: PLR0917 - all of it goes into the tokens
    base: str,
    found: Issuer,
    client: Client,
    grant: dict[str, Any],
    person: Someone,
    wrong: Collection[str],
) -> dict[str, Any]:
    access = access_token(base, found, client, person)
    claims = {
        **_times(),
        "iss": base,
        "aud": client.client_id,
        "azp": client.client_id,
        "nonce": grant["nonce"],
        "auth_time": int(time.time()),
        "sid": grant["sid"],
        **about(person),
    }
    if "userinfo_needed" in wrong:
        claims = {k: v for k, v in claims.items() if not k.startswith("email")}
    id_token = misbehaviour.id_token(found, claims, wrong, client.client_secret)
    body = {
        "access_token": access,
        "id_token": access if "access_token" in wrong else id_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME_S,
        "scope": "openid email profile",
    }
    return {k: v for k, v in body.items() if v is not None}


def access_token(base: str, found: Issuer, client: Client, person: Someone, **changes: Any) -> str:
    """As Kinde's: a JWT with the organization and what one may do there. changes: other claims."""
    claims = {
        **_times(),
        "iss": base,
        "sub": person.sub,
        "aud": client.audience,
        "azp": client.client_id,
        "scp": ["openid", "email", "profile"],
        **_organization(person),
        **changes,
    }
    return misbehaviour.sign(found.signing_key, {k: v for k, v in claims.items() if v is not None})


def about(person: Someone) -> dict[str, Any]:
    given, _, family = person.name.partition(" ")
    return {
        "sub": person.sub,
        "email": person.email,
        "email_verified": person.email_verified,
        "name": person.name,
        "given_name": given,
        "family_name": family,
        "groups": person.groups,
        "roles": [{"id": f"role-{one}", "key": one, "name": one.title()} for one in person.groups],
        **_organization(person),
    }


def _organization(person: Someone) -> dict[str, Any]:
    if not person.org_code:
        return {}
    return {
        "org_code": person.org_code,
        "org_name": person.org_name,
        "org_codes": [person.org_code],
        "permissions": person.permissions,
    }


def _times() -> dict[str, Any]:
    now = int(time.time())
    return {"iat": now, "exp": now + TOKEN_LIFETIME_S, "jti": secrets.token_hex(16)}


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@endpoint("userinfo")
def userinfo(request: HttpRequest, found: Issuer) -> HttpResponse:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    claims = _own(found, sent) if scheme.lower() == "bearer" else None
    person = found.person(claims["sub"]) if claims else None
    if person is None:
        return JsonResponse({"error": "invalid_token"}, status=401)
    told = about(person)
    if "userinfo_other_sub" in found.misbehave:
        told |= {"sub": "somebody-else", "email": "alice@acme.test"}
    return JsonResponse(told)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def end_session(request: HttpRequest, slug: str) -> HttpResponse:
    """RP-Initiated Logout 1.0: ends the session, tells its clients, leads back where that is registered."""
    found = _issuer(slug)
    asked = request.GET if request.method != "POST" else request.POST
    claims = _own(found, asked.get("id_token_hint", "")) or {}
    client = found.client(claims.get("aud", "") or asked.get("client_id", ""))
    if claims.get("sid"):
        logout.send(found, base_url(request, slug), sid=claims["sid"], sub=claims["sub"])
    target = asked.get("post_logout_redirect_uri", "")
    if client is not None and target in client.post_logout_redirect_uris:
        return redirect(f"{target}?{urlencode({'state': asked.get('state', '')})}")
    return render(request, "sandbox/oidc/signed_out.html", {"issuer": found})


def _client(request: HttpRequest, found: Issuer) -> Client | None:
    """By client_secret_basic (RFC 6749, section 2.3.1) or client_secret_post."""
    client_id, secret = request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, value = base64.b64decode(sent, validate=True).decode().partition(":")
        except ValueError:
            return None
        client_id, secret = unquote(name), unquote(value)
    client = found.client(client_id)
    return client if client and constant_time_compare(client.client_secret, secret) else None


def _own(found: Issuer, sent: str) -> dict[str, Any] | None:
    """The claims of a token that this issuer signed, expired or not."""
    keys = {key.kid: key for key in found.keys}
    try:
        key = keys[jwt.get_unverified_header(sent)["kid"]]
        jwk = jwt.PyJWK(misbehaviour.public_jwk(key))
        options: Any = {"verify_aud": False, "verify_exp": False}
        return jwt.decode(sent, jwk, algorithms=[key.alg], options=options)
    except (jwt.PyJWTError, KeyError):
        return None


def _oauth_error(code: str, status: int = 400) -> HttpResponse:
    return JsonResponse({"error": code}, status=status, headers={"Cache-Control": "no-store"})
