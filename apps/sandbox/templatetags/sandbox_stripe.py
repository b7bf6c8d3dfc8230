"""Money and times of the stand-in for Stripe, as its pages show them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, get_currency_precision
from django import template

register = template.Library()


@register.filter
def money(amount: int | None, currency: str | None) -> str:
    """amount: in the currency's smallest units."""
    if amount is None or not currency:
        return ""
    code = currency.upper()
    value = Decimal(amount).scaleb(-get_currency_precision(code))
    return str(format_currency(value, code, locale="en"))


@register.filter
def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@register.filter
def per(recurring: dict[str, Any] | None) -> str:
    """`per month`, `every 3 months`, or nothing for what is paid once."""
    if not recurring:
        return ""
    count, interval = recurring["interval_count"], recurring["interval"]
    return f"per {interval}" if count == 1 else f"every {count} {interval}s"
