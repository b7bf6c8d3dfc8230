"""When the wallet is low, or will not last: noted, and told once for each crossing."""

import uuid
from datetime import UTC, datetime, time

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound
from apps.credits.amounts import MAX_MICROCREDITS
from apps.credits.enums import WALLET_ID
from apps.credits.events import AlertChanged, BalanceLow, ForecastShort
from apps.credits.models import SPENDABLE, Account
from apps.credits.posting import lock_accounts
from apps.credits.selectors_forecast import forecast_now
from apps.events.services import publish

ACTOR = Actor.system("credits")
# Told of when the credits last for less; forgotten when they last for longer again.
SHORT_DAYS = 7
LONG_AGAIN_DAYS = 14


@transaction.atomic
def alert_set(
    *, actor: Actor, below_microcredits: int | None, account_id: uuid.UUID = WALLET_ID
) -> Account:
    """Below what an account is low; None: it never is. A part of services that have authorized it.

    Locks the account. Publishes credits.alert_changed, nothing if it is so already. Raises NotFound,
    InvalidInput.
    """
    if below_microcredits is not None and not 1 <= below_microcredits <= MAX_MICROCREDITS:
        raise InvalidInput.field(
            "alert_below_microcredits", _("Give a number from 1, or none."), "out_of_range"
        )
    account = lock_accounts([account_id]).get(account_id)
    if account is None or account.kind not in SPENDABLE:
        raise NotFound
    if account.alert_below_microcredits == below_microcredits:
        return account
    account.alert_below_microcredits = below_microcredits
    is_low = below_microcredits is not None and account.balance_microcredits < below_microcredits
    account.low_at = (account.low_at or timezone.now()) if is_low else None
    if below_microcredits is None:
        account.short_told_at = None
    account.save(
        update_fields=["alert_below_microcredits", "low_at", "short_told_at", "updated_at"]
    )
    publish(AlertChanged(account.id, account.organization_id, below_microcredits), actor=actor)
    return account


@transaction.atomic
def low_balance_note(*, actor: Actor, account_id: uuid.UUID = WALLET_ID) -> Account | None:
    """Tell that an account is low, once for each time that it becomes so; None: it is not.

    Locks the account. Publishes credits.balance_low_reached. Raises PermissionDenied.
    """
    require_platform(actor)
    account = lock_accounts([account_id]).get(account_id)
    if account is None or account.low_at is None or account.alert_below_microcredits is None:
        return None
    if account.low_told_at != account.low_at:
        account.low_told_at = account.low_at
        account.save(update_fields=["low_told_at", "updated_at"])
        publish(
            BalanceLow(
                account.id,
                account.organization_id,
                account.balance_microcredits,
                account.alert_below_microcredits,
                account.low_at,
            ),
            actor=actor,
        )
    return account


def low_balances_note() -> None:
    """Tell of the accounts of the entered tenant that are low and were not told of: after a spending."""
    untold = Account.objects.filter(low_at__isnull=False).exclude(low_told_at=F("low_at"))
    for account_id in untold.values_list("id", flat=True):
        low_balance_note(actor=ACTOR, account_id=account_id)


@transaction.atomic
def forecast_tell(*, actor: Actor) -> bool:
    """Tell that the credits do not last for SHORT_DAYS, once until they last for LONG_AGAIN_DAYS again.

    Only where somebody wants to be told of the wallet. Three statements, four where it is told. Locks the
    wallet. Publishes credits.balance_end_neared. Raises PermissionDenied.
    """
    require_platform(actor)
    wallet = lock_accounts([WALLET_ID])[WALLET_ID]
    if wallet.alert_below_microcredits is None:
        return False
    balance, forecast = forecast_now()
    days_left, ends_on = forecast.days_left, forecast.ends_on
    if days_left is None or ends_on is None or days_left >= LONG_AGAIN_DAYS:
        if wallet.short_told_at is not None:
            wallet.short_told_at = None
            wallet.save(update_fields=["short_told_at", "updated_at"])
        return False
    if wallet.short_told_at is not None or days_left >= SHORT_DAYS:
        return False
    wallet.short_told_at = timezone.now()
    wallet.save(update_fields=["short_told_at", "updated_at"])
    publish(
        ForecastShort(
            wallet.id,
            balance,
            forecast.daily_microcredits,
            datetime.combine(ends_on, time.min, UTC),
        ),
        actor=actor,
    )
    return True
