"""Sign-ins of people, in browsers and by API."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.accounts.devices import device_name
from apps.accounts.models import BrowserSession, Person, TokenSession
from apps.accounts.session_end import sign_in_end
from apps.console import rendering as r
from apps.console.acts import Act
from apps.console.pages import Cell, ConsolePage, Facts, Section, Table

SHOWN = 50
AnySession: TypeAlias = BrowserSession | TokenSession

SESSION_ACTS = (
    Act(
        name="revoke",
        label="Sign out",
        icon="logout",
        available=lambda session: session.is_live(timezone.now()),
        explain=lambda session: [
            f"{device_name(session.user_agent)} is signed out at once; the person can sign in again there."
            if session
            else "They are signed out at once.",
            "With a browser's sign-in on the public site go those of the workspaces that came from it.",
        ],
        run=lambda actor, session, _data: sign_in_end(actor=actor, session=session),
        done=lambda session: f"{device_name(session.user_agent)} is signed out.",
    ),
)


class LiveFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Live"), ("no", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        live = {"revoked_at": None, "expires_at__gt": timezone.now()}
        if self.value() == "yes":
            return queryset.filter(**live)
        return queryset.exclude(**live) if self.value() == "no" else queryset


class _SessionAdmin(ConsolePage):
    acts = SESSION_ACTS
    list_display = ("device", "person_email", "where", "ip", "began", "used", "state")
    list_display_links = ("device",)
    list_filter = (LiveFilter, "created_at")
    search_fields = ("person__email", "ip", "user_agent")
    search_help_text = "Person, address or device"
    list_select_related = ("person", "tenant")
    ordering = ("-created_at",)

    @display(description="Device")
    def device(self, session: AnySession) -> str:
        return device_name(session.user_agent)

    @display(description="Person", ordering="person__email")
    def person_email(self, session: AnySession) -> str:
        return session.person.email

    @display(description="Where")
    def where(self, session: AnySession) -> Cell:
        return place(session)

    @display(description="Began", ordering="created_at")
    def began(self, session: AnySession) -> SafeString:
        return r.when(session.created_at)

    @display(description="Last used", ordering="last_used_at")
    def used(self, session: AnySession) -> SafeString:
        return r.when(session.last_used_at)

    @display(description="State")
    def state(self, session: AnySession) -> SafeString:
        return session_badge(session)

    def title(self, obj: AnySession) -> str:
        return f"{device_name(obj.user_agent)} of {obj.person.email}"

    def badges(self, obj: AnySession) -> Sequence[SafeString]:
        return (session_badge(obj),)

    def sections(self, obj: AnySession) -> Sequence[Section]:
        return [Facts("Facts", self.facts(obj))]

    def facts(self, obj: AnySession) -> list[tuple[str, Cell]]:
        return [
            ("Person", r.link_to(obj.person)),
            ("Workspace", r.link_to(obj.tenant) if obj.tenant else r.NONE),
            ("Says of itself", obj.user_agent or r.NONE),
            ("IP address", obj.ip or r.NONE),
            ("Began", r.exact(obj.created_at)),
            ("Last used", r.exact(obj.last_used_at)),
            ("Good until", r.exact(obj.expires_at)),
            ("Ended", r.exact(obj.revoked_at)),
            ("Id", r.code(obj.pk)),
        ]


class BrowserSessionAdmin(_SessionAdmin):
    empty_text = "Who signs in with a browser appears here, once for each host."

    def facts(self, obj: Any) -> list[tuple[str, Cell]]:
        came_from = r.link_to(obj.parent, "the public site's") if obj.parent else r.NONE
        return [*super().facts(obj), ("Host", obj.host or "Public site"), ("Came from", came_from)]


class TokenSessionAdmin(_SessionAdmin):
    empty_text = "Apps and scripts that sign in with a person's password appear here."


def session_tables(person: Person) -> list[Table]:
    """The latest sign-ins of a person. Two statements."""
    return [
        _table("Sign-ins in browsers", person.browser_sessions, "Has not signed in by browser."),
        _table("Sign-ins by API", person.token_sessions, "No app or device has signed in by API."),
    ]


def _table(title: str, sessions: Any, empty: str) -> Table:
    return Table(
        title,
        ("Device", "Where", "Address", "Began", "Last used", "State"),
        [
            (
                r.link_to(session, device_name(session.user_agent)),
                place(session),
                session.ip or r.NONE,
                r.when(session.created_at),
                r.when(session.last_used_at),
                session_badge(session),
            )
            for session in sessions.select_related("tenant").order_by("-id")[:SHOWN]
        ],
        empty=empty,
    )


def place(session: AnySession) -> Cell:
    if session.tenant is not None:
        return r.link_to(session.tenant)
    return "Public site" if isinstance(session, BrowserSession) else "All workspaces"


def session_badge(session: AnySession) -> SafeString:
    if session.is_live(timezone.now()):
        return r.badge("Live", "good")
    return r.badge(session.get_revoked_reason_display() or "Expired", "quiet")
