"""Carrying a sign-in from the public host to a tenant's: a one-time ticket, bound to browser and host.

The tenant's host sets a random state in a cookie and sends the browser to the public host, which
knows the person; that answers with a ticket for this person, tenant and state. A ticket that
somebody else obtained is useless, for the browser that presents it lacks the state (no login CSRF);
so is one that was seen, for it is good once, for a minute.
"""

import hashlib
import re
import secrets
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from apps.accounts.redirects import safe_path
from apps.common.cookies import cookie_set, host_cookie
from apps.common.proofs import Proof
from apps.tenants.models import Tenant

TICKET_LIFETIME_S = 60
PERMIT_LIFETIME_S = 600
STATE_LIFETIME_S = 600
STATE = re.compile(r"[A-Za-z0-9_-]{43}")
# Keys in a session: which site it belongs to, the tenant's id or PUBLIC_HOST; and on which of the tenant's
# hosts it began.
HOST_KEY = "host_tenant"
NAME_KEY = "host_name"
PUBLIC_HOST = "public"


@dataclass(frozen=True, slots=True)
class Ticket:
    """state_hash: of the state that the browser must have. path: where to go afterwards.

    session_id: the public session that it came from, and that the new one ends with.
    host: where it is good. Whoever controls the name of a customer's domain could get at its tickets, and
    must not use them elsewhere.
    """

    person_id: str
    session_id: str
    tenant_id: str
    state_hash: str
    path: str
    host: str = ""
    # How and when the person proved who they are, for the tenant's session.
    methods: tuple[str, ...] = ()
    proved_at: float = 0.0
    # What the tenant's session remembers of the tenant's own identity provider, if they came by it.
    provider: dict[str, Any] | None = None
    # Who of the staff acts for the person (`impersonation`); the public session and the proof are theirs.
    impersonation: dict[str, str] | None = None


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def state_cookie_name() -> str:
    return host_cookie("sign-in")


def state_of(request: HttpRequest) -> str | None:
    """The state that this browser has, if it has a well-formed one."""
    state = request.COOKIES.get(state_cookie_name(), "")
    return state if STATE.fullmatch(state) else None


def new_state() -> str:
    return secrets.token_urlsafe(32)


def set_state(response: HttpResponse, state: str) -> None:
    cookie_set(response, state_cookie_name(), state, max_age_s=STATE_LIFETIME_S)


def issue(
    *,
    person_id: uuid.UUID,
    session_id: uuid.UUID | None,
    tenant: Tenant,
    host: str,
    state: str,
    path: str,
    proof: Proof,
    provider: dict[str, Any] | None = None,
    impersonation: dict[str, str] | None = None,
) -> str:
    """A ticket for a person whose membership and proof the caller has checked.

    session_id: the public session; None for who comes by the tenant's own provider, without one.
    """
    ticket = Ticket(
        person_id=str(person_id),
        session_id=str(session_id) if session_id else "",
        tenant_id=str(tenant.id),
        state_hash=_digest(state),
        path=safe_path(path),
        host=host,
        methods=tuple(sorted(proof.methods)),
        proved_at=proof.proved_at,
        provider=provider,
        impersonation=impersonation,
    )
    return _store("handoff", asdict(ticket))


def redeem(token: str, *, tenant: Tenant, host: str, state: str) -> Ticket | None:
    """The ticket, the first time; None when it is unknown, used, expired, or meant for others."""
    data = _take("handoff", token)
    if data is None:
        return None
    ticket = Ticket(**data)
    if ticket.tenant_id != str(tenant.id) or ticket.host != host:
        return None
    return ticket if constant_time_compare(ticket.state_hash, _digest(state)) else None


def issue_sign_out(person_id: uuid.UUID, onward: str = "") -> str:
    """Proof for the public host that this person signed out on a tenant's.

    onward: address at the identity provider where they sign out afterwards.
    """
    return _store("sign-out", {"person_id": str(person_id), "onward": onward})


def redeem_sign_out(token: str) -> tuple[uuid.UUID, str] | None:
    data = _take("sign-out", token)
    return (uuid.UUID(data["person_id"]), data["onward"]) if data else None


def issue_test(data: dict[str, str]) -> str:
    """For the test of an identity provider, which begins on the tenant's host and goes on elsewhere."""
    return _store("oidc-test", data)


def redeem_test(token: str) -> dict[str, Any] | None:
    return _take("oidc-test", token)


def issue_permit(data: dict[str, Any]) -> str:
    """For staff who are to act for a member."""
    return _store("permit", data, PERMIT_LIFETIME_S)


def read_permit(token: str) -> dict[str, Any] | None:
    """It stays: staff may have to prove a second factor on the way."""
    data: dict[str, Any] | None = caches["global"].get(f"permit:{_digest(token)}")
    return data


def take_permit(token: str) -> bool:
    """True once."""
    return _take("permit", token) is not None


def bind_session(session: SessionBase, tenant: Tenant | None, host: str = "") -> None:
    """Mark which site a session belongs to, and the tenant's host; it is refused on every other."""
    session[HOST_KEY] = str(tenant.id) if tenant else PUBLIC_HOST
    if tenant:
        session[NAME_KEY] = host


def session_fits(session: SessionBase, tenant: Tenant | None, host: str) -> bool:
    """Whether a session belongs to this host. tenant: None on the public host."""
    if session.get(HOST_KEY) != (str(tenant.id) if tenant else PUBLIC_HOST):
        return False
    return tenant is None or session.get(NAME_KEY) == host


def _store(kind: str, data: dict[str, Any], lifetime_s: int = TICKET_LIFETIME_S) -> str:
    token = secrets.token_urlsafe(32)
    caches["global"].set(f"{kind}:{_digest(token)}", data, lifetime_s)
    return token


def _take(kind: str, token: str) -> dict[str, Any] | None:
    """Read and delete. Of any number at once, one sees its DEL remove the key and wins."""
    cache, key = caches["global"], f"{kind}:{_digest(token)}"
    data: dict[str, Any] | None = cache.get(key)
    return data if data is not None and cache.delete(key) else None
