"""What templates need beyond components: times, initials, widgets, links that keep the filters."""

import datetime as dt
from typing import Any

from django import template
from django.forms import BoundField
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.common.access import allows
from apps.organizations.permissions import MANAGE_PROVISIONING
from apps.tenants.permissions import EXPORT_DATA, VIEW_SETTINGS

register = template.Library()

# (label, name of the address, permission)
SETTINGS = (
    ("General", "settings", VIEW_SETTINGS),
    ("Addresses", "addresses", VIEW_SETTINGS),
    ("Sign-in", "sign_in_policy", VIEW_SETTINGS),
    ("E-mail domains", "email_domains", VIEW_SETTINGS),
    ("Provisioning", "provisioning", MANAGE_PROVISIONING),
    ("Export", "exports", EXPORT_DATA),
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


@register.inclusion_tag("portal/_settings_tabs.html", takes_context=True)
def settings_tabs(context: dict[str, Any]) -> dict[str, Any]:
    """The parts of the settings that the person may see; the page's own is marked."""
    request = context["request"]
    tabs = [
        {"label": label, "url": reverse(name), "is_current": request.path == reverse(name)}
        for label, name, permission in SETTINGS
        if allows(request.actor, permission)
    ]
    return {"tabs": tabs}
