"""What tenants pay for: their subscriptions at Stripe, and what staff do with them."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.billing.enums import Standing
from apps.billing.models import BillingCustomer, Price, Subscription
from apps.billing.selectors import add_ons_paid_for
from apps.billing.services import subscription_cancel_by_staff, subscription_refresh
from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm
from apps.console.pages import Cell, ConsolePage, Facts, Section
from apps.console.tenant_invoices import invoices_table

TONES = {
    Standing.INCOMPLETE: "info",
    Standing.TRIAL: "info",
    Standing.ACTIVE: "good",
    Standing.GRACE: "warn",
    Standing.RESTRICTED: "bad",
    Standing.SUSPENDED: "bad",
    Standing.PAUSED: "quiet",
    Standing.ENDED: "quiet",
}

SUBSCRIPTION_ACTS = (
    Act(
        name="refresh",
        label="Take over from Stripe now",
        icon="sync",
        available=lambda _row: True,
        explain=lambda _row: [
            "Stripe is asked what the subscription is now, and what follows from it takes effect.",
            "For when the two differ, as after a lost event. Where they agree, nothing changes.",
        ],
        run=lambda actor, row, data: subscription_refresh(
            actor=actor, tenant_id=row.tenant_id, reason=data["reason"]
        ),
        done=lambda row: f"The subscription of {row.tenant.slug} is as Stripe has it.",
        form=ReasonForm,
    ),
    Act(
        name="cancel_at_end",
        label="Cancel at the period’s end",
        icon="event_busy",
        available=lambda row: row.is_live and row.ends_at is None,
        explain=lambda row: [
            f"The plan is kept until {r.exact(row.period_ends_at) if row else 'then'}.",
            "Its people can take it back until then.",
        ],
        run=lambda actor, row, data: subscription_cancel_by_staff(
            actor=actor, tenant_id=row.tenant_id, is_at_once=False, reason=data["reason"]
        ),
        done=lambda row: f"The subscription of {row.tenant.slug} ends with its period.",
        form=ReasonForm,
        dangerous=True,
    ),
    Act(
        name="cancel_now",
        label="Cancel now",
        icon="cancel",
        available=lambda row: row.is_live,
        explain=lambda _row: [
            "The subscription ends at Stripe at once, and with it the plan. It cannot be taken back.",
            "Nothing is paid back by this: refund the invoice, too, if it should be.",
        ],
        run=lambda actor, row, data: subscription_cancel_by_staff(
            actor=actor, tenant_id=row.tenant_id, is_at_once=True, reason=data["reason"]
        ),
        done=lambda row: f"The subscription of {row.tenant.slug} has ended.",
        form=ReasonForm,
        dangerous=True,
    ),
)


class SubscriptionAdmin(ConsolePage):
    acts = SUBSCRIPTION_ACTS
    empty_text = "Subscriptions appear here once a tenant has bought a plan."
    list_display = ("tenant", "plan", "pays", "badge", "period_end", "unpaid")
    list_display_links = ("tenant",)
    list_filter = ("standing", "price__plan_version__plan", "price__interval")
    search_fields = (
        "tenant__slug",
        "tenant__name",
        "stripe_id",
        "tenant__billing_customer__stripe_id",
    )
    search_help_text = "Address or name of the tenant, or Stripe’s id of subscription or customer"
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        found: QuerySet[Subscription] = super().get_queryset(request)
        return found.select_related(
            "tenant__billing_customer",
            "price__plan_version__plan",
            "next_price__plan_version__plan",
        )

    @display(description="Plan", ordering="price__plan_version__plan__name")
    def plan(self, row: Subscription) -> Cell:
        return str(row.price.plan_version) if row.price else r.badge("Unknown price", "warn")

    @display(description="Pays")
    def pays(self, row: Subscription) -> Cell:
        return price_words(row)

    @display(description="Standing", ordering="standing")
    def badge(self, row: Subscription) -> SafeString:
        return standing_badge(row)

    @display(description="Period ends", ordering="period_ends_at")
    def period_end(self, row: Subscription) -> SafeString:
        return r.when(row.period_ends_at)

    @display(description="Unpaid since", ordering="unpaid_since")
    def unpaid(self, row: Subscription) -> SafeString:
        return r.when(row.unpaid_since)

    def title(self, obj: Subscription) -> str:
        return f"{obj.tenant.slug}: {obj.price.plan_version if obj.price else 'unknown price'}"

    def subtitle(self, obj: Subscription) -> Cell:
        return r.code(obj.stripe_id)

    def badges(self, obj: Subscription) -> Sequence[SafeString]:
        ends = obj.ends_at is not None and obj.standing != Standing.ENDED
        return (standing_badge(obj), *((r.badge("Cancelled", "warn"),) if ends else ()))

    def sections(self, obj: Subscription) -> Sequence[Section]:
        return [Facts("Facts", _facts(obj)), invoices_table(obj.tenant)]


def _facts(row: Subscription) -> Sequence[tuple[str, Cell]]:
    customer: BillingCustomer | None = getattr(row.tenant, "billing_customer", None)
    version = row.price.plan_version if row.price else None
    facts: list[tuple[str, Cell]] = [
        ("Tenant", r.link_to(row.tenant, row.tenant.slug)),
        ("Plan", r.link_to(version.plan, str(version)) if version else r.NONE),
        ("Pays", price_words(row)),
        ("State at Stripe", row.get_status_display()),
        ("Period", f"{r.exact(row.period_starts_at)} to {r.exact(row.period_ends_at)}"),
    ]
    for label, moment in (
        ("Trial ends", row.trial_ends_at),
        ("Ends", row.ends_at),
        ("Goes on", row.resumes_at),
        ("Unpaid since", row.unpaid_since),
        ("Next restriction", row.standing_changes_at),
    ):
        if moment is not None:
            facts.append((label, r.exact(moment)))
    if add_ons := add_ons_paid_for(row.tenant_id):
        words = ", ".join(f"{one.paid_quantity} × {one.add_on}" for one in add_ons)
        facts.append(("Add-ons paid for", words))
    if row.standing == Standing.PAUSED:
        facts.append(("Paused by", "Its own people" if row.is_own_pause else "Stripe, or staff"))
    if row.next_price is not None:
        words = f"{row.next_price.plan_version}, {row.next_price}, {r.exact(row.next_price_at)}"
        facts.append(("Changes to", words))
    if row.has_closed:
        facts.append(("Workspace", "Suspended for this"))
    if customer is not None and customer.stripe_id:
        inbox = reverse("admin:billing_stripeevent_changelist")
        query = urlencode({"q": customer.stripe_id})
        facts += [
            ("Customer", r.code(customer.stripe_id)),
            ("Events of Stripe", r.link(f"{inbox}?{query}", "Events about this customer")),
        ]
    return [
        *facts,
        ("Subscription", r.code(row.stripe_id)),
        ("Known since", r.when(row.created_at)),
    ]


def price_words(row: Subscription) -> Cell:
    """`€19.00 × 3 a month`, in the reader's language."""
    price: Price | None = row.price
    if price is None:
        return r.NONE
    times = f" × {row.quantity:,}" if row.quantity != 1 else ""
    return f"{price.money}{times} a {price.interval}"


def standing_badge(row: Subscription) -> SafeString:
    return r.badge(row.get_standing_display(), TONES[Standing(row.standing)])
