"""The protocol's steps, by mozilla-django-oidc, for one provider: asking, and trading the code for claims.

What differs from the library: settings come from the provider and not from Django's, the redirect URI from
PUBLIC_URL and not from the Host header, requests go out by `common.outbound`, tokens are checked by
`verification`, and nobody is looked up here.
"""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.views import OIDCAuthenticationRequestView

from apps.accounts.enums import ClientAuthentication
from apps.accounts.errors import ProviderRefused
from apps.accounts.managers import normalize_email
from apps.accounts.oidc.config import Provider, redirect_uri
from apps.accounts.oidc.discovery import ask, fetch_json, json_object
from apps.accounts.oidc.verification import LEEWAY_S, id_token_verify, refuse, signed_claims

MAX_GROUPS, GROUP_MAX_LENGTH, NAME_MAX_LENGTH = 200, 120, 150
ORG_CODE_MAX_LENGTH = 120


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a provider says of who signed in; verified. email: lower case, and verified by the provider.

    sid: the session there, which may end by back-channel. id_token: for signing out there. proved_at: when
    they last showed the provider who they are, in seconds since 1970; 0: it does not say.
    """

    issuer: str
    subject: str
    email: str
    name: str
    groups: tuple[str, ...]
    org_code: str
    sid: str
    id_token: str
    proved_at: float


class _Settings:
    """Mixin: answers the library's questions for settings."""

    provider: Provider

    def get_settings(self, attr: str, *args: Any) -> Any:
        provider = self.provider
        known = {
            "OIDC_OP_AUTHORIZATION_ENDPOINT": provider.authorization_endpoint,
            "OIDC_OP_TOKEN_ENDPOINT": provider.token_endpoint,
            "OIDC_OP_USER_ENDPOINT": provider.userinfo_endpoint,
            "OIDC_OP_JWKS_ENDPOINT": provider.jwks_uri,
            "OIDC_RP_CLIENT_ID": provider.client_id,
            "OIDC_RP_CLIENT_SECRET": provider.client_secret,
            "OIDC_RP_SCOPES": provider.scopes,
            "OIDC_RP_SIGN_ALGO": provider.algorithms[0],
            "OIDC_USE_PKCE": True,
            "OIDC_USE_NONCE": True,
            "OIDC_AUTHENTICATION_CALLBACK_URL": "oidc_callback",
            # No `next`: where to go is kept by us, after a look at it.
            "OIDC_REDIRECT_FIELD_NAME": "",
        }
        return known.get(attr, args[0] if args else None)


class _Request(_Settings, OIDCAuthenticationRequestView):
    def __init__(self, provider: Provider, *, is_fresh: bool) -> None:
        self.provider, self.is_fresh = provider, is_fresh
        super().__init__()

    def get_extra_params(self, request: HttpRequest) -> dict[str, str]:
        # Section 3.1.2.1: with max_age, the ID token has to say when they proved it (auth_time).
        fresh = {"prompt": "login", "max_age": "0"} if self.is_fresh else {}
        return {"redirect_uri": redirect_uri(), **fresh}


def authorization_url(
    request: HttpRequest, provider: Provider, *, is_fresh: bool = False
) -> tuple[str, str]:
    """Where to send the browser, and the state, which the session now knows with nonce and verifier.

    is_fresh: people are to prove there who they are, also if they are signed in there.
    """
    url = str(_Request(provider, is_fresh=is_fresh).get(request)["Location"])
    request.session.pop("oidc_login_next", None)
    given = urlsplit(provider.authorization_endpoint)
    if given.query:
        # The library joins by a question mark.
        url = url.replace(f"{given.query}?", f"{given.query}&", 1)
    return url, parse_qs(urlsplit(url).query)["state"][0]


