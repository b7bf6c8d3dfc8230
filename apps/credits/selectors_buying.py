"""What can be bought, what was, and what is bought by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Subquery
from django.utils import timezone

from apps.billing.models import AutoTopUp, BillingCustomer, CreditPurchase
from apps.billing.services.top_ups import charged_in_month, month_of
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.money import Money
from apps.common.tenancy import require_tenant
from apps.credits.enums import WALLET_ID
from apps.credits.models import Account
from apps.credits.permissions import BUY_CREDITS, VIEW_CREDITS

SHOWN = 20


@dataclass(frozen=True, slots=True)
class TopUp:
    """setting: None: nothing was chosen yet. charged: in this month (UTC), with what is under way.

    paid_in: the currency of the workspace's payments; empty: nothing was paid yet.
    """

    setting: AutoTopUp | None
    alert_below_microcredits: int | None
    balance_microcredits: int
    low_at: datetime | None
    charged: Money | None
    paid_in: str

    @property
    def is_on(self) -> bool:
        return self.setting is not None and self.setting.is_on

    @property
    def is_capped(self) -> bool:
        return (
            self.setting is not None
            and self.setting.is_active
            and self.setting.capped_on == month_of(timezone.now())
        )


def auto_top_up_of(actor: Actor) -> TopUp:
    """Of the actor's workspace. Two statements, three with a setting. Raises PermissionDenied."""
    authorize(actor, BUY_CREDITS)
    tenant_id = require_tenant().id
    setting = AutoTopUp.objects.select_related("pack").filter(tenant_id=tenant_id).first()
    customer = BillingCustomer.objects.filter(tenant_id=tenant_id).values("currency")[:1]
    wallet = Account.objects.annotate(paid_in=Subquery(customer)).get(id=WALLET_ID)
    charged = None
    if setting is not None:
        spent = charged_in_month(tenant_id, setting.currency, month_of(timezone.now()))
        charged = Money(spent, setting.currency)
    return TopUp(
        setting,
        wallet.alert_below_microcredits,
        wallet.balance_microcredits,
        wallet.low_at,
        charged,
        (wallet.paid_in or "").upper(),
    )


def purchases_for(actor: Actor, *, only_automatic: bool = False) -> Sequence[CreditPurchase]:
    """The newest of the actor's workspace. One statement. Raises PermissionDenied."""
    authorize(actor, VIEW_CREDITS)
    rows = CreditPurchase.objects.select_related("price__pack")
    if only_automatic:
        rows = rows.filter(is_automatic=True)
    return list(rows.filter(tenant_id=require_tenant().id).order_by("-created_at", "-id")[:SHOWN])
