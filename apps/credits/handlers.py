from apps.billing.events import (
    AutoTopUpCapped,
    AutoTopUpChanged,
    AutoTopUpPaused,
    AutoTopUpResumed,
    CreditsBought,
    CreditsReturned,
    InvoicePaid,
    PlanAssigned,
    SubscriptionChanged,
)
from apps.common.actors import Actor
from apps.credits.enums import Notice
from apps.credits.events import BalanceLow, ForecastShort
from apps.credits.mails import contacts_of_credits
from apps.credits.services import budgets_close_gone
from apps.credits.services.allowances import allowance_give
from apps.credits.services.purchases import purchase_follow
from apps.credits.tasks import send_notice, sync_top_up
from apps.events.registry import EventContext, subscribe
from apps.organizations.events import OrganizationChanged

ACTOR = Actor.system("credits")
GONE = ("archived", "deleted")


@subscribe("billing.plan_assigned", name="credits.give_with_plan", tenant_context=False)
@subscribe("billing.subscription_changed", name="credits.give_with_standing", tenant_context=False)
@subscribe("billing.invoice_paid", name="credits.give_with_payment", tenant_context=False)
def give_allowance(
    event: PlanAssigned | SubscriptionChanged | InvoicePaid, _context: EventContext
) -> None:
    """At once what the sweep would find."""
    allowance_give(actor=ACTOR, tenant_id=event.tenant_id)


@subscribe("billing.credits_bought", name="credits.grant_purchase", tenant_context=False)
@subscribe("billing.credits_returned", name="credits.take_purchase_back", tenant_context=False)
def follow_purchase(event: CreditsBought | CreditsReturned, _context: EventContext) -> None:
    purchase_follow(actor=ACTOR, purchase_id=event.purchase_id)


@subscribe("billing.auto_top_up_changed", name="credits.top_up_changed", tenant_context=False)
@subscribe("billing.auto_top_up_resumed", name="credits.top_up_resumed", tenant_context=False)
def top_up_now(event: AutoTopUpChanged | AutoTopUpResumed, _context: EventContext) -> None:
    """The wallet may be low already."""
    sync_top_up.delay(tenant_id=str(event.tenant_id))


@subscribe("credits.balance_low_reached", name="credits.follow_low_balance", tenant_context=False)
def follow_low_balance(event: BalanceLow, context: EventContext) -> None:
    """Of the wallet. Budgets are told of by the event alone."""
    if event.organization_id is None and context.tenant_id is not None:
        sync_top_up.delay(tenant_id=str(context.tenant_id))
        _queue(Notice.BALANCE_LOW, context)


@subscribe("credits.balance_end_neared", name="credits.send_forecast_notices", tenant_context=False)
def queue_forecast_notices(_event: ForecastShort, context: EventContext) -> None:
    _queue(Notice.FORECAST_SHORT, context)


@subscribe("billing.auto_top_up_paused", name="credits.send_pause_notices", tenant_context=False)
def queue_pause_notices(_event: AutoTopUpPaused, context: EventContext) -> None:
    _queue(Notice.TOP_UP_PAUSED, context)


@subscribe("billing.auto_top_up_capped", name="credits.send_cap_notices", tenant_context=False)
def queue_cap_notices(_event: AutoTopUpCapped, context: EventContext) -> None:
    _queue(Notice.TOP_UP_CAPPED, context)


@subscribe("organizations.organization_changed", name="credits.close_budgets")
def close_budgets(event: OrganizationChanged, context: EventContext) -> None:
    """What an organization had that is archived or deleted goes back upwards."""
    if event.change in GONE:
        budgets_close_gone(actor=context.actor, organization_id=event.organization_id)


def _queue(notice: Notice, context: EventContext) -> None:
    """One task for each who is told, so that a mail that fails repeats no other."""
    if context.tenant_id is None:
        return
    for member_id in contacts_of_credits(context.tenant_id):
        send_notice.delay(
            notice=notice.value,
            tenant_id=str(context.tenant_id),
            member_id=str(member_id) if member_id else None,
            told_id=str(context.event_id),
        )