class _Exchange(_Settings, OIDCAuthenticationBackend):
    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        super().__init__()

    def get_token(self, payload: dict[str, str]) -> dict[str, Any]:
        data = {**payload, "redirect_uri": redirect_uri()}
        auth = None
        if self.provider.client_authentication == ClientAuthentication.BASIC:
            # RFC 6749, section 2.3.1.
            auth = (quote(data["client_id"], safe=""), quote(data.pop("client_secret"), safe=""))
        answer = ask(
            "POST",
            self.provider.token_endpoint,
            data=data,
            auth=auth,
            is_trusted=self.provider.is_trusted,
        )
        if answer.status in (400, 401):
            raise refuse("code_refused")
        if answer.status != 200:
            raise refuse(
                "provider_unavailable", f"The provider answered with status {answer.status}."
            )
        return json_object(answer)

    def verify_token(self, token: Any, **kwargs: Any) -> dict[str, Any]:
        return id_token_verify(self.provider, token, nonce=kwargs.get("nonce") or "")

    def get_userinfo(self, access_token: Any, id_token: Any, payload: Any) -> dict[str, Any]:
        """Section 5.3.2: what is said of another subject is not to be used."""
        if not isinstance(access_token, str) or not access_token.isprintable():
            raise refuse("token_malformed")
        found = fetch_json(
            "GET",
            self.provider.userinfo_endpoint,
            headers={"Authorization": f"Bearer {access_token}"},
            is_trusted=self.provider.is_trusted,
        )
        if found.get("sub") != payload["sub"]:
            raise refuse("subject_wrong")
        return found

    def get_or_create_user(self, access_token: Any, id_token: Any, payload: Any) -> SignedIn:
        """Not a person: what is known of them."""
        claims = dict(payload)
        if "email" not in claims and self.provider.userinfo_endpoint:
            claims = {**self.get_userinfo(access_token, id_token, payload), **claims}
        return SignedIn(
            issuer=payload["iss"],
            subject=payload["sub"],
            email=_email(claims),
            name=_name(claims),
            groups=_groups(claims.get(self.provider.groups_claim)),
            org_code=self._org_code(claims, access_token),
            sid=_text(payload.get("sid")),
            id_token=id_token,
            proved_at=moment(payload.get("auth_time")),
        )

    def _org_code(self, claims: dict[str, Any], access_token: Any) -> str:
        """Kinde's, which says it in the access token, too: a JWT that it signed for this client."""
        if "org_code" in claims or self.provider.tenant_id is not None:
            return _text(claims.get("org_code"), ORG_CODE_MAX_LENGTH)
        try:
            said = signed_claims(
                self.provider, access_token, audience=None, required=("iss", "sub", "exp")
            )
        except ProviderRefused:
            # Access tokens need not be JWTs, nor for us to read.
            return ""
        if said["sub"] != claims["sub"] or said.get("azp") != self.provider.client_id:
            return ""
        return _text(said.get("org_code"), ORG_CODE_MAX_LENGTH)


def exchange(
    request: HttpRequest, provider: Provider, *, nonce: str, code_verifier: str
) -> SignedIn:
    """Trade the code of the request for who signed in. Up to some seconds: never inside a transaction.

    Raises ProviderRefused, ProviderUnavailable.
    """
    found: SignedIn | None = _Exchange(provider).authenticate(
        request, nonce=nonce, code_verifier=code_verifier
    )
    if found is None:
        raise refuse("code_missing")
    return found


def _email(claims: dict[str, Any]) -> str:
    email = claims.get("email")
    if not isinstance(email, str) or len(email) > 254 or not email.isprintable():
        raise refuse("email_missing", "The identity provider did not say your e-mail address.")
    email = normalize_email(email)
    try:
        validate_email(email)
    except ValidationError as error:
        raise refuse(
            "email_missing", "The identity provider did not say your e-mail address."
        ) from error
    if claims.get("email_verified") is not True:
        raise refuse(
            "email_unverified",
            "The identity provider has not verified your e-mail address. Verify it there, then try again.",
        )
    return email


def _name(claims: dict[str, Any]) -> str:
    parts = [_text(claims.get(part)) for part in ("given_name", "family_name")]
    name = _text(claims.get("name")) or " ".join(filter(None, parts))
    return " ".join(name.split())[:NAME_MAX_LENGTH]


def _groups(value: Any) -> tuple[str, ...]:
    """Names; of objects, as Kinde's roles are, their key or name."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return ()
    names = []
    for one in value[:MAX_GROUPS]:
        name = one.get("key") or one.get("name") if isinstance(one, dict) else one
        if _text(name, GROUP_MAX_LENGTH):
            names.append(str(name))
    return tuple(dict.fromkeys(names))


def moment(value: Any) -> float:
    """Seconds since 1970, not in the future; 0 for anything else."""
    is_time = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_time and 0 < value <= time.time() + LEEWAY_S else 0.0


def _text(value: Any, max_length: int = 255) -> str:
    """The text, if it is a short printable one; else empty."""
    is_text = isinstance(value, str) and len(value) <= max_length and value.isprintable()
    return value if is_text else ""
