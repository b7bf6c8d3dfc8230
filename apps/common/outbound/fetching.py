"""One request, and its whole answer or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from apps.common.outbound.addresses import url_problem
from apps.common.outbound.transport import Adapter, Call, session_with, under_way

MAX_BYTES = 512 * 1024
CHUNK = 16 * 1024


class OutboundError(Exception):
    """The request was not made, or had no usable answer. code: stable, for programs. detail: for people.

    retry_after_s: when it may be asked again, if that is known.
    """

    def __init__(self, code: str, detail: str, retry_after_s: float = 0.0) -> None:
        self.code, self.detail, self.retry_after_s = code, detail, retry_after_s
        super().__init__(f"{code}: {detail}")


class Away(OutboundError):
    """It cannot be reached, or did not answer in time: what a breaker counts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """retry_after, location: the headers of that name, as they came."""

    status: int
    content_type: str
    body: bytes
    retry_after: str = ""
    location: str = ""


def fetch(
    method: str,
    url: str,
    *,
    data: Mapping[str, str] | bytes | None = None,
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 5.0,
    connect_s: float | None = None,
    read_s: float | None = None,
    max_bytes: int = MAX_BYTES,
    internal_hosts: frozenset[str] = frozenset(),
    is_trusted: bool = False,
) -> Answer:
    """Ask once: at most timeout_s seconds in all. For `Upstream.request`, which everybody else uses.

    A redirect is an answer with its status, not followed. No cookies or .netrc are used.
    Raises OutboundError: url_refused, address_refused, too_large; Away: unreachable, timeout.
    """
    problem = url_problem(url, internal_hosts, is_trusted=is_trusted)
    if problem:
        raise OutboundError("url_refused", problem)
    parts = urlsplit(url)
    is_internal = is_trusted or f"{parts.hostname}:{parts.port}" in internal_hosts
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
    limit_s = min(connect_s or timeout_s, timeout_s)
    with (
        under_way(is_internal=is_internal, total_s=timeout_s, connect_s=limit_s) as call,
        session_with(Adapter()) as session,
    ):
        try:
            with session.request(
                method,
                url,
                data=data if data is None or isinstance(data, bytes) else dict(data),
                auth=auth,
                headers=sent,
                timeout=(limit_s, min(read_s or timeout_s, timeout_s)),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _read(response, max_bytes, call)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            if call.refused:
                raise OutboundError("address_refused", call.refused) from error
            if isinstance(error, requests.Timeout) or call.is_over:
                raise Away("timeout", "It did not answer in time.") from error
            raise Away("unreachable", "It cannot be reached.") from error


def _read(response: requests.Response, max_bytes: int, call: Call) -> Answer:
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise OutboundError("too_large", f"The answer is larger than {max_bytes} bytes.")
    if call.is_over:
        # Cut off: without a length, that looks like the end.
        raise Away("timeout", "It did not answer in time.")
    return Answer(
        response.status_code,
        response.headers.get("Content-Type", ""),
        bytes(body),
        response.headers.get("Retry-After", ""),
        response.headers.get("Location", ""),
    )
