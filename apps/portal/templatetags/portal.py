"""What templates need beyond components: times, initials, widgets, links that keep the filters."""

import datetime as dt
from functools import lru_cache
from typing import Any

from babel.numbers import format_decimal
from django import template
from django.forms import BoundField
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

from apps.accounts.enums import Language
from apps.common.access import allows
from apps.common.money import locale_of
from apps.credits.amounts import MICROCREDITS, credits_format
from apps.credits.permissions import BUY_CREDITS, VIEW_CREDITS
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.organizations.permissions import MANAGE_PROVISIONING
from apps.portal.http import may
from apps.tenants.permissions import EXPORT_DATA, VIEW_SETTINGS

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, size: str, css: str) -> str:
    """A Lucide icon. The library parses the drawing anew each time, and a page has a dozen of them."""
    return lucide(
        name, size=int(size), **{"class": css, "aria_hidden": "true", "focusable": "false"}
    )


# (label, name of the address, permission)
SETTINGS = (
    ("General", "settings", VIEW_SETTINGS),
    ("Addresses", "addresses", VIEW_SETTINGS),
    ("Origins", "origins", VIEW_SETTINGS),
    ("Sign-in", "sign_in_policy", VIEW_SETTINGS),
    ("E-mail domains", "email_domains", VIEW_SETTINGS),
    ("Notifications", "notification-defaults", MANAGE_NOTIFICATIONS),
    ("Provisioning", "provisioning", MANAGE_PROVISIONING),
    ("API usage", "api-usage", VIEW_SETTINGS),
    ("Export", "exports", EXPORT_DATA),
)
# As SETTINGS; shown where the address is there.
CREDITS = (
    ("Overview", "credits", VIEW_CREDITS),
    ("Usage", "credits-usage", VIEW_CREDITS),
    ("Grants", "credits-grants", VIEW_CREDITS),
    ("Statement", "credits-statement", VIEW_CREDITS),
    ("Budgets", "credits-budgets", VIEW_CREDITS),
    ("Spending caps", "credits-spending-caps", VIEW_CREDITS),
    ("Buy", "credits-buy", BUY_CREDITS),
    ("Auto top-up", "credits-auto-top-up", BUY_CREDITS),
    ("Rates", "credits-rates", VIEW_CREDITS),
)

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S


@register.filter
def ago(moment: dt.datetime | None) -> str:
    """How long ago, or how soon, in the fewest words; the exact time belongs in a title beside it."""
    if moment is None:
        return ""
    now = timezone.now()
    seconds = (now - moment).total_seconds()
    if seconds < 0:
        return _soon(-seconds)
    if seconds < 7 * DAY_S:
        return _lately(seconds)
    local = timezone.localtime(moment)
    same_year = local.year == timezone.localtime(now).year
    return format_date(local, "j M" if same_year else "j M Y")


def _lately(seconds: float) -> str:
    if seconds < MINUTE_S:
        return "just now"
    if seconds < HOUR_S:
        return f"{int(seconds // MINUTE_S)} min ago"
    if seconds < DAY_S:
        return f"{int(seconds // HOUR_S)} h ago"
    days = int(seconds // DAY_S)
    return "yesterday" if days == 1 else f"{days} days ago"


def _soon(seconds: float) -> str:
    if seconds < HOUR_S:
        return f"in {max(1, round(seconds / MINUTE_S))} min"
    if round(seconds / HOUR_S) < 24:
        return f"in {round(seconds / HOUR_S)} h"
    days = round(seconds / DAY_S)
    return "in 1 day" if days == 1 else f"in {days} days"


@register.filter(name="credits")
def credits_filter(amount: int) -> str:
    """Microcredits as credits, exactly: 1,234.5."""
    return credits_format(amount)


@register.filter
def credits_signed(amount: int) -> str:
    """As `credits`, with a plus above 0."""
    return credits_format(amount, signed=True)


@register.filter
def credits_short(amount: int) -> str:
    """For what is only about right: whole credits, or three digits of less than ten."""
    digits = 6 if amount >= 10 * MICROCREDITS else max(0, len(str(abs(amount))) - 3)
    return credits_format(round(amount, -digits))


@register.filter
def number(value: int) -> str:
    """As people of the reader's language write whole numbers: 1,234."""
    return str(format_decimal(value, locale=locale_of()))


@register.filter
def initials(name: str | None) -> str:
    """One or two letters for an avatar: `Ada Lovelace` is AL, `bob@acme.test` is B."""
    words = (name or "").partition("@")[0].replace(".", " ").replace("-", " ").split()
    if not words:
        return "?"
    return words[0][0] + (words[-1][0] if len(words) > 1 else "")


@register.simple_tag
def widget(field: BoundField, **attrs: Any) -> SafeString:
    """The field's control, without a placeholder that only repeats the label."""
    placeholder = field.field.widget.attrs.get("placeholder")
    if placeholder is not None and str(placeholder) == str(field.label):
        field.field.widget.attrs.pop("placeholder")
    return field.as_widget(attrs=attrs)


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: Any) -> str:
    """This page's query string with some values changed (None or empty: dropped)."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def narrow(context: template.Context, name: str, value: str) -> str:
    """This page's query string, narrowed to one more value; grouped and sorted as at first."""
    query = context["request"].GET.copy()
    for other in ("by", "sort"):
        query.pop(other, None)
    query[name] = value
    return f"?{query.urlencode()}"


@register.filter
def language_name(code: str) -> str:
    """Of a Language."""
    return str(Language(code).label)


@register.inclusion_tag("portal/_settings_tabs.html", takes_context=True)
def settings_tabs(context: dict[str, Any]) -> dict[str, Any]:
    """The parts of the settings that the person may see; the page's own is marked."""
    request = context["request"]
    tabs = []
    for label, name, permission in SETTINGS:
        url = reverse(name)
        if allows(request.actor, permission):
            is_below = name != "settings" and request.path.startswith(url)
            tabs.append({"label": label, "url": url, "is_current": request.path == url or is_below})
    return {"tabs": tabs}


@register.inclusion_tag("portal/credits/_tabs.html", takes_context=True)
def credits_tabs(context: dict[str, Any]) -> dict[str, Any]:
    """The pages about credits that the person may see; the page's own is marked."""
    request = context["request"]
    tabs = []
    for label, name, permission in CREDITS:
        url = reverse(name)
        if may(request.actor, permission):
            is_current = request.path == url if name == "credits" else request.path.startswith(url)
            tabs.append({"label": label, "url": url, "is_current": is_current})
    return {"tabs": tabs}
