"""The one way out: whom the platform asks, for how long, how many at once, and how often again.

`Upstream.request` asks; `Upstream.session` and `lasting_session` are for libraries that ask by themselves.
What each protects from, and how a product declares its own: docs/resilience.md.
"""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from apps.common.breakers import Breaker, CircuitOpen
from apps.common.bulkheads import BulkheadFull, place
from apps.common.outbound.addresses import url_problem
from apps.common.outbound.fetching import MAX_BYTES, Answer, Away, OutboundError, fetch
from apps.common.outbound.traffic import Outcome, count
from apps.common.outbound.transport import Adapter, session_with, under_way

# RFC 9110, section 9.2.2: asking them twice does what asking once does.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Worth another try: too many, or what stands in front of it found nobody.
REPEATED = frozenset({429, 502, 503, 504})
# Full jitter: anywhere between nothing and a bound that doubles
# (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
BACKOFF_S, MAX_BACKOFF_S = 0.2, 5.0


class _Failed(Exception):
    """For the breaker: it answered that it cannot."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"status {answer.status}")


@dataclass(frozen=True, slots=True)
class Upstream:
    """One whom the platform asks. Declared once, where it is asked.

    name: as counted and shown, `email.sendgrid`. total_s: for a request with all its repetitions; connect_s,
    read_s: of it, until a connection is there, and between two bytes; None: all.
    at_once: requests under way in a process; wait_s: for so long one waits for its place, then it is refused.
    retries: of a request that may be asked twice (its method, or an idempotency key).
    breaker: around each attempt, which fails with no answer, 5xx and 429. None: the caller has one around,
    which knows better what an answer means. is_trusted: an operator named the address, so it may be internal;
    needs_tls: and yet not without TLS.
    """

    name: str
    total_s: float = 5.0
    connect_s: float = 3.0
    read_s: float | None = None
    at_once: int = 16
    wait_s: float = 0.0
    retries: int = 0
    breaker: Breaker | None = None
    is_trusted: bool = False
    needs_tls: bool = True

    def request(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | bytes | None = None,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str = "",
        max_bytes: int = MAX_BYTES,
        internal_hosts: frozenset[str] = frozenset(),
        max_redirects: int = 0,
    ) -> Answer:
        """Ask, and read the whole answer. Never inside a transaction.

        data: of a form, or the body itself. idempotency_key: sent in the header Idempotency-Key; with it any
        method is repeated. internal_hosts: as of `url_problem`. max_redirects: so many are followed, each to
        an address that is looked at like the first; of a GET or HEAD only.
        Raises OutboundError: url_refused, address_refused, too_large, busy, circuit_open; Away: unreachable,
        timeout.
        """
        sent = dict(headers or {})
        if idempotency_key:
            sent["Idempotency-Key"] = idempotency_key
        asked = _Asked(method, url, data, auth, sent, max_bytes, internal_hosts)
        if self.is_trusted and not self.needs_tls:
            asked = replace(asked, internal_hosts=internal_hosts | {_netloc(url)})
        deadline_s = time.monotonic() + self.total_s
        may_repeat = method in IDEMPOTENT or bool(idempotency_key)
        answer = self._answered(asked, deadline_s, may_repeat=may_repeat)
        for _redirect in range(max_redirects):
            further = asked.after(answer)
            if further is None:
                break
            asked = further
            answer = self._answered(asked, deadline_s, may_repeat=True)
        return answer

    @contextmanager
    def session(self) -> Iterator[requests.Session]:
        """For a library: what it asks in the block has total_s seconds altogether, and is counted.

        What is not done then fails as when the connection breaks; one too many is a requests.ConnectionError.
        """
        with (
            under_way(is_internal=self.is_trusted, total_s=self.total_s, connect_s=self.connect_s),
            session_with(_CountedAdapter(self)) as session,
        ):
            yield session

    def lasting_session(self) -> requests.Session:
        """For a library that keeps it, and its connections: each request in it has total_s seconds."""
        return session_with(_CountedAdapter(self, is_lasting=True))

    @contextmanager
    def counted(self, attempt: int = 0) -> Iterator["Noted"]:
        """A place in the bulkhead for the block, and what comes of it in the counts.

        For clients with a transport of their own; they note the answer's status. Raises OutboundError: busy.
        """
        noted, began_s = Noted(), time.monotonic()
        in_use, outcome = self.at_once, Outcome.FAILED
        try:
            with place(self.name, self.at_once, self.wait_s) as in_use:
                yield noted
            outcome = Outcome.FAILED if noted.status >= 500 else Outcome.ANSWERED
        except BulkheadFull as error:
            outcome = Outcome.REFUSED
            raise OutboundError("busy", "Too many are asking it just now.") from error
        except OutboundError as error:
            outcome = Outcome.TIMEOUT if error.code == "timeout" else Outcome.FAILED
            raise
        except requests.Timeout:
            outcome = Outcome.TIMEOUT
            raise
        finally:
            took_s = time.monotonic() - began_s
            count(
                self.name,
                outcome,
                took_s=took_s,
                in_use=in_use,
                places=self.at_once,
                status=noted.status,
                attempt=attempt,
            )

    def _answered(self, asked: "_Asked", deadline_s: float, *, may_repeat: bool) -> Answer:
        """The first answer that is worth something, or the last failure."""
        attempt = 0
        while True:
            is_last = not may_repeat or attempt >= self.retries
            pause_s = random.uniform(0, min(MAX_BACKOFF_S, BACKOFF_S * 2**attempt))  # noqa: S311
            try:
                answer = self._attempt(asked, deadline_s, attempt)
            except Away:
                if is_last or time.monotonic() + pause_s >= deadline_s:
                    raise
            else:
                pause_s = max(pause_s, retry_after_s(answer.retry_after, 0.0))
                if (
                    is_last
                    or answer.status not in REPEATED
                    or time.monotonic() + pause_s >= deadline_s
                ):
                    return answer
            time.sleep(pause_s)
            attempt += 1

    def _attempt(self, asked: "_Asked", deadline_s: float, attempt: int) -> Answer:
        if self.breaker is None:
            return self._once(asked, deadline_s, attempt)
        try:
            with self.breaker.attempt(failures=(Away, _Failed)):
                return _working(self._once(asked, deadline_s, attempt))
        except _Failed as error:
            return error.answer
        except CircuitOpen as error:
            count(
                self.name, Outcome.REFUSED, took_s=0, in_use=0, places=self.at_once, attempt=attempt
            )
            raise OutboundError(
                "circuit_open", "It failed too often of late.", error.retry_after_s
            ) from error

    def _once(self, asked: "_Asked", deadline_s: float, attempt: int) -> Answer:
        with self.counted(attempt) as noted:
            answer = fetch(
                asked.method,
                asked.url,
                data=asked.data,
                auth=asked.auth,
                headers=asked.headers,
                timeout_s=max(deadline_s - time.monotonic(), 0.01),
                connect_s=self.connect_s,
                read_s=self.read_s,
                max_bytes=asked.max_bytes,
                internal_hosts=asked.internal_hosts,
                is_trusted=self.is_trusted,
            )
            noted.status = answer.status
        return answer


@dataclass
class Noted:
    """status: of the answer, once there is one."""

    status: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request, as it is sent each time."""

    method: str
    url: str
    data: Mapping[str, str] | bytes | None
    auth: tuple[str, str] | None
    headers: Mapping[str, str]
    max_bytes: int
    internal_hosts: frozenset[str]

    def after(self, answer: Answer) -> "_Asked | None":
        """The request that a redirect leads to; None where it is none, or not to be followed.

        What proves who asks stays with the host that it was meant for.
        """
        is_read = self.method in ("GET", "HEAD")
        if not (is_read and answer.status in REDIRECTS and answer.location):
            return None
        url = urljoin(self.url, answer.location)
        if _origin(url) == _origin(self.url):
            return replace(self, url=url)
        kept = {k: v for k, v in self.headers.items() if k.lower() not in _SECRETS}
        return replace(self, url=url, auth=None, headers=kept)


