"""A person's sign-ins, in browsers and by API, as one list."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import (
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    UUIDField,
    Value,
    When,
)
from django.utils import timezone

from apps.accounts import sessions
from apps.accounts.models import BrowserSession, TokenSession
from apps.common.actors import Actor
from apps.common.errors import NotFound

# SUPPORT: by platform staff who act for the person.
BROWSER, API, SUPPORT = "browser", "api", "support"
FIELDS = ("user_agent", "ip", "created_at", "last_used_at", "expires_at")


@dataclass(frozen=True, slots=True)
class Current:
    """What a request was made with: a browser's session, or an API sign-in, or neither."""

    browser_hash: str = ""
    token_session_id: uuid.UUID | None = None

    @classmethod
    def browser(cls, session: SessionBase) -> "Current":
        return cls(browser_hash=sessions.key_hash(session.session_key or ""))


class SignIns:
    """Rows of both kinds, as far as a paginator needs a queryset. One statement for each slice.

    A row is a mapping: id, kind, came_from, at_host, tenant_slug, tenant_name, FIELDS, is_current.
    Evaluate it inside system_connection(), for the names of the tenants.
    """

    def __init__(self, parts: tuple[QuerySet[Any, Any], ...], ordering: tuple[str, ...] = ("id",)):
        self._parts = parts
        self._ordering = ordering

    def order_by(self, *ordering: str) -> "SignIns":
        return SignIns(self._parts, ordering)

    def filter(self, *args: Any, **kwargs: Any) -> "SignIns":
        return SignIns(tuple(p.filter(*args, **kwargs) for p in self._parts), self._ordering)

    def __getitem__(self, chosen: slice) -> list[dict[str, Any]]:
        first, *others = self._parts
        return list(first.union(*others, all=True).order_by(*self._ordering)[chosen])


def sign_ins_of(person_id: uuid.UUID, current: Current) -> SignIns:
    """What a person is signed in with now, oldest first."""
    live = Q(person_id=person_id, revoked_at=None, expires_at__gt=timezone.now())
    browsers = BrowserSession.objects.filter(live).values(
        "id",
        *FIELDS,
        kind=Case(When(impersonator=None, then=Value(BROWSER)), default=Value(SUPPORT)),
        came_from=F("parent_id"),
        at_host=F("host"),
        tenant_slug=F("tenant__slug"),
        tenant_name=F("tenant__name"),
        is_current=_is(Q(key_hash=current.browser_hash)),
    )
    by_api = TokenSession.objects.filter(live).values(
        "id",
        *FIELDS,
        kind=Value(API),
        came_from=Value(None, output_field=UUIDField()),
        at_host=Value(""),
        tenant_slug=F("tenant__slug"),
        tenant_name=F("tenant__name"),
        is_current=_is(Q(id=current.token_session_id)),
    )
    return SignIns((browsers, by_api))


def _is(condition: Q) -> ExpressionWrapper:
    return ExpressionWrapper(condition, output_field=BooleanField())


def sign_in_for(actor: Actor, session_id: uuid.UUID) -> BrowserSession | TokenSession:
    """One of the actor's own sign-ins (staff: anybody's), ended or not. Raises NotFound."""
    found: BrowserSession | TokenSession | None = (
        BrowserSession.objects.filter(id=session_id).first()
        or TokenSession.objects.filter(id=session_id).first()
    )
    if found is None or not (actor.is_platform or found.person_id == actor.person_id):
        raise NotFound
    return found


def live_sign_ins(ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these sign-ins, of either kind and of anybody, that go on. One statement; none for none."""
    if not ids:
        return set()
    live = Q(id__in=ids, revoked_at=None, expires_at__gt=timezone.now())
    browsers = BrowserSession.objects.filter(live).values_list("id", flat=True)
    by_api = TokenSession.objects.filter(live).values_list("id", flat=True)
    return set(browsers.union(by_api, all=True))
