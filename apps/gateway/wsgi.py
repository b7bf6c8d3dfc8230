"""In front of Django: what it answered once is answered again without it, where nothing has changed since.

For lists that are asked for by a person's access token. All checks are Django's own: an answer is learned
from a request that passed them, together with the stamps in Redis from before (`passes`). The same request
is answered here while the stamps are the same; the page itself is read from the database each time, in the
tenant's context, unless the list lets it be kept (`Kept`). Whatever is unusual goes to Django.
"""

import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.http.request import split_domain_port

from apps.common.api.limits import headers_of, refusal
from apps.common.api.renderers import to_json
from apps.common.gate import COUNTED, KEY, Notes
from apps.common.middleware import log_answer, request_id_of
from apps.common.origin import origin_bound, origin_of
from apps.common.outages import REDIS_OUTAGES
from apps.common.problems import CONTENT_TYPE, problem_body
from apps.common.rate_limits import Admission
from apps.gateway.passes import (
    MAX_AGE_S,
    MAX_KEPT,
    MAX_KEPT_BYTES,
    MAX_PASSES,
    MAX_REFUSALS,
    Asked,
    Found,
    KeptPage,
    Pass,
    Recent,
    Refusal,
    Stamps,
    Whom,
    charge_of,
    context_of,
)

log = structlog.get_logger(__name__)

PREFIX = "/api/v1/"
MAX_QUERY_LENGTH = 500
# With one of these a request is answered by what else they ask for.
UNUSUAL = (
    "HTTP_COOKIE",
    "HTTP_ORIGIN",
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_RANGE",
    "HTTP_TRANSFER_ENCODING",
)
TOO_MANY = 429
REFUSED = (401, 403, 404, TOO_MANY)
# Not of one who is told to wait.
OF_OTHER_ANSWERS = ("Content-Type", "Retry-After", "WWW-Authenticate")
OWN_HEADERS = re.compile(r"X-Request-ID|Content-Length|Date|RateLimit.*", re.IGNORECASE)
StartResponse = Callable[..., Any]
Headers = list[tuple[str, str]]


