"""What a tenant's people are told, and what became of it; what was not sent is tried again."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.notifying import notification_type
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.acts import Act
from apps.console.pages import Cell, Facts, Search, Section, Table
from apps.console.tenant_acts_access import NamedForm, act_link
from apps.console.tenant_acts_keys import has_schema
from apps.notifications.enums import DeliveryState
from apps.notifications.models import Delivery
from apps.notifications.selectors_log import LogFilter, deliveries_for
from apps.notifications.selectors_work import unfinished, waiting_now
from apps.notifications.services import delivery_retry
from apps.tenants.models import Tenant

S = DeliveryState
SHOWN = 100
ACTOR = Actor.system("console")
TONES = {
    S.PENDING: "info",
    S.SENDING: "info",
    S.MERGED: "info",
    S.SENT: "good",
    S.DELIVERED: "good",
    S.BOUNCED: "bad",
    S.FAILED: "bad",
    S.SKIPPED: "quiet",
}
NAME = "retry_delivery"


def notifications_sections(tenant: Tenant, q: str) -> list[Section]:
    """Five statements, in the tenant."""
    with tenant_context(tenant):
        left, waiting = len(unfinished()), waiting_now()
        states = dict(Delivery.objects.order_by("state").values_list("state").annotate(Count("id")))
        found = deliveries_for(ACTOR, LogFilter()).order_by("-id")
        if q:
            found = found.filter(
                Q(member__email__icontains=q)
                | Q(notification__kind__icontains=q)
                | Q(state=q)
                | Q(reason=q)
            )
        rows = list(found[:SHOWN])
    due = ", ".join(f"{count} by {channel}" for channel, count in waiting.items())
    facts: list[tuple[str, Cell]] = [
        ("Not handed out for a minute", left),
        ("Due now", due or "Nothing"),
        *((str(S(state).label), count) for state, count in states.items()),
    ]
    return [
        Facts("Of the last half year", facts),
        Search("Find", "Address of a member, type, state or reason", q),
        Table(
            f"What was sent and what was not, the newest {SHOWN}",
            ("Type", "To", "By", "State", "Why", "When", "Error", "Act"),
            [_row(tenant, one) for one in rows],
            empty="Nothing fits." if q else "Nobody was told anything yet.",
        ),
    ]


def _row(tenant: Tenant, one: Delivery) -> Sequence[Cell]:
    kind = notification_type(one.notification.kind)
    carrier, state = one.carrier, S(one.shown_state)
    act: SafeString = act_link(tenant, NAME, one.id, "Try again") if one.can_retry else r.NONE
    return (
        str(kind.label) if kind else one.notification.kind,
        one.member.email if one.member else "Webhook",
        one.get_channel_display(),
        r.badge(str(state.label), TONES[state]),
        one.get_reason_display(),
        r.when(carrier.arrived_at or carrier.sent_at or carrier.due_at),
        carrier.error or r.NONE,
        act,
    )


class DeliveryForm(NamedForm):
    def label(self) -> str | Promise:
        return _("Id of the delivery")

    def rows(self) -> QuerySet[Any]:
        return deliveries_for(ACTOR, LogFilter())

    def describe(self, found: Any) -> str:
        return f"{found.notification.kind} to {found.member or 'the webhook'} by {found.channel}"


def _retry(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    with tenant_context(tenant):
        delivery_retry(actor=actor, delivery_id=data["named"], note=data["reason"])


NOTIFICATION_ACTS = (
    Act(
        name=NAME,
        label="Send a notification again",
        icon="forward_to_inbox",
        available=has_schema,
        explain=lambda _tenant: [
            "It is sent once more, by itself, to the address that the member has now.",
            "Only what failed, came back, or found no address: not what somebody turned off.",
        ],
        run=_retry,
        done=lambda _tenant: "It is sent again in a moment.",
        form=DeliveryForm,
        inside="notifications",
    ),
)
