"""What the stand-ins for Google and GitHub share: people to choose from, and codes that are good once.

RFC 6749 (OAuth 2.0), section 4.1; RFC 7636 (PKCE).
"""

import base64
import hashlib
import secrets
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.urls import reverse

CODE_S = 60
TOKEN_S = 3600


@dataclass(frozen=True, slots=True)
class SocialPerson:
    """Somebody with an account there. login: GitHub's user name."""

    uid: str
    name: str
    email: str
    login: str
    is_verified: bool = True
    note: str = ""


PEOPLE = (
    SocialPerson("1001", "Dana Demo", "dana@social.test", "dana-demo", note="New here"),
    SocialPerson(
        "1002", "Alice Archer", "alice@acme.test", "alice-archer", note="Her address has an account"
    ),
    SocialPerson(
        "1003", "Erin Early", "erin@social.test", "erin-early", False, "Address not verified"
    ),
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """A request of a client for somebody's consent, checked."""

    provider: str
    client_id: str
    redirect_uri: str
    state: str
    code_challenge: str
    scope: str


class RefusedError(Exception):
    """A request that the provider answers with an error of its own. code: RFC 6749's word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def client_of(provider: str) -> dict[str, Any]:
    """The client that the settings name; an empty one when there is none."""
    configured = settings.SOCIALACCOUNT_PROVIDERS.get(provider, {"APPS": [{}]})
    return dict(configured["APPS"][0])


def authorization_of(request: HttpRequest, provider: str) -> Authorization:
    """Raises RefusedError; such a request is never sent back to where it says it came from."""
    query = request.GET
    found = Authorization(
        provider,
        query.get("client_id", ""),
        query.get("redirect_uri", ""),
        query.get("state", ""),
        query.get("code_challenge", ""),
        query.get("scope", ""),
    )
    if not found.client_id or found.client_id != client_of(provider).get("client_id"):
        raise RefusedError("invalid_client")
    path = reverse(f"{provider}_callback", urlconf=settings.PUBLIC_URLCONF)
    if urlsplit(found.redirect_uri).path != path:
        raise RefusedError("redirect_uri_mismatch")
    if query.get("response_type", "code") != "code":
        raise RefusedError("unsupported_response_type")
    if found.code_challenge and query.get("code_challenge_method") != "S256":
        raise RefusedError("invalid_request")
    return found


def person_of(uid: str) -> SocialPerson:
    found = next((person for person in PEOPLE if person.uid == uid), None)
    if found is None:
        raise RefusedError("access_denied")
    return found


def granted_url(authorization: Authorization, person: SocialPerson) -> str:
    """Back to the client, with a code."""
    code = _keep("code", {"uid": person.uid, **asdict(authorization)}, CODE_S)
    return _back(authorization, {"code": code})


def denied_url(authorization: Authorization) -> str:
    return _back(authorization, {"error": "access_denied"})


def token_for(request: HttpRequest, provider: str) -> tuple[str, SocialPerson, dict[str, Any]]:
    """Trade a code, once: an access token, whose it is, and what was asked for. Raises RefusedError."""
    sent, client = request.POST, client_of(provider)
    if (sent.get("client_id"), sent.get("client_secret")) != (
        client.get("client_id"),
        client.get("secret"),
    ):
        raise RefusedError("invalid_client")
    granted = _take("code", sent.get("code", ""))
    if granted is None or granted["provider"] != provider:
        raise RefusedError("invalid_grant")
    if granted["redirect_uri"] != sent.get("redirect_uri"):
        raise RefusedError("redirect_uri_mismatch")
    if granted["code_challenge"] != _challenge(sent.get("code_verifier", "")):
        raise RefusedError("invalid_grant")
    person = person_of(granted["uid"])
    return _keep("token", {"uid": person.uid}, TOKEN_S), person, granted


def bearer_of(request: HttpRequest) -> SocialPerson:
    """Whose access token a request carries. Raises RefusedError."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    found = (
        caches["global"].get(_key("token", token))
        if scheme.lower() in ("bearer", "token")
        else None
    )
    if found is None:
        raise RefusedError("invalid_token")
    return person_of(found["uid"])


def _back(authorization: Authorization, answer: dict[str, str]) -> str:
    query = urlencode({**answer, "state": authorization.state})
    return f"{authorization.redirect_uri}?{query}"


def _challenge(verifier: str) -> str:
    if not verifier:
        return ""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _key(kind: str, secret: str) -> str:
    return f"sandbox-social:{kind}:{hashlib.sha256(secret.encode()).hexdigest()}"


def _keep(kind: str, data: dict[str, Any], seconds: int) -> str:
    secret = secrets.token_urlsafe(24)
    caches["global"].set(_key(kind, secret), data, seconds)
    return secret


def _take(kind: str, secret: str) -> dict[str, Any] | None:
    key = _key(kind, secret)
    data: dict[str, Any] | None = caches["global"].get(key)
    return data if data is not None and caches["global"].delete(key) else None