_SECRETS = frozenset({"authorization", "cookie", "proxy-authorization", "idempotency-key"})


class _CountedAdapter(Adapter):
    """is_lasting: each request has its own time; else the block that it is in has."""

    def __init__(self, upstream: Upstream, *, is_lasting: bool = False) -> None:
        self._upstream, self._is_lasting = upstream, is_lasting
        super().__init__(pool_maxsize=upstream.at_once)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        problem = "" if self._upstream.is_trusted else url_problem(request.url)
        if problem:
            raise requests.exceptions.InvalidURL(problem, request=request)
        try:
            with self._upstream.counted() as noted:
                response = self._sent(request, *args, **kwargs)
                noted.status = response.status_code
        except OutboundError as error:
            raise requests.ConnectionError(str(error), request=request) from error
        return response

    def _sent(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if not self._is_lasting:
            return super().send(request, *args, **kwargs)
        upstream = self._upstream
        kwargs["timeout"] = (upstream.connect_s, upstream.read_s or upstream.total_s)
        with under_way(
            is_internal=upstream.is_trusted,
            total_s=upstream.total_s,
            connect_s=upstream.connect_s,
        ):
            response = super().send(request, *args, **kwargs)
            # Read while the time runs.
            _ = response.content
        return response


def _working(answer: Answer) -> Answer:
    """Raises _Failed for one that says that it cannot answer."""
    if answer.status >= 500 or answer.status == 429:
        raise _Failed(answer)
    return answer


def retry_after_s(text: str, default_s: float, at_most_s: float = 3600.0) -> float:
    """Of a header Retry-After, seconds or a date (RFC 9110, section 10.2.3)."""
    if text.isascii() and text.isdecimal():
        return min(float(text), at_most_s)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return default_s
    return min(max(at.timestamp() - time.time(), 0.0), at_most_s)


def _netloc(url: str) -> str:
    """As `internal_hosts` has it; of what is no address, nothing that would be in there."""
    try:
        parts = urlsplit(url)
        netloc = f"{parts.hostname}:{parts.port}"
    except ValueError:
        return ""
    return netloc


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
