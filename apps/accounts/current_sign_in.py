"""With which sign-in a request was made."""

import uuid
from typing import Any

from apps.accounts.browser_sessions import current_browser_session
from apps.accounts.tokens import AccessClaims


def current_sign_in_id(request: Any, auth: Any = None) -> uuid.UUID | None:
    """The id of the browser's session, or of the API sign-in; one that `live_sign_ins` knows.

    auth: what authenticated a request of the API. None for a token of another provider, and for no session.
    One statement for a session.
    """
    if auth is not None:
        return auth.session_id if isinstance(auth, AccessClaims) else None
    row = current_browser_session(request.session)
    return row.id if row else None
