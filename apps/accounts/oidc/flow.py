"""What a browser was sent to a provider for, from when it leaves until it comes back.

It is in the session of the public host under the state (mozilla-django-oidc's `oidc_states`), together with
nonce and code verifier; so another browser's callback finds nothing, and each is good once.
"""

import time
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Literal

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from apps.accounts.oidc.client import authorization_url
from apps.accounts.oidc.config import Provider, provider_by_id
from apps.accounts.oidc.verification import LEEWAY_S, refuse
from apps.accounts.redirects import leave_for
from apps.common.ids import parse_uuid

STATES, NOTE = "oidc_states", "wrapper"
LIFETIME_S = 600
STATE_MAX_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Errand:
    """intent: sign_in and link at the platform's provider; enter and test at a tenant's.

    fresh_since: they have to prove there who they are, after this moment (seconds since 1970); 0: no.

    path: where to go afterwards. state, host: of the hand-off to the tenant. person_id: who tests or links.
    """

    intent: Literal["sign_in", "link", "enter", "test"]
    provider_id: str
    path: str = ""
    state: str = ""
    host: str = ""
    person_id: str = ""
    fresh_since: float = 0.0


@dataclass(frozen=True, slots=True)
class Returned:
    provider: Provider
    errand: Errand
    nonce: str
    code_verifier: str


def leave(request: HttpRequest, provider: Provider, errand: Errand) -> HttpResponse:
    """Send the browser to the provider."""
    url, state = authorization_url(request, provider, is_fresh=errand.fresh_since > 0)
    request.session[STATES][state][NOTE] = asdict(errand)
    request.session.modified = True
    response = leave_for(url)
    response["Referrer-Policy"] = "no-referrer"
    return response


def come_back(request: HttpRequest) -> Returned:
    """What this browser was sent for. The state is looked at first, and is used up whatever follows.

    Raises ProviderRefused.
    """
    state = request.GET.get("state", "")
    states: dict[str, Any] = request.session.get(STATES) or {}
    entry = states.pop(state, None) if 0 < len(state) <= STATE_MAX_LENGTH else None
    if entry is None or NOTE not in entry:
        raise refuse(
            "state_unknown", "This sign-in was not begun in this browser, or is used already."
        )
    request.session.modified = True
    request.session.save()
    # Two callbacks at once have both read the session.
    name = f"oidc-state:{sha256(state.encode()).hexdigest()}"
    is_first = caches["global"].add(name, 1, LIFETIME_S + 60)
    if not is_first or time.time() - entry["added_on"] > LIFETIME_S:
        raise refuse(
            "state_unknown", "This sign-in has taken too long, or is used already. Begin again."
        )
    errand = Errand(**entry[NOTE])
    provider_id = parse_uuid(errand.provider_id)
    provider = provider_by_id(provider_id) if provider_id else None
    if provider is None:
        raise refuse("provider_gone", "This identity provider is no longer connected.")
    return Returned(provider, errand, entry["nonce"], entry["code_verifier"])


def check_fresh(errand: Errand, proved_at: float) -> None:
    """Raises ProviderRefused where the provider let an old sign-in do."""
    if errand.fresh_since and proved_at < errand.fresh_since - LEEWAY_S:
        raise refuse(
            "proof_old",
            "The identity provider has not asked you to prove who you are. Sign out there, and try again.",
        )


def check_answer(request: HttpRequest, provider: Provider) -> None:
    """Before the code is used: is it an answer of this provider, and no refusal? Raises ProviderRefused."""
    issuer = request.GET.get("iss")
    if (issuer is None and provider.names_issuer) or (
        issuer is not None and not constant_time_compare(issuer, provider.issuer)
    ):
        # RFC 9207: the answer is of another provider, which must not get its code sent elsewhere.
        raise refuse("issuer_wrong")
    error = request.GET.get("error")
    if error == "access_denied":
        raise refuse(
            "access_denied", "The identity provider says that you have not agreed to sign in."
        )
    if error is not None:
        raise refuse("provider_error", "The identity provider could not sign you in. Try again.")
    code = request.GET.get("code", "")
    if not 0 < len(code) <= 4000:
        raise refuse("code_missing")
