from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.common.notifying import (
    Channel,
    NotificationType,
    Permitted,
    Urgency,
    register_notifications,
)
from apps.credits.amounts import credits_format
from apps.credits.permissions import BUY_CREDITS, VIEW_CREDITS

INBOX = (Channel.IN_APP,)
OFFERED = (Channel.PUSH, Channel.WEBHOOK)
URGENT = (*OFFERED, Channel.SMS)


def _balance(params: Mapping[str, Any]) -> dict[str, str]:
    return {
        "balance": credits_format(params["balance_microcredits"]),
        "below": credits_format(params["below_microcredits"] or 0),
    }


# The mails about credits go to the customer's own address too: they are mails of the app.
register_notifications(
    NotificationType(
        code="credits.balance_low",
        label=_("Credits are low"),
        category="credits",
        event="credits.balance_low_reached",
        audience=Permitted(BUY_CREDITS),
        when=lambda params, _actor: params["organization_id"] is None,
        title=_("{{ balance }} credits are left"),
        body=_("That is less than the {{ below }} that you wanted to be told of."),
        action=_("Buy credits"),
        url="/credits/buy/",
        channels=INBOX,
        offered=URGENT,
        urgency=Urgency.URGENT,
        tells_actor=True,
        says=_balance,
        example={"balance_microcredits": 120_000_000, "below_microcredits": 500_000_000},
    ),
    NotificationType(
        code="credits.budget_low",
        label=_("A budget is low"),
        category="credits",
        event="credits.balance_low_reached",
        audience=Permitted(VIEW_CREDITS, organization="organization_id"),
        when=lambda params, _actor: params["organization_id"] is not None,
        title=_("A budget has {{ balance }} credits left"),
        action=_("Look at the budget"),
        url="/credits/budgets/{{ organization_id }}/",
        offered=OFFERED,
        tells_actor=True,
        says=_balance,
        example={
            "balance_microcredits": 120_000_000,
            "below_microcredits": 500_000_000,
            "organization_id": "0197c2a4-9b1d-7d4e-8a3f-2b1c0d9e8f7a",
        },
    ),
    NotificationType(
        code="credits.auto_top_up_paused",
        label=_("The auto top-up is paused"),
        category="credits",
        event="billing.auto_top_up_paused",
        audience=Permitted(BUY_CREDITS),
        title=_("The auto top-up is paused"),
        body=_("A payment failed: {{ reason }}"),
        action=_("Look at the auto top-up"),
        url="/credits/auto-top-up/",
        channels=INBOX,
        offered=URGENT,
        urgency=Urgency.URGENT,
        tells_actor=True,
        example={"reason": "Your card was declined."},
    ),
)
