"""The mails about credits, to who looks after them."""

import uuid
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from apps.accounts.mailer import render_mail
from apps.billing.mails import address_of, contacts_of
from apps.billing.models import AutoTopUp
from apps.billing.services.top_ups import month_of
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.credits.amounts import credits_format
from apps.credits.enums import WALLET_ID, Notice
from apps.credits.forecast import Forecast
from apps.credits.models import Account
from apps.credits.permissions import BUY_CREDITS
from apps.credits.selectors_forecast import forecast_now
from apps.organizations.holders import members_permitted
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id


@system_connection()
def contacts_of_credits(tenant_id: uuid.UUID) -> list[uuid.UUID | None]:
    """Ids of the members who may buy credits or manage billing; None for the customer's own address."""
    contacts = contacts_of(tenant_id)
    tenant = _tenant(tenant_id)
    if tenant is None:
        return []
    with tenant_context(tenant):
        buyers = [member.id for member in members_permitted(BUY_CREDITS)]
    return list(dict.fromkeys([*contacts, *buyers]))


@system_connection()
def notice_mail(
    notice: Notice, *, tenant_id: uuid.UUID, member_id: uuid.UUID | None
) -> EmailMultiAlternatives | None:
    """None where it is not true any more, or whom it was for is gone. member_id: of contacts_of_credits."""
    tenant = _tenant(tenant_id)
    if tenant is None:
        return None
    setting = AutoTopUp.objects.select_related("pack").filter(tenant_id=tenant_id).first()
    with tenant_context(tenant):
        wallet = Account.objects.get(id=WALLET_ID)
        _balance, forecast = forecast_now()
    if not _is_so(notice, wallet, setting):
        return None
    to = address_of(tenant, member_id)
    if not to:
        return None
    context = _context(notice, tenant, wallet, setting, forecast)
    return render_mail(prefix=f"emails/credits/{notice}", to=to, context=context)


def _is_so(notice: Notice, wallet: Account, setting: AutoTopUp | None) -> bool:
    """What is bought by itself needs nobody."""
    match notice:
        case Notice.TOP_UP_PAUSED:
            return setting is not None and setting.is_on and setting.paused_at is not None
        case Notice.TOP_UP_CAPPED:
            this_month = month_of(timezone.now())
            return setting is not None and setting.is_active and setting.capped_on == this_month
    if setting is not None and setting.is_active:
        return False
    return (wallet.low_at if notice is Notice.BALANCE_LOW else wallet.short_told_at) is not None


def _context(
    notice: Notice, tenant: Tenant, wallet: Account, setting: AutoTopUp | None, forecast: Forecast
) -> dict[str, Any]:
    buy_url, top_up_url = tenant.url("/credits/buy/"), tenant.url("/credits/auto-top-up/")
    is_of_top_up = notice in (Notice.TOP_UP_PAUSED, Notice.TOP_UP_CAPPED)
    return {
        "tenant": tenant,
        "balance": credits_format(wallet.balance_microcredits),
        "below": credits_format(wallet.alert_below_microcredits or 0),
        "a_day": credits_format(forecast.daily_microcredits),
        "lasts_until": forecast.ends_on,
        "setting": setting,
        "buy_url": buy_url,
        "top_up_url": top_up_url,
        "url": top_up_url if is_of_top_up else buy_url,
    }


def _tenant(tenant_id: uuid.UUID) -> Tenant | None:
    tenant = tenant_by_id(tenant_id)
    return tenant if tenant is not None and tenant.purge_started_at is None else None
