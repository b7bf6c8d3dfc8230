from collections.abc import Mapping
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from apps.billing.permissions import MANAGE_BILLING, VIEW_BILLING
from apps.common.entitlements import entitlements
from apps.common.notifying import (
    Channel,
    NotificationType,
    Permitted,
    Urgency,
    register_notifications,
)


def _named(params: Mapping[str, Any]) -> dict[str, Any]:
    found = entitlements().get(params["code"])
    what = capfirst(str(found.label)) if found else params["code"]
    # `limit` is a word of Liquid.
    return {"what": what, "included": params["limit"]}


LIMIT = {"code": "organizations.seats", "what": "Seats", "used": 8, "included": 10}
OFFERED = (Channel.PUSH, Channel.WEBHOOK)

register_notifications(
    NotificationType(
        code="billing.limit_neared",
        label=_("A limit of the plan is near"),
        category="plan",
        event="billing.limit_neared",
        audience=Permitted(MANAGE_BILLING),
        title=_("{{ what }}: {{ used }} of {{ included }} are used"),
        body=_("{{ tenant }} uses most of what its plan includes. A larger plan has more."),
        action=_("Look at the plan"),
        url="/plan/",
        offered=OFFERED,
        tells_actor=True,
        adds=_named,
        example=LIMIT,
    ),
    NotificationType(
        code="billing.limit_exceeded",
        label=_("A limit of the plan is exceeded"),
        category="plan",
        event="billing.limit_exceeded",
        audience=Permitted(MANAGE_BILLING),
        title=_("{{ what }}: {{ used }} are used, {{ included }} are included"),
        body=_("{{ tenant }} uses more than its plan includes. Use less, or choose a larger plan."),
        action=_("Look at the plan"),
        url="/plan/",
        offered=OFFERED,
        tells_actor=True,
        adds=_named,
        example=LIMIT | {"used": 11},
    ),
    NotificationType(
        code="billing.invoice_paid",
        label=_("An invoice was paid"),
        category="plan",
        event="billing.invoice_paid",
        audience=Permitted(VIEW_BILLING),
        title=_("Invoice {{ number }} is paid"),
        action=_("Look at the invoices"),
        url="/plan/",
        # The receipt is a mail of its own.
        channels=(Channel.IN_APP,),
        offered=OFFERED,
        urgency=Urgency.LOW,
        tells_actor=True,
        example={"number": "ACME-0042"},
    ),
)