class Gateway:
    """A WSGI application around Django's."""

    def __init__(self, django: Callable[..., Iterable[bytes]]) -> None:
        self.django = django
        self.passes: Recent[Asked, Pass] = Recent(MAX_PASSES)
        self.pages: Recent[Asked, KeptPage] = Recent(MAX_KEPT)
        # By host, X-Tenant and Authorization.
        self.callers: Recent[tuple[str, str, str], Whom] = Recent(MAX_PASSES)
        # Apart, as anybody can have as much refused as they like.
        self.refusals: Recent[Asked, Pass] = Recent(MAX_REFUSALS)
        self.refused: Recent[Asked, Whom] = Recent(MAX_REFUSALS)

    def __call__(self, meta: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        asked = asked_of(meta) if settings.GATEWAY else None
        if asked is None:
            return self.django(meta, start_response)
        known = self.passes.get(asked) or self.refusals.get(asked)
        answer = self._answer(asked, known, meta) if known else None
        if answer is None:
            return self._learn(asked, meta, start_response)
        status, headers, body = answer
        start_response(status, headers)
        return (body,)

    def _answer(
        self, asked: Asked, known: Pass, meta: dict[str, Any]
    ) -> tuple[str, Headers, bytes] | None:
        """None where Django has to be asked."""
        began_s = time.perf_counter()
        try:
            charge = charge_of(known, meta)
        except (DatabaseError, *REDIS_OUTAGES):
            return None
        found = known.stamps.read(charge)
        if found is None:
            return None
        admission = found.admission
        is_told_to_wait = known.refusal is not None and known.refusal.code == TOO_MANY
        if admission and (known.refusal is None or is_told_to_wait):
            meta[COUNTED] = admission
        if (
            not found.is_host_settled
            or found.caller != known.caller
            or time.time() >= known.good_until_s
        ):
            self.passes.drop(asked)
            self.refusals.drop(asked)
            return None
        if is_told_to_wait and (admission is None or admission.is_admitted):
            return None
        request_id = request_id_of(meta)
        headers = [*known.headers, ("X-Request-ID", request_id)]
        code, status = 200, "200 OK"
        body: bytes | None = None
        if charge and admission:
            headers += headers_of(charge, admission)
            if not admission.is_admitted:
                code, status, body = (
                    TOO_MANY,
                    "429 Too Many Requests",
                    _refused(admission, request_id),
                )
                headers = [one for one in headers if one[0] not in OF_OTHER_ANSWERS]
                headers += [
                    ("Content-Type", CONTENT_TYPE),
                    ("Retry-After", str(admission.retry_after_s)),
                ]
        if body is None and known.refusal:
            code, status = known.refusal.code, known.refusal.status
            body = self._refuse(known, known.refusal, meta, request_id)
        elif body is None:
            body = self._page(asked, known, found)
        if body is None:
            return None
        headers.append(("Content-Length", str(len(body))))
        log_answer(
            meta,
            asked.path,
            code,
            time.perf_counter() - began_s,
            request_id=request_id,
            tenant_id=known.tenant_id,
            person_id=known.person_id,
        )
        return status, headers, body

    def _refuse(
        self, known: Pass, refusal: Refusal, meta: dict[str, Any], request_id: str
    ) -> bytes | None:
        """None if it cannot be recorded."""
        if known.notes.recorded is not None:
            wrapper = connections[DEFAULT_DB_ALIAS]
            try:
                known.context.copy().run(_record, known.notes.recorded, meta, request_id)
            except DatabaseError:
                log.warning("gateway.refusal_failed", exc_info=True)
                return None
            finally:
                wrapper.close_if_unusable_or_obsolete()
        return b"%b%b%b" % (refusal.before, request_id.encode(), refusal.after)

    def _page(self, asked: Asked, known: Pass, found: Found) -> bytes | None:
        """The kept one, or read anew in one statement. None if that fails."""
        notes = known.notes
        may_keep = known.keeps_pages and not found.is_written_to
        if may_keep:
            kept = self.pages.get(asked)
            if kept and kept.stamp == found.page and time.time() < kept.good_until_s:
                return kept.body
        wrapper = connections[DEFAULT_DB_ALIAS]
        try:
            body, turns_at = known.context.copy().run(_read, notes, may_keep)
        except DatabaseError:
            # Django, asked the same, has the words for it.
            log.warning("gateway.page_failed", exc_info=True)
            return None
        finally:
            wrapper.close_if_unusable_or_obsolete()
        if may_keep and len(body) <= MAX_KEPT_BYTES:
            until_s = turns_at.timestamp() if turns_at else known.good_until_s
            self.pages.put(asked, KeptPage(body, found.page, min(until_s, known.good_until_s)))
        return body

    def _learn(
        self, asked: Asked, meta: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Django's answer. It is learned from at the second time, when it is known what it depends on."""
        caller = (asked.host, asked.tenant, asked.authorization)
        whom = self.refused.get(asked) or self.callers.get(caller)
        before = Stamps(whom).of_caller() if whom else None
        notes = Notes()
        meta[KEY] = notes
        sent: list[Any] = []

        def start(status: str, headers: Headers, *rest: Any) -> Any:
            sent[:] = status, headers
            return start_response(status, headers, *rest)

        body = self.django(meta, start)
        status, headers = sent
        refused = refusal_of(status, headers, body) if notes.is_refused else None
        if not refused and not (
            status == "200 OK" and notes.page and notes.tenant and notes.person_id
        ):
            return body
        tenant_id = notes.tenant.id if notes.tenant else None
        found = Whom(asked.tenant_host, tenant_id, notes.person_id)
        if refused and found != whom:
            self.refused.put(asked, found)
        elif found != whom:
            self.refused.drop(asked)
            self.callers.put(caller, found)
        elif before and "set-cookie" not in {name.lower() for name, _value in headers}:
            kept_by = notes.kept_by if settings.API_RESPONSE_CACHE else None
            known = Pass(
                stamps=Stamps(found, kept_by),
                keeps_pages=kept_by is not None,
                caller=before,
                good_until_s=notes.good_until_s or time.time() + MAX_AGE_S,
                headers=[one for one in headers if not OWN_HEADERS.fullmatch(one[0])],
                context=context_of(notes.tenant),
                tenant_id=str(tenant_id) if tenant_id else None,
                person_id=str(notes.person_id) if notes.person_id else None,
                notes=notes,
                refusal=refused,
            )
            (self.refusals if refused else self.passes).put(asked, known)
        return body


def asked_of(meta: dict[str, Any]) -> Asked | None:
    """None for what is not answered here in any case."""
    authorization = meta.get("HTTP_AUTHORIZATION", "")
    host = meta.get("HTTP_HOST", "")
    path, query = meta.get("PATH_INFO", ""), meta.get("QUERY_STRING", "")
    if (
        meta["REQUEST_METHOD"] != "GET"
        or not path.startswith(PREFIX)
        or (authorization and not authorization.startswith("Bearer ey"))
        or len(query) > MAX_QUERY_LENGTH
        or meta.get("CONTENT_LENGTH") not in (None, "", "0")
        or any(name in meta for name in UNUSUAL)
    ):
        return None
    tenant = meta.get("HTTP_X_TENANT", "")
    if tenant and split_domain_port(host)[0] not in settings.PUBLIC_HOSTS:
        return None  # two tenants at once
    return Asked(
        host=host,
        scheme=meta["wsgi.url_scheme"] + meta.get("HTTP_X_FORWARDED_PROTO", ""),
        path=path,
        query=query,
        tenant=tenant,
        authorization=authorization,
        accept=meta.get("HTTP_ACCEPT", "") + meta.get("CONTENT_TYPE", ""),
    )


def _read(notes: Notes, may_keep: bool) -> tuple[bytes, datetime | None]:
    """The page, and when it becomes another by itself."""
    turns_at = notes.turns_at() if may_keep and notes.turns_at else None
    assert notes.page is not None  # noqa: S101 - nothing is learned without
    return notes.page(), turns_at


def _record(recorded: Callable[[], object], meta: dict[str, Any], request_id: str) -> None:
    with (
        origin_bound(origin_of(meta)),
        structlog.contextvars.bound_contextvars(request_id=request_id),
    ):
        recorded()


def refusal_of(status: str, headers: Headers, body: Any) -> Refusal | None:
    """Of an answer of Django's that says no; None where it does not have the request's id once."""
    request_id = dict(headers).get("X-Request-ID", "")
    around = body.content.split(request_id.encode()) if request_id else []
    code = int(status[:3])
    return Refusal(code, status, *around) if code in REFUSED and len(around) == 2 else None


def _refused(admission: Admission, request_id: str) -> bytes:
    error = refusal(admission)
    return to_json(
        problem_body(
            request_id,
            status=error.status,
            code=error.code,
            title=str(error.title),
            detail=str(error.detail),
        )
    )
