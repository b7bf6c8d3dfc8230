"""What can be bought, what was, and what is bought by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery, Sum
from django.utils import timezone

from apps.billing.models import AutoTopUp, BillingCustomer, CreditPurchase
from apps.billing.services.top_ups import automatic_of_month, month_of
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
    """Of the actor's workspace. One statement; two without a setting. Raises PermissionDenied."""
    authorize(actor, BUY_CREDITS)
    tenant_id = require_tenant().id
    wallet = Account.objects.filter(id=WALLET_ID)
    read: dict[str, Any] = {
        "balance": Subquery(wallet.values("balance_microcredits")),
        "below": Subquery(wallet.values("alert_below_microcredits")),
        "wallet_low_at": Subquery(wallet.values("low_at")),
        "paid_in": Subquery(
            BillingCustomer.objects.filter(tenant_id=tenant_id).values("currency")[:1]
        ),
    }
    month = month_of(timezone.now())
    charged = automatic_of_month(tenant_id, month).filter(currency=OuterRef("currency"))
    rows = AutoTopUp.objects.select_related("pack").filter(tenant_id=tenant_id)
    spent = charged.order_by().values("tenant_id").annotate(sum=Sum("amount_minor")).values("sum")
    setting = rows.annotate(spent=Subquery(spent), **read).first()
    found: Any = vars(setting) if setting else wallet.values(**read)[0]
    return TopUp(
        setting,
        found["below"],
        found["balance"],
        found["wallet_low_at"],
        Money(found["spent"] or 0, setting.currency) if setting else None,
        (found["paid_in"] or "").upper(),
    )


def purchases_for(actor: Actor, *, only_automatic: bool = False) -> Sequence[CreditPurchase]:
    """The newest of the actor's workspace. One statement. Raises PermissionDenied."""
    authorize(actor, VIEW_CREDITS)
    rows = CreditPurchase.objects.select_related("price__pack")
    if only_automatic:
        rows = rows.filter(is_automatic=True)
    return list(rows.filter(tenant_id=require_tenant().id).order_by("-created_at", "-id")[:SHOWN])
