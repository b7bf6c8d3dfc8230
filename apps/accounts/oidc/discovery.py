"""What a provider says of itself (OpenID Connect Discovery 1.0)."""

import json
from dataclasses import dataclass
from typing import Any

import structlog

from apps.accounts.enums import ClientAuthentication
from apps.accounts.errors import ProviderUnavailable
from apps.accounts.oidc.config import internal_hosts
from apps.common.outbound import Answer, OutboundError, Upstream, url_problem

log = structlog.get_logger(__name__)

WELL_KNOWN = "/.well-known/openid-configuration"
# What we take; which of the two is in a token's header is compared with the provider's row.
ALGORITHMS = ("RS256", "ES256")
TIMEOUT_S = 5.0
# The platform's own, and those of tenants. Each request holds a thread that others wait for.
PLATFORM = Upstream("oidc.platform", total_s=TIMEOUT_S, at_once=4, wait_s=1.0, is_trusted=True)
TENANTS = Upstream("oidc.tenants", total_s=TIMEOUT_S, at_once=2, wait_s=1.0)


@dataclass(frozen=True, slots=True)
class Discovered:
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    names_issuer: bool
    algorithms: tuple[str, ...]
    client_authentication: str


def discovery_url(given: str) -> str:
    """The document's address, also for those who give the issuer's."""
    given = given.strip()
    return given if given.endswith(WELL_KNOWN) else given.rstrip("/") + WELL_KNOWN


def discover(url: str, *, is_trusted: bool) -> Discovered:
    """Fetch and check the document; takes seconds, so never inside a transaction.

    Raises ProviderUnavailable, with a detail for who connects the provider.
    """
    document = fetch_json("GET", url, is_trusted=is_trusted)
    issuer = _text(document, "issuer")
    # Section 4.3. Compared as a whole: a provider cannot speak for another one.
    if url not in (issuer + WELL_KNOWN, issuer.rstrip("/") + WELL_KNOWN):
        raise _wrong("The document names another issuer than the address does.")
    found = {
        name: _endpoint(document, name, is_trusted=is_trusted, is_needed=is_needed)
        for name, is_needed in (
            ("authorization_endpoint", True),
            ("token_endpoint", True),
            ("jwks_uri", True),
            ("userinfo_endpoint", False),
            ("end_session_endpoint", False),
        )
    }
    offered = document.get("id_token_signing_alg_values_supported")
    algorithms = tuple(a for a in ALGORITHMS if a in _texts(offered))
    if not algorithms:
        raise _wrong("The provider signs with neither RS256 nor ES256.")
    methods = _texts(document.get("token_endpoint_auth_methods_supported"))
    by_post = "client_secret_post" in methods
    return Discovered(
        issuer=issuer,
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        algorithms=algorithms,
        client_authentication=ClientAuthentication.POST if by_post else ClientAuthentication.BASIC,
        **found,
    )


def require_keys(found: Discovered) -> None:
    """That a tenant's provider has keys at the address that it names. Raises ProviderUnavailable."""
    document = fetch_json("GET", found.jwks_uri, is_trusted=False)
    if not isinstance(document.get("keys"), list) or not document["keys"]:
        raise _wrong("The provider publishes no keys.")


def fetch_json(method: str, url: str, *, is_trusted: bool, **how: Any) -> dict[str, Any]:
    """A JSON object from a provider. Raises ProviderUnavailable for anything else."""
    answer = ask(method, url, is_trusted=is_trusted, **how)
    if answer.status != 200:
        raise _wrong(f"The provider answered with status {answer.status}.")
    return json_object(answer)


def ask(method: str, url: str, *, is_trusted: bool, **how: Any) -> Answer:
    """Raises ProviderUnavailable where there is no answer."""
    upstream = PLATFORM if is_trusted else TENANTS
    try:
        return upstream.request(method, url, internal_hosts=internal_hosts(), **how)
    except OutboundError as error:
        log.warning("accounts.provider_unreachable", code=error.code, url=url[:200])
        if error.code == "busy":
            raise _wrong("Many sign-ins are under way. Try again in a few seconds.") from error
        raise _wrong(error.detail) from error


def json_object(answer: Answer) -> dict[str, Any]:
    """The answer's object. Raises ProviderUnavailable."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise _wrong("The provider’s answer is not JSON.") from error
    if not isinstance(found, dict):
        raise _wrong("The provider’s answer is not a JSON object.")
    return found


def _endpoint(document: dict[str, Any], name: str, *, is_trusted: bool, is_needed: bool) -> str:
    if not is_needed and document.get(name) in (None, ""):
        return ""
    url = _text(document, name)
    problem = url_problem(url, internal_hosts(), is_trusted=is_trusted)
    if problem:
        raise _wrong(f"{name}: {problem}")
    return url


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 2000 or not value.isprintable():
        raise _wrong(f"The document has no usable {name}.")
    return value


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _wrong(detail: str) -> ProviderUnavailable:
    return ProviderUnavailable(detail)
