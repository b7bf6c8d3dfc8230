"""The outbox and what the handlers made of it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm
from apps.console.pages import Cell, ConsolePage, Facts, Section, Table, Text
from apps.events import registry
from apps.events.enums import HandlingState
from apps.events.models import Handling, OutboxEvent
from apps.events.replaying import handling_discard, handling_replay
from apps.tenants.models import Tenant

HANDLING_ACTS = (
    Act(
        name="replay",
        label="Replay",
        icon="replay",
        available=lambda handling: handling.state == HandlingState.DEAD,
        explain=lambda _handling: [
            (
                "The handler gets the event again, from its first attempt. "
                "Later events of the same aggregate have been handled already."
            )
        ],
        run=lambda actor, handling, _data: handling_replay(actor=actor, handling_id=handling.pk),
        done=lambda handling: f"{handling.handler} gets the event again.",
        bulk=True,
    ),
    Act(
        name="discard",
        label="Discard",
        icon="delete",
        available=lambda handling: handling.state == HandlingState.DEAD,
        explain=lambda _handling: [
            "The event is never handled by this handler. The row stays, with your name and reason."
        ],
        run=lambda actor, handling, data: handling_discard(
            actor=actor, handling_id=handling.pk, reason=data["reason"]
        ),
        done=lambda handling: f"{handling.handler} will not get the event.",
        form=ReasonForm,
        dangerous=True,
        bulk=True,
    ),
)


class NameFilter(admin.SimpleListFilter):
    """By the declared names, which needs no pass over the table."""

    title = "name"
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in registry.events()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(name=self.value()) if self.value() else queryset


class HandlerFilter(admin.SimpleListFilter):
    title = "handler"
    parameter_name = "handler"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in registry.subscriptions()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(handler=self.value()) if self.value() else queryset


class ProgressFilter(admin.SimpleListFilter):
    """Where an event stands: not handed out, being handled, given up somewhere, or done with."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("waiting", "Not dispatched"),
            ("pending", "Being handled"),
            ("dead", "With dead letters"),
            ("settled", "Settled"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "waiting":
                return queryset.filter(dispatched_at=None)
            case "pending":
                return queryset.filter(has_pending=True)
            case "dead":
                return queryset.filter(has_dead=True)
            case "settled":
                return queryset.filter(
                    dispatched_at__isnull=False, has_pending=False, has_dead=False
                )
        return queryset


class OutboxEventAdmin(ConsolePage):
    empty_text = "Whatever happens on the platform is published here. Settled events stay 30 days."
    list_display = ("name", "tenant", "progress", "actor", "created", "dispatched")
    list_display_links = ("name",)
    list_filter = (ProgressFilter, "scope", "created_at", NameFilter)
    search_fields = ("name", "actor_label", "aggregate_id", "request_id", "tenant_slug")
    search_help_text = "Name, tenant, actor, aggregate or request"
    ordering = ("-created_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxEvent]:
        found: QuerySet[OutboxEvent] = super().get_queryset(request)
        handlings = Handling.objects.filter(event=OuterRef("pk"))
        return found.annotate(
            tenant_slug=tenant_slug("tenant_id"),
            has_pending=Exists(handlings.filter(state=HandlingState.PENDING)),
            has_dead=Exists(handlings.filter(state=HandlingState.DEAD)),
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "tenant_id" or bool(super().lookup_allowed(lookup, value, request))

    @display(description="Tenant", ordering="tenant_slug")
    def tenant(self, event: Any) -> Cell:
        return tenant_link(event.tenant_id, event.tenant_slug)

    @display(description="State")
    def progress(self, event: Any) -> SafeString:
        return event_badge(event)

    @display(description="Actor", ordering="actor_label")
    def actor(self, event: OutboxEvent) -> str:
        return event.actor_label

    @display(description="Published", ordering="created_at")
    def created(self, event: OutboxEvent) -> SafeString:
        return r.when(event.created_at)

    @display(description="Dispatched", ordering="dispatched_at")
    def dispatched(self, event: OutboxEvent) -> SafeString:
        return r.when(event.dispatched_at)

    def title(self, obj: OutboxEvent) -> str:
        return obj.name

    def subtitle(self, obj: OutboxEvent) -> SafeString:
        return r.when(obj.created_at)

    def badges(self, obj: Any) -> Sequence[SafeString]:
        return (event_badge(obj), r.badge(obj.scope.capitalize(), "quiet"))

    def sections(self, obj: Any) -> Sequence[Section]:
        same = reverse("admin:events_outboxevent_changelist") + f"?q={obj.aggregate_id}"
        return [
            Facts(
                "Facts",
                [
                    ("Tenant", tenant_link(obj.tenant_id, obj.tenant_slug)),
                    ("Actor", f"{obj.actor_label} ({obj.actor_kind})"),
                    ("Acted for them", obj.impersonator_label or r.NONE),
                    ("Aggregate", r.link(same, obj.aggregate_id)),
                    ("Version", obj.version),
                    ("Published", r.exact(obj.created_at)),
                    ("Dispatched", r.exact(obj.dispatched_at)),
                    ("Request", r.code(obj.request_id) if obj.request_id else r.NONE),
                    ("Trace", r.code(obj.traceparent) if obj.traceparent else r.NONE),
                    ("Partition", obj.partition),
                    ("Id", r.code(obj.pk)),
                ],
            ),
            Text("Payload", r.pretty(obj.payload)),
            self._handlings(obj),
        ]

    def _handlings(self, event: OutboxEvent) -> Table:
        return Table(
            "Handlings",
            ("Handler", "State", "Attempts", "Next attempt", "Done"),
            [
                (
                    r.link_to(handling, handling.handler),
                    handling_badge(handling),
                    handling.attempts,
                    next_attempt(handling),
                    r.when(handling.done_at),
                )
                for handling in event.handlings.order_by("handler")
            ],
            empty="No handler is subscribed to this event."
            if event.dispatched_at
            else "Not handed to its handlers yet.",
        )


class HandlingAdmin(ConsolePage):
    acts = HANDLING_ACTS
    empty_text = "What each handler owes each event. Dead letters can be replayed from here."
    list_display = ("handler", "event_name", "tenant", "badge", "attempts", "due", "error")
    list_display_links = ("handler",)
    list_filter = ("state", HandlerFilter)
    search_fields = ("handler", "event__name", "event__aggregate_id", "last_error")
    search_help_text = "Handler, event, aggregate or error"
    list_select_related = ("event",)
    ordering = ("-position", "handler")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Handling]:
        found: QuerySet[Handling] = super().get_queryset(request)
        return found.select_related("event").annotate(tenant_slug=tenant_slug("event__tenant_id"))

    @display(description="Event", ordering="event__name")
    def event_name(self, handling: Handling) -> SafeString:
        return r.link_to(handling.event, handling.event.name)

    @display(description="Tenant", ordering="tenant_slug")
    def tenant(self, handling: Any) -> Cell:
        return tenant_link(handling.event.tenant_id, handling.tenant_slug)

    @display(description="State", ordering="state")
    def badge(self, handling: Handling) -> SafeString:
        return handling_badge(handling)

    @display(description="Next attempt", ordering="next_attempt_at")
    def due(self, handling: Handling) -> SafeString:
        return next_attempt(handling)

    @display(description="Last error")
    def error(self, handling: Handling) -> str:
        return handling.last_error.strip().rpartition("\n")[2][:80] or "–"

    def title(self, obj: Handling) -> str:
        return obj.handler

    def subtitle(self, obj: Handling) -> SafeString:
        return r.link_to(obj.event, obj.event.name)

    def badges(self, obj: Handling) -> Sequence[SafeString]:
        return (handling_badge(obj),)

    def sections(self, obj: Any) -> Sequence[Section]:
        rows: list[tuple[str, Cell]] = [
            ("Event", r.link_to(obj.event, obj.event.name)),
            ("Tenant", tenant_link(obj.event.tenant_id, obj.tenant_slug)),
            ("Published", r.when(obj.event.created_at)),
            ("Attempts", obj.attempts),
            ("Next attempt", next_attempt(obj)),
            ("Done", r.when(obj.done_at)),
            ("Id", r.code(obj.pk)),
        ]
        if obj.note:
            rows.insert(0, ("Note", obj.note))
        sections: list[Section] = [Facts("Facts", rows)]
        if obj.last_error:
            sections.append(Text("Last error", obj.last_error))
        return [*sections, Text("Payload", r.pretty(obj.event.payload))]


def tenant_slug(reference: str) -> Subquery:
    """The tenant's address, where the tenant still exists: events outlive tenants."""
    return Subquery(Tenant.objects.filter(pk=OuterRef(reference)).values("slug"))


def tenant_link(tenant_id: Any, slug: str | None) -> Cell:
    if tenant_id is None:
        return r.NONE
    if slug is None:
        return r.code(tenant_id)
    return r.link(reverse("admin:tenants_tenant_change", args=[tenant_id]), slug)


def event_badge(event: Any) -> SafeString:
    if event.dispatched_at is None:
        return r.badge("Not dispatched", "warn")
    if event.has_dead:
        return r.badge("Dead letter", "bad")
    return r.badge("Being handled", "info") if event.has_pending else r.badge("Settled", "good")


def handling_badge(handling: Handling) -> SafeString:
    return r.badge(handling.get_state_display(), r.HANDLING_TONES[handling.state])


def next_attempt(handling: Handling) -> SafeString:
    """Only a pending handling has one; the column keeps the last."""
    pending = handling.state == HandlingState.PENDING
    return r.when(handling.next_attempt_at) if pending else r.NONE
