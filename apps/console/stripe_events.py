"""The inbox of Stripe's events: what came, what became of it, and having it once more."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.billing.enums import StripeEventState
from apps.billing.inbox.operating import (
    inbox_figures,
    stripe_event_discard,
    stripe_event_replay,
    stripe_events_replay,
)
from apps.billing.models import BillingCustomer, StripeEvent
from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm, staff_actor
from apps.console.events import tenant_link
from apps.console.pages import Cell, ConsolePage, Facts, Section, Text

TONES = {"pending": "info", "done": "good", "dead": "bad", "discarded": "quiet"}
REPLAY_EXPLAINED = (
    "Stripe is asked what the object is now, and every handler of the event is told, "
    "within seconds."
)

STRIPE_EVENT_ACTS = (
    Act(
        name="replay",
        label="Replay",
        icon="replay",
        available=lambda event: event.state != StripeEventState.PENDING,
        explain=lambda _event: [REPLAY_EXPLAINED, "What had an effect has it again."],
        run=lambda actor, event, _data: stripe_event_replay(actor=actor, event_id=event.pk),
        done=lambda event: f"{event.stripe_id} waits for its first attempt.",
        bulk=True,
    ),
    Act(
        name="discard",
        label="Discard",
        icon="delete",
        available=lambda event: event.state in (StripeEventState.PENDING, StripeEventState.DEAD),
        explain=lambda _event: [
            "The event has no effect. The row stays, with your name and reason, until it is pruned.",
            "A later event about the same object brings what this one told of as well.",
        ],
        run=lambda actor, event, data: stripe_event_discard(
            actor=actor, event_id=event.pk, reason=data["reason"]
        ),
        done=lambda event: f"{event.stripe_id} is discarded.",
        form=ReasonForm,
        dangerous=True,
        bulk=True,
    ),
)


class StripeEventAdmin(ConsolePage):
    acts = STRIPE_EVENT_ACTS
    empty_text = "Events that Stripe delivers to /hooks/stripe/ are kept here."
    list_before_template = "console/_inbox.html"
    list_display = ("type", "tenant", "badge", "attempts", "received", "error")
    list_display_links = ("type",)
    list_filter = ("state", "received_at", "object_type", "api_version")
    search_fields = ("stripe_id", "type", "customer_id", "object_id", "last_error")
    search_help_text = "Stripe's id, type, customer, object or error"
    ordering = ("-received_at",)
    show_full_result_count = False

    def extra_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "billing_stripeevent_replay_failed"
        return [path("replay-failed/", wrap(self.replay_failed_view), name=name)]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        figures = inbox_figures(staff_actor(request))
        found: TemplateResponse = super().changelist_view(
            request, {**(extra_context or {}), "inbox": figures}
        )
        return found

    def replay_failed_view(self, request: HttpRequest) -> HttpResponse:
        """All that failed, among those that the list shows: its filters are in the address."""
        shown = self.get_changelist_instance(request).get_queryset(request)
        failed = shown.filter(state=StripeEventState.DEAD)
        back = self.list_url()
        if request.method == "POST":
            count = stripe_events_replay(actor=staff_actor(request), events=failed)
            messages.success(request, f"{count} Stripe event{'' if count == 1 else 's'} replayed.")
            return redirect(back)
        return self.page(
            request,
            "console/act.html",
            title="Replay all that failed",
            heading=f"Replay all that failed: {failed.count()}",
            act={"label": "Replay", "dangerous": False},
            explain=[REPLAY_EXPLAINED, "Only those that the list shows, with its filters."],
            form=None,
            back=back,
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StripeEvent]:
        found: QuerySet[StripeEvent] = super().get_queryset(request)
        customer = BillingCustomer.objects.filter(stripe_id=OuterRef("customer_id"))
        return found.annotate(
            tenant_id=Subquery(customer.values("tenant_id")),
            tenant_slug=Subquery(customer.values("tenant__slug")),
        )

    @display(description="Tenant", ordering="customer_id")
    def tenant(self, event: Any) -> Cell:
        """... or the customer, where it is no tenant of ours."""
        if event.tenant_id is None:
            return r.code(event.customer_id) if event.customer_id else r.NONE
        return tenant_link(event.tenant_id, event.tenant_slug)

    @display(description="State", ordering="state")
    def badge(self, event: StripeEvent) -> SafeString:
        return stripe_event_badge(event)

    @display(description="Received", ordering="received_at")
    def received(self, event: StripeEvent) -> SafeString:
        return r.when(event.received_at)

    @display(description="Last error")
    def error(self, event: StripeEvent) -> str:
        return event.last_error.strip().rpartition("\n")[2][:80] or "–"

    def title(self, obj: StripeEvent) -> str:
        return obj.type

    def subtitle(self, obj: StripeEvent) -> Cell:
        return r.code(obj.stripe_id)

    def badges(self, obj: StripeEvent) -> Sequence[SafeString]:
        mode = r.badge("Live", "warn") if obj.is_live else r.badge("Test", "quiet")
        return (stripe_event_badge(obj), mode)

    def sections(self, obj: Any) -> Sequence[Section]:
        is_pending = obj.state == StripeEventState.PENDING
        rows: list[tuple[str, Cell]] = [
            ("Tenant", tenant_link(obj.tenant_id, obj.tenant_slug)),
            ("Customer", r.code(obj.customer_id) if obj.customer_id else r.NONE),
            ("Object", r.code(obj.object_id) if obj.object_id else r.NONE),
            ("Happened", r.exact(obj.occurred_at)),
            ("Received", r.exact(obj.received_at)),
            ("Processed", r.exact(obj.processed_at)),
            ("Attempts", obj.attempts),
            ("Next attempt", r.when(obj.next_attempt_at) if is_pending else r.NONE),
            ("API version", obj.api_version or r.NONE),
            ("Id", r.code(obj.pk)),
        ]
        if obj.note:
            rows.insert(0, ("Note", obj.note))
        sections: list[Section] = [Facts("Facts", rows)]
        if obj.last_error:
            sections.append(Text("Last error", obj.last_error))
        return [*sections, Text("Payload", r.pretty(obj.body))]


def stripe_event_badge(event: StripeEvent) -> SafeString:
    return r.badge(event.get_state_display(), TONES[event.state])
