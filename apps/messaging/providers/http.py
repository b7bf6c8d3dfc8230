"""What providers that are asked by HTTP have in common: time limits, and whose fault an answer says it is."""

import json
from collections.abc import Mapping
from typing import Any

from anymail.backends.base_requests import AnymailRequestsBackend
from anymail.exceptions import AnymailAPIError, AnymailError
from django.core.mail import EmailMessage

from apps.common.outbound import Answer, OutboundError, Upstream
from apps.common.outbound import retry_after_s as seconds_of
from apps.messaging.errors import Busy, CannotTell, Refused, Unavailable

CONNECT_S, TOTAL_S = 3.0, 15.0
RETRY_AFTER_S, MAX_RETRY_AFTER_S, BUSY_S = 30.0, 3600.0, 2.0
DETAIL_CHARS = 500
# Of the key, the account, the domain, the limit: the same with every message. Other 4xx are this message's.
NOT_OF_THE_MESSAGE = frozenset({401, 402, 403, 404, 405, 407, 408, 429})


def is_unavailable(status: int) -> bool:
    """Whether an answer says that the provider, not the message, is the problem."""
    return status >= 500 or status in NOT_OF_THE_MESSAGE


def retry_after_s(text: str) -> float:
    """Of a header Retry-After."""
    return seconds_of(text, RETRY_AFTER_S, MAX_RETRY_AFTER_S)


def provider_upstream(name: str, total_s: float = TOTAL_S) -> Upstream:
    """Of a provider whose address an operator named. It is asked once: who calls knows whether again.

    Without a breaker of its own, since the adapters have one, which knows whose fault an answer says it is.
    """
    return Upstream(
        name, total_s=total_s, connect_s=CONNECT_S, at_once=8, is_trusted=True, needs_tls=False
    )


def anymail_send(
    upstream: Upstream, backend: AnymailRequestsBackend, message: EmailMessage
) -> None:
    """Raises Refused, Unavailable."""
    with upstream.session() as session:
        backend.session = session
        try:
            backend.send_messages([message])
        except AnymailAPIError as error:
            raise _meaning(error) from error
        except AnymailError as error:
            raise Refused(str(error)[:DETAIL_CHARS]) from error


def _meaning(error: AnymailAPIError) -> Refused | Unavailable:
    """Without a status nobody answered. A success that cannot be read is no success."""
    detail, response = str(error)[:DETAIL_CHARS], error.response
    if response is None:
        return Unavailable(detail, RETRY_AFTER_S)
    if response.status_code < 400 or is_unavailable(response.status_code):
        return Unavailable(detail, retry_after_s(response.headers.get("Retry-After", "")))
    return Refused(detail)


def ask(
    upstream: Upstream,
    method: str,
    url: str,
    *,
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | bytes | None = None,
) -> Answer:
    """One request to a provider. Raises Unavailable."""
    try:
        return upstream.request(method, url, auth=auth, headers=headers, data=data)
    except OutboundError as error:
        if error.code == "busy":
            raise Busy(error.detail, BUSY_S) from error
        raise Unavailable(error.detail, RETRY_AFTER_S) from error


def found(answer: Answer) -> dict[str, Any]:
    """What a provider answered to a question. Raises CannotTell where it does not let us ask, Unavailable."""
    if answer.status == 200:
        return json_object(answer)
    detail = f"{answer.status}: {answer.body[:DETAIL_CHARS].decode(errors='replace')}"
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable(detail, retry_after_s(answer.retry_after))
    raise CannotTell(detail)


def json_object(answer: Answer) -> dict[str, Any]:
    """Raises Unavailable for what is none."""
    try:
        body = json.loads(answer.body)
    except ValueError as error:
        raise Unavailable("The answer is no JSON.", RETRY_AFTER_S) from error
    if not isinstance(body, dict):
        raise Unavailable("The answer is no object.", RETRY_AFTER_S)
    return body
