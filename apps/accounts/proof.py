"""The proof of a session: on the public host allauth records it, a tenant's has what its ticket brought."""

import time
from collections.abc import Iterable
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.contrib.sessions.backends.base import SessionBase

from apps.accounts.handoff import HOST_KEY, PUBLIC_HOST
from apps.accounts.impersonation import current_impersonation
from apps.accounts.methods import TYPE_OF_METHOD, methods_of_records
from apps.common.proofs import Proof

METHODS_KEY = "sign_in_methods"
AT_KEY = "sign_in_proved_at"


def proof_of(request: Any) -> Proof:
    """Of the API sign-in or the session that the request is authenticated by. No statement."""
    found: Proof | None = getattr(request, "proof", None)
    return found if found is not None else session_proof(request)


def session_proof(request: Any) -> Proof:
    """Of the session that the request's person is signed in by."""
    session = request.session
    if session.get(HOST_KEY) != PUBLIC_HOST:
        acting = current_impersonation(session)
        return Proof(
            frozenset(session.get(METHODS_KEY, ())),
            session.get(AT_KEY, 0.0),
            acting.impersonator if acting else None,
        )
    records = get_authentication_records(request, request.user)
    return Proof(
        methods_of_records(records), max((record.get("at", 0.0) for record in records), default=0.0)
    )


def session_prove(request: Any, methods: Iterable[str]) -> None:
    """Note in the session what its person has just proved."""
    session = request.session
    if session.get(HOST_KEY) != PUBLIC_HOST:
        bind_proof(session, {*session_proof(request).methods, *methods}, time.time())
        return
    for method in methods:
        kind = TYPE_OF_METHOD.get(method)
        if kind:
            record_authentication(request, request.user, "mfa", type=kind, reauthenticated=True)
        else:
            record_authentication(request, request.user, method, reauthenticated=True)


def bind_proof(session: SessionBase, methods: Iterable[str], proved_at: float) -> None:
    """Keep in a tenant's session what the public one knew."""
    session[METHODS_KEY] = sorted(methods)
    session[AT_KEY] = proved_at
